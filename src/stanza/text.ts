/** A sentence for people, in each language that the server speaks. */
export interface Text {
  readonly en: string;
  readonly fr: string;
}

export type Language = keyof Text;

/** The language of ours that fits an `xml:lang` value (RFC 5646) best; English where none does. */
export function languageOf(lang: string | undefined): Language {
  return lang !== undefined && /^fr(?:$|[-_])/i.test(lang) ? "fr" : "en";
}
