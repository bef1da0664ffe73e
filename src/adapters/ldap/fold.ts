const letters: Readonly<Record<string, string>> = {
  æ: "ae",
  œ: "oe",
  ß: "ss",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  ħ: "h",
  þ: "th",
  ı: "i",
};

/** A text without regard to case, accents, apostrophes and kinds of hyphens and spaces, for comparisons. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[æœßøđðłħþı]/g, (letter) => letters[letter]!)
    .replace(/['’ʼ`]/g, "")
    .replace(/\p{Pd}/gu, "-")
    .replace(/\s+/g, " ")
    .trim();
}

/** The words of a folded text: what lies between spaces and hyphens. */
export function words(folded: string): string[] {
  return folded.split(/[\s-]+/).filter((word) => word !== "");
}
