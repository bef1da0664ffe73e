import { Resolver as NodeResolver } from "node:dns/promises";

export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Questions to the DNS. An answer without records, or "no such name", is an empty list. */
export interface Resolver {
  /** @throws DnsError */
  services(name: string): Promise<readonly ServiceRecord[]>;
  /** IPv4 and IPv6. @throws DnsError */
  addresses(name: string): Promise<readonly string[]>;
  /** What a name is an alias of. @throws DnsError */
  aliasOf(name: string): Promise<string | undefined>;
}

/** The DNS gives no answer. */
export class DnsError extends Error {
  override readonly name = "DnsError";
}

/** The DNS as this machine is set up to ask it. */
export function systemResolver(timeoutMs: number): Resolver {
  const dns = new NodeResolver({ timeout: timeoutMs / 2, tries: 2 });
  return {
    services: (name) => answered(dns.resolveSrv(name)),
    async addresses(name) {
      const [four, six] = await Promise.all([answered(dns.resolve4(name)), answered(dns.resolve6(name))]);
      return [...four, ...six];
    },
    aliasOf: async (name) => (await answered(dns.resolveCname(name)))[0],
  };
}

async function answered<T>(asking: Promise<T[]>): Promise<T[]> {
  try {
    return await asking;
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "ENODATA" || code === "ENOTFOUND") return [];
    throw new DnsError(code, { cause });
  }
}
