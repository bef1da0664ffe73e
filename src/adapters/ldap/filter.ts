/**
 * A value in a search filter (RFC 4515 §3): what the filter's own grammar uses is written as `\` and two hexadecimal
 * digits, so that nothing a user types can be more than a value.
 */
export function escapeFilterValue(value: string): string {
  return value.replace(/[\0()*\\]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A value in a distinguished name (RFC 4514 §2.4). */
export function escapeDnValue(value: string): string {
  return value
    .replace(/["+,;<=>\\]/g, "\\$&")
    .replaceAll("\0", "\\00")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, "\\ ");
}

/** `(attribute=value)` */
export function equals(attribute: string, value: string): string {
  return `(${attribute}=${escapeFilterValue(value)})`;
}

/** All of the filters; those that are empty are left out. */
export function all(...filters: readonly string[]): string {
  return joined("&", filters);
}

/** Any of the filters. */
export function any(...filters: readonly string[]): string {
  return joined("|", filters);
}

function joined(sign: string, filters: readonly string[]): string {
  const written = filters.filter((filter) => filter !== "");
  return written.length === 1 ? written[0]! : written.length === 0 ? "" : `(${sign}${written.join("")})`;
}

/** Puts a login into the template of a filter or of a distinguished name, which has `{user}` where it belongs. */
export function fill(template: string, value: string): string {
  return template.replaceAll("{user}", () => value);
}
