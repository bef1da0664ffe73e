import type { Entry } from "ldapts";

/** The attributes of an entry: names without regard to case (RFC 4512 §2.5), values in the server's order. */
export interface Attributes {
  readonly dn: string;
  /** The texts of an attribute; values that are no text are left out. */
  all(attribute: string): readonly string[];
  first(attribute: string): string | undefined;
  /** The first value as bytes. */
  bytes(attribute: string): Uint8Array | undefined;
  /** The names of all attributes, in lower case, with their options. */
  readonly names: readonly string[];
}

const none: readonly string[] = [];

/** What the library gives, made easy to ask. */
export function attributesOf(entry: Entry): Attributes {
  const values = new Map<string, readonly (string | Buffer)[]>();
  for (const [name, value] of Object.entries(entry)) {
    if (name !== "dn") values.set(name.toLowerCase(), Array.isArray(value) ? value : [value]);
  }
  const all = (attribute: string) => {
    const found = values.get(attribute.toLowerCase());
    return found === undefined ? none : found.filter((value) => typeof value === "string");
  };
  return {
    dn: entry.dn,
    all,
    first: (attribute) => all(attribute)[0],
    bytes: (attribute) => {
      const value = values.get(attribute.toLowerCase())?.[0];
      return typeof value === "string" ? Buffer.from(value) : value;
    },
    names: [...values.keys()],
  };
}
