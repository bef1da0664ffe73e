import { connect as connectSocket, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import type { Transport } from "#stream/transport.ts";
import { asciiName } from "./certificate.ts";
import { Deadlines } from "./deadlines.ts";
import { Handshakes } from "./handshakes.ts";
import type { Log } from "./log.ts";
import { OutputQueue } from "./output.ts";
import { type Shared, SocketTransport } from "./transport.ts";

export interface ConnectOptions {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (XEP-0368). */
  readonly tls?: "direct";
  /** The name sent as SNI and verified, with direct TLS; default `host`. */
  readonly serverName?: string;
  /** Protocols offered, with direct TLS. */
  readonly alpn?: readonly string[];
  /** Trusted authorities, PEM, instead of the usual ones. */
  readonly ca?: string;
  /** Whether an unverified certificate ends the connection. Default true. */
  readonly rejectUnauthorized?: boolean;
  /** Whether the certificate must name the server. Default true. */
  readonly checksName?: boolean;
  /** Our own certificate, for who asks; authorities are the context's. */
  readonly context?: SecureContext;
  /** Told of faults of this program; without it they are thrown. */
  readonly log?: Log;
  /** For the connection, and again for each TLS handshake. */
  readonly timeoutMs: number;
  /** Bytes the peer may leave unread before it is cut off with "slow". Default 16 MiB. */
  readonly unsentBytes?: number;
  /** How long the peer may take to close after we did. Default 5 s. */
  readonly graceMs?: number;
  /** For tests: other settings of the TLS client. */
  readonly tlsOptions?: ConnectionOptions;
}

class Outgoing implements Shared {
  readonly output = new OutputQueue();
  readonly deadlines = new Deadlines();
  readonly handshakes = new Handshakes();
  readonly own = undefined;
  readonly established = "secureConnect";
  readonly unsentBytes: number;
  readonly handshakeMs: number;
  readonly graceMs: number;
  readonly #options: ConnectOptions;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.unsentBytes = options.unsentBytes ?? 16 * 1024 * 1024;
    this.handshakeMs = options.timeoutMs;
    this.graceMs = options.graceMs ?? 5000;
  }

  secure(socket: Socket, domain: string | undefined): TLSSocket {
    const {
      host,
      tls,
      alpn,
      ca,
      rejectUnauthorized = true,
      checksName = true,
      context,
      serverName,
      tlsOptions,
    } = this.#options;
    const name = asciiName(domain ?? serverName ?? host);
    return connectTls({
      socket,
      minVersion: "TLSv1.2",
      rejectUnauthorized,
      // An address is no server name (RFC 6066 §3), but is what the certificate is checked against.
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
      ...(ca === undefined ? {} : { ca }),
      ...(context === undefined ? {} : { secureContext: context }),
      ...(checksName ? {} : { checkServerIdentity: () => undefined }),
      ...(tls === "direct" && alpn !== undefined ? { ALPNProtocols: [...alpn] } : {}),
      ...tlsOptions,
    });
  }

  gone(): void {}

  bug(transport: SocketTransport, error: unknown): void {
    transport.destroy();
    const { log } = this.#options;
    if (log === undefined) throw error;
    log.error("a connection failed through a fault of this program", { peer: transport.peer, error });
  }
}

function dial({ host, port, timeoutMs }: ConnectOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectSocket({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true });
  socket.pause();
  const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${host} port ${port} in time`)), timeoutMs);
  socket.once("error", reject);
  socket.once("close", () => clearTimeout(timer));
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", reject);
    resolve(socket);
  });
  return promise;
}

/**
 * Connects to an XMPP server over TCP. The transport's `startTls(domain)` acts as a TLS client and verifies that the
 * certificate names the domain. Rejects when there is no connection, or no TLS, in time.
 */
export async function connectTcp(options: ConnectOptions): Promise<Transport> {
  const transport = new SocketTransport(await dial(options), new Outgoing(options), false);
  if (options.tls === "direct") await transport.upgrade(options.serverName);
  return transport;
}
