/**
 * What counts as one peer: an IPv4 address, also in its IPv6 form, or an IPv6 /64 network, of which one household or one
 * machine has all the addresses.
 */
export function addressGroup(address: string): string {
  const plain = (address.split("%")[0] ?? "").toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const width = right.at(-1)?.includes(".") === true ? right.length + 1 : right.length;
  const gap = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - width)).fill("0");
  const groups = [...left, ...gap, ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
