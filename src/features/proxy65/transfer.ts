import type { RawSocket, SocketEvents } from "#core/sockets.ts";

/** Why a transfer is over. */
export type TransferEnd = "done" | "idle" | "limit" | "stopped";

export interface TransferOptions {
  /** Bytes a second, both ways together; 0: no limit. */
  readonly rate: number;
  /** Bytes are about to be passed on; false: no more may pass. */
  passing(bytes: number): boolean;
  /** Once, when both connections are gone or cut. */
  over(why: TransferEnd): void;
}

/** An end of a transfer, before it begins. */
export interface Joining {
  readonly socket: RawSocket;
  /** What it has sent already. */
  readonly early: Uint8Array;
}

/**
 * Two connections joined: what comes from one goes to the other, and the end of one is passed on behind its last byte.
 * Nothing is kept here: who reads slowly slows the other down.
 */
export class Transfer {
  readonly #options: TransferOptions;
  readonly #sides: readonly [Side, Side];
  readonly #early: readonly [Uint8Array, Uint8Array];
  #over = false;
  #bytes = 0;
  #seen = -1;
  /** With a rate: bytes that may pass at once, and when they were counted. */
  #allowance: number;
  #countedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(ends: readonly [Joining, Joining], options: TransferOptions) {
    this.#options = options;
    this.#allowance = options.rate;
    const [one, other] = ends;
    this.#sides = [new Side(this, one.socket, other.socket), new Side(this, other.socket, one.socket)];
    this.#early = [one.early, other.early];
  }

  /** Begins. Once. */
  start(): void {
    for (const [index, side] of this.#sides.entries()) {
      side.socket.widen();
      side.socket.open(side);
      const early = this.#early[index]!;
      if (early.length > 0) side.data(early);
      side.begin();
    }
  }

  /** Bytes passed on so far, both ways. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Ends it unless something has passed since the last call. */
  endIfIdle(): void {
    if (this.#bytes === this.#seen) this.stop("idle");
    this.#seen = this.#bytes;
  }

  /** Cuts both connections. */
  stop(why: TransferEnd): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    for (const { socket } of this.#sides) socket.destroy();
    this.#options.over(why);
  }

  /** Whether bytes of a side may pass. */
  passes(side: Side, bytes: number): boolean {
    if (this.#over) return false;
    // Nobody is there to read it: the sender should know.
    if (this.#opposite(side).isClosed) return this.#refuse("done");
    if (!this.#options.passing(bytes)) return this.#refuse("limit");
    this.#bytes += bytes;
    return true;
  }

  /** Holds a side back that is faster than the rate: a bucket of one second's bytes. */
  shape(side: Side, bytes: number): void {
    const { rate } = this.#options;
    if (rate === 0) return;
    const now = performance.now();
    this.#allowance = Math.min(rate, this.#allowance + ((now - this.#countedAt) * rate) / 1000) - bytes;
    this.#countedAt = now;
    if (this.#allowance >= 0) return;
    side.hold(true);
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        for (const held of this.#sides) held.hold(false);
      },
      (-this.#allowance * 1000) / rate,
    );
  }

  /** A side has taken everything: the other one may go on. */
  taken(side: Side): void {
    if (!this.#over) this.#opposite(side).goOn();
  }

  /** The connection of a side is gone: the other one gets what is still on its way to it. */
  gone(side: Side): void {
    if (this.#over) return;
    const opposite = this.#opposite(side);
    if (opposite.isClosed) return this.stop("done");
    opposite.last();
  }

  #refuse(why: TransferEnd): false {
    this.stop(why);
    return false;
  }

  #opposite(side: Side): Side {
    const [one, other] = this.#sides;
    return side === one ? other : one;
  }
}

/** One end of a transfer, and the way from it to the other. */
class Side implements SocketEvents {
  readonly socket: RawSocket;
  readonly #transfer: Transfer;
  /** The other end, which gets what this one sends. */
  readonly #other: RawSocket;
  /** The other end has not taken the last bytes yet. They are lent, so nothing may be read meanwhile. */
  #waits = false;
  /** It was faster than the rate allows. */
  #held = false;
  isClosed = false;

  constructor(transfer: Transfer, socket: RawSocket, other: RawSocket) {
    this.#transfer = transfer;
    this.socket = socket;
    this.#other = other;
  }

  /** Reading may have been stopped before the transfer. */
  begin(): void {
    if (!this.#waits && !this.#held) this.socket.resume();
  }

  data(bytes: Uint8Array): void {
    if (!this.#transfer.passes(this, bytes.length)) return;
    if (!this.#other.write(bytes)) {
      this.#waits = true;
      this.socket.pause();
    }
    this.#transfer.shape(this, bytes.length);
  }

  /** This end has taken all that was written to it. */
  drained(): void {
    this.#transfer.taken(this);
  }

  ended(): void {
    this.#other.end();
  }

  closed(): void {
    this.isClosed = true;
    this.#transfer.gone(this);
  }

  hold(held: boolean): void {
    if (held && !this.#held) this.socket.pause();
    const released = this.#held && !held;
    this.#held = held;
    if (released && !this.#waits) this.socket.resume();
  }

  /** The other end has taken what came from this one. */
  goOn(): void {
    if (!this.#waits) return;
    this.#waits = false;
    if (!this.#held) this.socket.resume();
  }

  /** The other end is gone: this one gets the end behind what is still on its way to it. */
  last(): void {
    this.socket.end();
    this.goOn(); // so that its own end, or more bytes for nobody, are noticed
  }
}
