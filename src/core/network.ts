import type { Transport } from "#stream/transport.ts";

/** A place where a server of a domain may be reached. */
export interface Endpoint {
  /** The name that led here, for the log: the target of an SRV record, or the domain. */
  readonly host: string;
  /** IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
  /** `direct`: TLS from the first byte (XEP-0368); `starttls`: RFC 6120 §5. */
  readonly security: "direct" | "starttls";
}

/**
 * Why there is nowhere to connect to.
 * - `none`: the domain does not exist, has no address, or says that it has no such service (RFC 6120 §3.2.1, target ".").
 * - `failed`: DNS did not answer; later it may.
 */
export type ResolutionProblem = "none" | "failed";

export class ResolutionError extends Error {
  override readonly name = "ResolutionError";
  readonly kind: ResolutionProblem;

  constructor(kind: ResolutionProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

export interface DialOptions {
  /** Our domain, whose certificate is shown when the peer asks for one (XEP-0178). */
  readonly from: string;
  /** The domain to reach: SNI (RFC 6066), and what `startTls` asks for. */
  readonly to: string;
  /** For the connection, and again for the TLS handshake. */
  readonly timeoutMs: number;
}

/** How other servers are found and reached. */
export interface Network {
  /**
   * Where the servers of a domain listen for servers, in the order in which to try them: SRV records of both kinds by
   * priority and weight (RFC 2782, XEP-0368 §3), else the address records with port 5269. @throws ResolutionError
   */
  endpoints(domain: string): Promise<readonly Endpoint[]>;
  /**
   * Connects; with `direct` security TLS is established (ALPN "xmpp-server"). A certificate that is not trusted, or
   * names another domain, does not end the connection: what to think of it is for whoever asked. Rejects when there is
   * no connection, or no TLS, in time.
   */
  connect(endpoint: Endpoint, options: DialOptions): Promise<Transport>;
}
