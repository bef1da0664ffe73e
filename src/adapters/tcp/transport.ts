import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { CloseReason, TlsDetails, Transport, TransportEvents } from "#stream/transport.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import type { Handshakes } from "./handshakes.ts";
import type { Dirty, OutputQueue } from "./output.ts";
import { attach, attachTls, detach, readByEvents, type SocketOwner } from "./socket-events.ts";
import { type OwnEndPoint, SocketTlsDetails } from "./tls-details.ts";

/** What the transports of one listener (or one outgoing connection) have in common. */
export interface Shared {
  readonly output: OutputQueue;
  readonly deadlines: Deadlines;
  readonly handshakes: Handshakes;
  /** Where connections are accepted. */
  readonly own: OwnEndPoint | undefined;
  /** Bytes the peer may leave unread before it is cut off. */
  readonly unsentBytes: number;
  readonly handshakeMs: number;
  /** How long the peer may take to close after we did. */
  readonly graceMs: number;
  /** The event of a TLS socket that says its handshake is done: "secure" on the server's side. */
  readonly established: "secure" | "secureConnect";
  /** Puts TLS over a socket. */
  secure(socket: Socket, domain: string | undefined): TLSSocket;
  /** The connection of this transport is gone. */
  gone(transport: SocketTransport): void;
  /** The user of a transport threw while being told something: a bug, which must cost one connection only. */
  bug(transport: SocketTransport, error: unknown): void;
}

/** Beyond this many bytes in one loop turn output is handed over before the turn ends. */
const chunk = 65536;
function isTlsError(error: Error & { code?: string; library?: string }): boolean {
  return error.library !== undefined || /^ERR_(SSL|TLS|OSSL)_/.test(error.code ?? "");
}

/** IPv4 addresses reach a dual-stack listener mapped into IPv6 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

interface Handshake {
  resolve(): void;
  reject(error: Error): void;
}

/** A transport over a socket of Node, plain or TLS, accepted or connected. */
export class SocketTransport implements Transport, SocketOwner, Dirty, Expiring {
  readonly address: string;
  readonly #port: number;
  readonly #shared: Shared;
  #socket: Socket;
  #events: TransportEvents | undefined;
  #tls: TlsDetails | undefined;
  #handshake: Handshake | undefined;
  /** Written in this loop turn, or while the kernel takes no more. */
  #out = "";
  #reads: boolean;
  #secure = false;
  #paused = true;
  #wantsDrain = false;
  /** Nothing is read or written for the user any more. */
  #closing = false;
  #over = false;
  #reason: CloseReason | undefined;
  #cause: Error | undefined;

  /** `socket` is paused. `reads`: it hands its bytes to `receivedShared` itself. */
  constructor(socket: Socket, shared: Shared, reads: boolean) {
    this.address = plainAddress(socket.remoteAddress ?? "");
    this.#port = socket.remotePort ?? 0;
    this.#shared = shared;
    this.#socket = socket;
    this.#reads = reads;
    attach(socket, this);
  }

  get framing(): "stream" {
    return "stream";
  }

  get peer(): string {
    return this.address.includes(":") ? `[${this.address}]:${this.#port}` : `${this.address}:${this.#port}`;
  }

  get secure(): boolean {
    return this.#secure;
  }

  get tls(): TlsDetails | undefined {
    if (!this.#secure) return undefined;
    this.#tls ??= new SocketTlsDetails(this.#socket as TLSSocket, this.#shared.own);
    return this.#tls;
  }

  get buffered(): number {
    return this.#out.length + this.#socket.writableLength;
  }

  get startTls(): ((domain: string | undefined) => Promise<void>) | undefined {
    return this.#secure || this.#handshake !== undefined ? undefined : this.upgrade;
  }

  open(events: TransportEvents): void {
    if (this.#events !== undefined) throw new Error("the transport is open already");
    this.#events = events;
    if (this.#over) {
      setImmediate(() => this.#tellClosed(events));
      return;
    }
    this.#paused = false;
    if (!this.#closing) this.#read();
  }

  write(bytes: string): boolean {
    if (this.#closing) return false;
    if (bytes !== "") {
      if (this.#out === "") this.#shared.output.add(this);
      this.#out += bytes;
      if (this.#out.length >= chunk) this.flush();
      if (this.buffered > this.#shared.unsentBytes) {
        this.#cut("slow", new Error(`${this.buffered} bytes unsent`));
        return false;
      }
    }
    if (!this.#socket.writableNeedDrain) return true;
    this.#wantsDrain = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
    if (!this.#closing && this.#handshake === undefined) this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    // Without a reader (yet) what arrives would be lost.
    const ready = this.#reads && this.#events !== undefined && this.#handshake === undefined;
    if (ready && !this.#closing) this.#socket.resume();
  }

  close(): void {
    if (this.#closing) return;
    if (this.#handshake === undefined) this.#finish();
    else this.destroy();
  }

  destroy(): void {
    this.#cut("shutdown");
  }

  /** What `startTls` does; see the contract. */
  upgrade(domain: string | undefined): Promise<void> {
    if (this.#secure || this.#handshake !== undefined) throw new Error("TLS is there already");
    if (this.#closing || this.#socket.destroyed) {
      return Promise.reject(this.#cause ?? new Error("the connection is closing"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#handshake = { resolve, reject };
    this.#socket.pause();
    this.#shared.handshakes.add(this, () => this.#shake(domain));
    return promise;
  }

  #shake(domain: string | undefined): void {
    if (this.#handshake === undefined || this.#closing) return; // gone meanwhile
    const plain = this.#socket;
    if (this.#out !== "") plain.write(this.#out, "latin1"); // <proceed/> goes out in the clear
    this.#out = "";
    detach(plain);
    this.#reads = false;
    const socket = this.#shared.secure(plain, domain);
    this.#socket = socket;
    attach(socket, this);
    attachTls(socket);
    socket.once(this.#shared.established, () => this.#established());
    this.#shared.deadlines.set(this, this.#shared.handshakeMs);
  }

  /** Sends what has gathered; called at the end of the loop turn. */
  flush(): void {
    if (this.#out === "" || this.#handshake !== undefined || this.#socket.writableNeedDrain) return;
    const out = this.#out;
    this.#out = "";
    this.#socket.write(out, "latin1");
  }

  received(bytes: string): void {
    if (this.#closing) return;
    try {
      this.#events?.data(bytes);
    } catch (error) {
      this.#shared.bug(this, error);
    }
  }

  drained(): void {
    this.flush();
    if (!this.#wantsDrain || this.#closing || this.#socket.writableNeedDrain) return;
    this.#wantsDrain = false;
    try {
      this.#events?.drain();
    } catch (error) {
      this.#shared.bug(this, error);
    }
  }

  ended(): void {
    if (this.#handshake !== undefined) {
      this.#cut("tls", new Error("the peer closed during the TLS handshake"));
      return;
    }
    this.#reason ??= "ended";
    if (!this.#closing) this.#finish();
  }

  failed(error: Error & { code?: string }): void {
    if (this.#handshake !== undefined || isTlsError(error)) this.#reason ??= "tls";
    else if (error.code === "ETIMEDOUT") this.#reason ??= "timeout";
    else this.#reason ??= this.#closing ? "ended" : "reset";
    this.#cause ??= error;
    this.#closing = true;
  }

  broken(error: Error): void {
    this.failed(error);
    this.#out = "";
    this.#socket.destroy();
  }

  gone(): void {
    this.#over = true;
    this.#closing = true;
    this.#out = "";
    this.#reason ??= "reset";
    this.#shared.deadlines.delete(this);
    this.#shared.handshakes.done(this);
    this.#shared.gone(this);
    this.#handshake?.reject(this.#cause ?? new Error(`the connection is closed: ${this.#reason}`));
    this.#handshake = undefined;
    if (this.#events !== undefined) this.#tellClosed(this.#events);
  }

  expired(): void {
    const what = this.#handshake === undefined ? "the peer did not close" : "the TLS handshake took too long";
    this.#cut("timeout", new Error(what));
  }

  #tellClosed(events: TransportEvents): void {
    try {
      events.closed(this.#reason ?? "reset", this.#cause);
    } catch (error) {
      this.#shared.bug(this, error);
    }
  }

  #established(): void {
    this.#secure = true;
    this.#shared.deadlines.delete(this);
    this.#shared.handshakes.done(this);
    const handshake = this.#handshake;
    this.#handshake = undefined;
    handshake?.resolve();
    this.flush();
    // Later, so that whoever awaits the handshake runs before the first data.
    setImmediate(() => {
      if (this.#events !== undefined && !this.#closing) this.#read();
    });
  }

  /** Begins to read, into the shared buffer or by 'data' events. */
  #read(): void {
    if (!this.#reads) {
      this.#reads = true;
      this.#socket.pause();
      readByEvents(this.#socket);
    }
    if (!this.#paused) this.#socket.resume();
  }

  /** Sends what is left and ends; what still arrives is thrown away until the peer ends too. */
  #finish(): void {
    this.#closing = true;
    const out = this.#out;
    this.#out = "";
    if (out !== "") this.#socket.write(out, "latin1");
    this.#socket.end();
    this.#socket.resume();
    this.#shared.deadlines.set(this, this.#shared.graceMs);
  }

  #cut(reason: CloseReason, cause?: Error): void {
    if (this.#over) return;
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#cause = cause;
    }
    this.#closing = true;
    this.#out = "";
    this.#socket.destroy();
  }
}
