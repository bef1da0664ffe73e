import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import { addressGroup } from "#collections/address-group.ts";
import type { Transport } from "#stream/transport.ts";
import type { Certificates } from "./certificates.ts";
import { ConnectionCount } from "./connection-count.ts";
import { Deadlines } from "./deadlines.ts";
import { Handshakes } from "./handshakes.ts";
import type { Log } from "./log.ts";
import { OutputQueue } from "./output.ts";
import { SharedBuffer } from "./shared-buffer.ts";
import { receivedShared } from "./socket-events.ts";
import type { OwnEndPoint } from "./tls-details.ts";
import { plainAddress, type Shared, SocketTransport } from "./transport.ts";

export interface ListenLimits {
  /**
   * Bytes a peer may leave unread before it is cut off with "slow". Under TLS all that is written in one loop turn
   * counts until the next, so it must exceed the largest burst: an archive page, a room's history.
   */
  readonly unsentBytes: number;
  /** How long a TLS handshake may take. */
  readonly handshakeMs: number;
  /** Connections in all. */
  readonly connections: number;
  /** Connections from one IPv4 address or one IPv6 /64 network. */
  readonly connectionsPerAddress: number;
}

export interface ListenOptions {
  /** "0.0.0.0", "::" (IPv6 and IPv4) or one address of this machine. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** TLS from the first byte (XEP-0368) rather than by STARTTLS. */
  readonly directTls: boolean;
  /** Protocols accepted by a direct TLS listener; a client that offers only others is refused. Default "xmpp-client". */
  readonly alpn?: readonly string[];
  readonly certificates: Certificates;
  /** Asks for the peer's certificate, which it may have or not (XEP-0178). Default false. */
  readonly asksCertificate?: boolean;
  readonly limits: ListenLimits;
  readonly log: Log;
  /** Shares the port with other processes that say so too; the system spreads connections. Default false. */
  readonly reusePort?: boolean;
  /** How long a peer may take to close after we did. Default 5 s. */
  readonly graceMs?: number;
  /** Whether plain sockets read into one shared buffer where Node allows it. Default true. */
  readonly sharedBuffer?: boolean;
  /** Receives each connection; with direct TLS once its handshake is done. */
  accept(transport: Transport): void;
}

export interface Listener {
  readonly address: string;
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** Connections open at present. */
  readonly connections: number;
  /** Connections refused because of the limits, since the start. */
  readonly refused: number;
  /** Stops accepting. Connections already handed out stay. */
  close(): Promise<void>;
}

class TcpListener implements Listener, Shared, OwnEndPoint {
  readonly output = new OutputQueue();
  readonly deadlines = new Deadlines();
  readonly handshakes = new Handshakes();
  readonly own = this;
  readonly established = "secure";
  readonly unsentBytes: number;
  readonly handshakeMs: number;
  readonly graceMs: number;
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #buffer: SharedBuffer;
  readonly #count: ConnectionCount;
  readonly #tls: TLSSocketOptions;
  /** Direct TLS connections whose handshake is under way. */
  readonly #waiting = new Set<SocketTransport>();
  /** What each TLS connection has shown. */
  readonly #shown = new WeakMap<TLSSocket, { context: SecureContext }>();
  #bound: AddressInfo | undefined;
  #quietUntil = 0;
  #closed = false;

  constructor(options: ListenOptions) {
    const { limits, directTls, alpn = ["xmpp-client"] } = options;
    this.#options = options;
    this.unsentBytes = limits.unsentBytes;
    this.handshakeMs = limits.handshakeMs;
    this.graceMs = options.graceMs ?? 5000;
    this.#count = new ConnectionCount(limits.connections, limits.connectionsPerAddress, options.log);
    this.#buffer = new SharedBuffer(receivedShared, !directTls && options.sharedBuffer !== false);
    this.#tls = {
      isServer: true,
      requestCert: options.asksCertificate === true,
      rejectUnauthorized: false, // what to think of it is for whoever gets the connection
      ...(directTls ? { ALPNProtocols: [...alpn] } : {}),
    };
    this.#server = createServer({
      allowHalfOpen: true, // so that what is still to be sent goes out after the peer's end
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    });
    this.#server.on("connection", (socket) => this.#connection(socket));
  }

  get address(): string {
    return this.#bound?.address ?? this.#options.address;
  }

  get port(): number {
    return this.#bound?.port ?? this.#options.port;
  }

  get connections(): number {
    return this.#count.open;
  }

  get refused(): number {
    return this.#count.refused;
  }

  listen(address: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    const { port, reusePort = false } = this.#options;
    this.#server.listen({ host: address, port, reusePort, backlog: 4096 }, () => {
      this.#server.off("error", reject);
      this.#bound = this.#server.address() as AddressInfo;
      this.#server.on("error", (error) => this.#acceptFailed(error));
      resolve();
    });
    return promise;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const transport of this.#waiting) transport.destroy();
  }

  secure(socket: Socket, domain: string | undefined): TLSSocket {
    const { certificates } = this.#options;
    const shown = { context: certificates.context(domain) };
    // Where SNI names one of our domains that decides; else the domain known so far.
    const SNICallback: TLSSocketOptions["SNICallback"] = (name, done) => {
      shown.context = certificates.find(name) ?? shown.context;
      done(null, shown.context);
    };
    const secured = new TLSSocket(socket, { ...this.#tls, secureContext: shown.context, SNICallback });
    this.#shown.set(secured, shown);
    return secured;
  }

  endPoint(socket: TLSSocket): Uint8Array | undefined {
    const { certificates } = this.#options;
    const { servername } = socket as { servername?: string | false };
    // Of a session that is taken up again nothing is shown: the client remembers the certificate of its domain.
    const remembered = servername && socket.isSessionReused() ? certificates.find(servername) : undefined;
    const context = remembered ?? this.#shown.get(socket)?.context;
    return context && certificates.endPoint(context);
  }

  gone(transport: SocketTransport): void {
    this.#count.remove(addressGroup(transport.address));
  }

  bug(transport: SocketTransport, error: unknown): void {
    this.#options.log.error("a connection failed through a fault of this program", { peer: transport.peer, error });
    transport.destroy();
  }

  /** Likely no file descriptors or memory left; then it happens with each connection. */
  #acceptFailed(error: Error): void {
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + 10_000;
    this.#options.log.error("connections cannot be accepted", { error });
  }

  #accept(transport: SocketTransport): void {
    try {
      this.#options.accept(transport);
    } catch (error) {
      this.bug(transport, error);
    }
  }

  #connection(accepted: Socket): void {
    const address = accepted.remoteAddress;
    // No address: the peer is gone already.
    if (address === undefined || !this.#count.add(addressGroup(plainAddress(address)))) {
      accepted.destroy();
      return;
    }
    const { socket, shared } = this.#buffer.adopt(accepted);
    const transport = new SocketTransport(socket, this, shared);
    if (this.#options.directTls) void this.#handshake(transport);
    else this.#accept(transport);
  }

  async #handshake(transport: SocketTransport): Promise<void> {
    this.#waiting.add(transport);
    try {
      await transport.upgrade(undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.debug("TLS handshake failed", { peer: transport.peer, reason });
      return;
    } finally {
      this.#waiting.delete(transport);
    }
    this.#accept(transport);
  }
}

/** The error of `listen` in words that tell the operator what to do. */
export function explainListening(
  error: NodeJS.ErrnoException,
  { address, port }: { readonly address: string; readonly port: number },
): Error {
  const place = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: "another program listens there already: stop it, or choose another port",
    EACCES: "not allowed: choose a port above 1023, or let this program use lower ones",
    EADDRNOTAVAIL: "this machine does not have that address: choose one of its own, or 0.0.0.0 or ::",
    ENOTFOUND: "not an address: write an IPv4 or IPv6 address",
  };
  return new Error(`cannot listen on ${place}: ${advice[error.code ?? ""] ?? error.message}`, { cause: error });
}

/**
 * Listens for XMPP over TCP (RFC 6120 §3), IPv4 and IPv6, with STARTTLS or direct TLS (XEP-0368).
 * Rejects with an Error that says what to do when the address or port cannot be had.
 */
export async function listenTcp(options: ListenOptions): Promise<Listener> {
  const listener = new TcpListener(options);
  try {
    await listener.listen(options.address);
    return listener;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (options.address !== "::" || failure.code !== "EAFNOSUPPORT") throw explainListening(failure, options);
  }
  options.log.warn("this machine has no IPv6; listening on IPv4 only", { port: options.port });
  return listenTcp({ ...options, address: "0.0.0.0" });
}
