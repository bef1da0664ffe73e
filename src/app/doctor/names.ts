import { BlockList, isIP, isIPv6 } from "node:net";

/** Whether a domain means this machine only: no DNS and no authority has anything to say of it. */
export function isLocalName(domain: string): boolean {
  return domain === "localhost" || domain.endsWith(".localhost") || isIP(domain.replace(/^\[|\]$/g, "")) !== 0;
}

const privateNetworks = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const;

/** Whether an address is one that the rest of the Internet cannot reach (RFC 6890). */
export function isPrivate(address: string): boolean {
  const list = new BlockList();
  for (const [network, bits] of privateNetworks) list.addSubnet(network, bits, isIPv6(network) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
