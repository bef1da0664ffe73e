import { dnsEndpoints } from "#adapters/dns/endpoints.ts";
import type { Certificates } from "#adapters/tcp/certificates.ts";
import { dialer } from "#adapters/tcp/dial.ts";
import type { Network } from "#core/network.ts";
import type { Configuration } from "./configuration.ts";
import type { Log } from "./log.ts";

/** How this installation finds and reaches other servers. */
export function networkOf({ dns, limits }: Configuration, certificates: Certificates, log: Log): Network {
  return {
    endpoints: dnsEndpoints({ servers: dns.servers, timeoutMs: dns.timeout }),
    connect: dialer({ certificates, log, unsentBytes: limits.unsent }),
  };
}
