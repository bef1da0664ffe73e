/**
 * JID Escaping (XEP-0106): a reversible spelling, in a localpart, of the ten characters it may not hold or that the
 * escapes themselves need. For display and gateways only: JIDs are compared in their escaped form (§4.1).
 */

// A backslash needs an escape only where it would be read as the start of one (§4.2, step 3).
const escapable = /[ "&'/:<>@]|\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/g;
const escaped = /\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g;

/**
 * The localpart for an address of another system. The result may still be refused as a localpart for other reasons; a
 * space at either end has no escaped form (§4.1, rule 6) and stays, so that preparing the localpart refuses it.
 */
export function escapeLocal(text: string): string {
  return text.replace(escapable, (char, offset: number) =>
    char === " " && (offset === 0 || offset === text.length - 1)
      ? char
      : `\\${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * What a localpart stands for. Only the ten escapes are read, in lower case; any other backslash stays (§4.3), and so
 * does a `\20` at either end (§4.1, rule 6).
 */
export function unescapeLocal(text: string): string {
  return text.replace(escaped, (sequence, hex: string, offset: number) =>
    hex === "20" && (offset === 0 || offset === text.length - sequence.length)
      ? sequence
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
