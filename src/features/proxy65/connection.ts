import type { RawSocket, SocketEvents } from "#core/sockets.ts";
import { Handshake } from "./handshake.ts";
import type { Joining } from "./transfer.ts";

/** Bytes that a connection may send before its transfer begins; more are left unread. */
const mostEarly = 4096;

/** Who is told what a connection wants. */
export interface Reception {
  /** It asked for a destination: false refuses it. */
  requested(connection: Connection, destination: string): boolean;
  /** It is gone, or was refused. Once. */
  left(connection: Connection): void;
}

/** A connection of a client until its transfer begins: SOCKS5, then patience. */
export class Connection implements SocketEvents {
  readonly socket: RawSocket;
  /** When it is given up; milliseconds, monotonic. */
  deadline: number;
  /** Its place among those that asked for something. */
  arrival = 0;
  readonly #reception: Reception;
  readonly #handshake = new Handshake();
  #destination = "";
  #early: Uint8Array = new Uint8Array(0);
  /** It has become an end of a transfer. */
  joined = false;
  #over = false;

  constructor(socket: RawSocket, reception: Reception, deadline: number) {
    this.socket = socket;
    this.#reception = reception;
    this.deadline = deadline;
  }

  /** What it asked for, 40 hexadecimal digits; "" until that is accepted. */
  get destination(): string {
    return this.#destination;
  }

  data(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#destination !== "") return this.#keep(bytes);
    const step = this.#handshake.take(bytes);
    if (step.reply.length > 0) this.socket.write(step.reply);
    if (step.outcome === "refused") return this.#refuse();
    if (step.outcome === "more") return;
    const accepted = this.#reception.requested(this, this.#handshake.destination);
    this.socket.write(this.#handshake.answer(accepted));
    if (!accepted) return this.#refuse();
    this.#destination = this.#handshake.destination;
    this.#keep(this.#handshake.rest);
  }

  drained(): void {}

  /** Nobody ends before the transfer has begun, but to leave. */
  ended(): void {
    this.leave();
  }

  closed(): void {
    this.leave();
  }

  /** Waits for its transfer without having spoken SOCKS5. @returns false: refused */
  waitsAt(destination: string): boolean {
    const accepted = this.#reception.requested(this, destination);
    if (accepted) this.#destination = destination;
    return accepted;
  }

  /** Cuts it. */
  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.socket.destroy();
    this.#reception.left(this);
  }

  /** Hands it over to a transfer. */
  join(): Joining {
    this.#over = true;
    this.joined = true;
    this.#reception.left(this);
    return { socket: this.socket, early: this.#early };
  }

  /** The reply goes out, then the end; the rest is the peer's, or the deadline's. */
  #refuse(): void {
    this.socket.end();
    this.socket.pause();
  }

  /** Kept for the other end; too much stays with the sender. */
  #keep(bytes: Uint8Array): void {
    this.#early = Buffer.concat([this.#early, bytes]);
    if (this.#early.length > mostEarly) this.socket.pause();
  }
}
