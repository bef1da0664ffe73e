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
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
];

/** Networks of institutions. */
const internal: readonly Network[] = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["fc00::", 7],
];

/**
 * Whether this server may connect to an address that the DNS gave for another domain. Whoever has a domain chooses what
 * its records say: without this, anybody could make this server talk to machines that trust it.
 */
export function mayConnect(address: string, use: AddressUse): boolean {
  if (use === "any") return true;
  return !isIn(near, address) && (use === "private" || !isIn(internal, address));
}

function isIn(networks: readonly Network[], address: string): boolean {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, isIPv6(network) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
