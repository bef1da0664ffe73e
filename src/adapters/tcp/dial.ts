import type { DialOptions, Endpoint } from "#core/network.ts";
import type { Transport } from "#stream/transport.ts";
import { asciiName } from "./certificate.ts";
import type { Certificates } from "./certificates.ts";
import { connectTcp } from "./connect.ts";
import type { Log } from "./log.ts";

export interface DialerOptions {
  readonly certificates: Certificates;
  readonly log: Log;
  /** Bytes a server may leave unread before it is cut off. */
  readonly unsentBytes: number;
}

/**
 * Connects to other servers (RFC 6120 §3.2, XEP-0368), as `Network.connect` says: with our domain's certificate at hand
 * for who asks (XEP-0178), and without an opinion on theirs.
 */
export function dialer({ certificates, log, unsentBytes }: DialerOptions) {
  return async (endpoint: Endpoint, { from, to, timeoutMs }: DialOptions): Promise<Transport> => {
    const transport = await connectTcp({
      host: endpoint.address,
      port: endpoint.port,
      ...(endpoint.security === "direct" ? { tls: "direct", alpn: ["xmpp-server"] } : {}),
      serverName: asciiName(to),
      rejectUnauthorized: false,
      checksName: false,
      context: certificates.context(from),
      log,
      timeoutMs,
      unsentBytes,
    });
    return transport;
  };
}
