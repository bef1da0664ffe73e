/** The syntax of IP addresses (RFC 3986 §3.2.2), without asking the operating system. */

const decimalOctet = /^(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;
const hexGroup = /^[0-9a-f]{1,4}$/i;

/** Whether the text is a dotted quad of decimal octets without leading zeros. */
export function isIPv4(text: string): boolean {
  if (text.length > 15) return false;
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => decimalOctet.test(octet));
}

/** Whether the text is an IPv6 address, without brackets or zone. A `::` stands for one group or more. */
export function isIPv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? "", true) : 0;
  if (head === undefined || tail === undefined) return false;
  return halves.length === 1 ? head === 8 : head + tail <= 7;
}

/** How many 16-bit groups the text holds, or `undefined` if it is malformed. The last may be an IPv4 address. */
function groups(text: string, isEnd: boolean): number | undefined {
  if (text === "") return 0;
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const quad = isEnd && last.includes(".");
  if (quad && !isIPv4(last)) return undefined;
  const hex = quad ? parts.slice(0, -1) : parts;
  if (!hex.every((part) => hexGroup.test(part))) return undefined;
  return hex.length + (quad ? 2 : 0);
}
