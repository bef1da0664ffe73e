import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";

/** An IPv4 address that comes in through an IPv6 socket, as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** Whether a text is an address or a network in CIDR notation: "127.0.0.1", "10.0.0.0/8", "fd00::/8". */
export function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const kind = isIP(address);
  if (kind === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 6 ? 128 : 32));
}

/** Who a request comes from, behind the proxies of the operator. */
export class Proxies {
  readonly #trusted = new BlockList();

  /** @param networks addresses and networks for which `isNetwork` holds */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = "", bits] = network.split("/");
      const kind = isIPv6(address) ? "ipv6" : "ipv4";
      if (bits === undefined) this.#trusted.addAddress(address, kind);
      else this.#trusted.addSubnet(address, Number(bits), kind);
    }
  }

  trusts(address: string): boolean {
    return isIP(address) !== 0 && this.#trusted.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }

  /**
   * The client of a request: the last address in X-Forwarded-For that no trusted proxy has, as far as they are to be
   * believed; else who holds the connection. Anybody can begin that header with anything.
   */
  client(socket: string, headers: IncomingHttpHeaders): string {
    const listed = headers["x-forwarded-for"];
    if (listed === undefined || !this.trusts(socket)) return socket;
    const chain = (Array.isArray(listed) ? listed.join(",") : listed).slice(-1000).split(",");
    let client = socket;
    for (const entry of chain.reverse()) {
      const address = plainAddress(bare(entry.trim()));
      if (isIP(address) === 0) return client;
      client = address;
      if (!this.trusts(address)) return client;
    }
    return client;
  }

  /** Whether the client's connection is encrypted, by the word of a trusted proxy. */
  encrypts(socket: string, headers: IncomingHttpHeaders): boolean {
    return headers["x-forwarded-proto"] === "https" && this.trusts(socket);
  }
}

/** Without the port that some proxies add: "192.0.2.1:4711", "[2001:db8::1]:4711". */
function bare(entry: string): string {
  const [, six] = /^\[([^\]]+)\](?::\d+)?$/.exec(entry) ?? [];
  const [, four] = /^([\d.]+):\d+$/.exec(entry) ?? [];
  return six ?? four ?? entry;
}
