import { BlockList, isIPv6 } from "node:net";

/** Which addresses other servers may have. */
export const addressUses = ["public", "private", "any"] as const;
export type AddressUse = (typeof addressUses)[number];

type Network = readonly [address: string, bits: number];

/** This machine, and what only it or its link reaches: no server of another domain is there (RFC 6890). */
const near: readonly Network[] = [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
  ["::", 96], // and IPv4 written as IPv6, which nobody uses any more (RFC 4291 §2.5.5.1)
  ["fe80::", 10],
  ["ff00::", 8],
];

/** Networks of institutions. */
const internal: readonly Network[] = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fec0::", 10],
];

/**
 * Whether this server may connect to an address that the DNS gave for another domain. Whoever has a domain chooses what
 * its records say: without this, anybody could make this server talk to machines that trust it.
 */
export function mayConnect(address: string, use: AddressUse): boolean {
  if (use === "any") return true;
  return !isIn(near, address) && (use === "private" || !isIn(internal, address));
}

/** IPv4 as IPv6 hosts reach it (RFC 6052 §2.1): a translator may lead anywhere that IPv4 does. */
const translated = "64:ff9b::";
const translatedBits = 96;

function isIn(networks: readonly Network[], address: string): boolean {
  const list = new BlockList(); // IPv4 mapped into IPv6 is found, too
  for (const [network, bits] of networks) {
    if (isIPv6(network)) list.addSubnet(network, bits, "ipv6");
    else {
      list.addSubnet(network, bits, "ipv4");
      list.addSubnet(`${translated}${network}`, translatedBits + bits, "ipv6");
    }
  }
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
