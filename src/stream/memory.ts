import type { CloseReason, TlsDetails, Transport, TransportEvents } from "./transport.ts";

export interface MemoryOptions {
  /** Whether it counts as secure from the start; default false. */
  readonly secure?: boolean;
  /** Whether `startTls` is offered: when both ends have called it, both are secure. Default true, unless secure. */
  readonly startTls?: boolean;
  /** Default "stream". */
  readonly framing?: "stream" | "frame";
  /** What each end shows as its peer. */
  readonly peers?: readonly [string, string];
  /** Bytes an end may leave unread before the connection is cut with "slow". Default 16 MiB. */
  readonly unsentBytes?: number;
  /** How long the other end may take to close after this one did. Default 5 s. */
  readonly graceMs?: number;
  /** What each end knows of TLS once it is secure. */
  readonly tls?: readonly [TlsDetails, TlsDetails];
}

/** Beyond this many unread bytes `write` asks to wait. */
const chunk = 65536;

interface Upgrade {
  resolve(): void;
  reject(error: Error): void;
}

class MemoryTransport implements Transport {
  readonly peer: string;
  readonly framing: "stream" | "frame";
  readonly #details: TlsDetails | undefined;
  readonly #options: MemoryOptions;
  #other: MemoryTransport = this;
  #secure: boolean;
  #upgrade: Upgrade | undefined;
  #events: TransportEvents | undefined;
  /** Written by the other end, not delivered yet. */
  #inbox = "";
  #paused = true;
  #wantsDrain = false;
  /** Nothing is read or written for the user any more. */
  #closing = false;
  /** This end's end was sent; the other notices it behind the last bytes. */
  #ended = false;
  #over = false;
  #told = false;
  #reason: CloseReason | undefined;
  #cause: Error | undefined;
  #grace: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(options: MemoryOptions, peer: string, details: TlsDetails | undefined) {
    this.#options = options;
    this.#details = details;
    this.#secure = options.secure === true;
    this.framing = options.framing ?? "stream";
    this.peer = peer;
  }

  get tls(): TlsDetails | undefined {
    return this.#secure ? this.#details : undefined;
  }

  get address(): string {
    return this.peer.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  }

  get secure(): boolean {
    return this.#secure;
  }

  get buffered(): number {
    return this.#other.#inbox.length;
  }

  get startTls(): ((domain: string | undefined) => Promise<void>) | undefined {
    const possible = this.#options.startTls !== false && !this.#secure && this.#upgrade === undefined;
    return possible ? this.upgrade : undefined;
  }

  join(other: MemoryTransport): void {
    this.#other = other;
    other.#other = this;
  }

  open(events: TransportEvents): void {
    if (this.#events !== undefined) throw new Error("the transport is open already");
    this.#events = events;
    this.#paused = false;
    this.#schedule();
  }

  write(bytes: string): boolean {
    if (this.#closing) return false;
    const other = this.#other;
    if (bytes !== "" && !other.#closing) {
      other.#inbox += bytes;
      other.#schedule();
    }
    if (this.buffered > (this.#options.unsentBytes ?? 16 * 1024 * 1024)) {
      this.#cut("slow", new Error(`${this.buffered} bytes unsent`));
      return false;
    }
    if (this.buffered < chunk) return true;
    this.#wantsDrain = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (this.#events === undefined) return;
    this.#paused = false;
    this.#schedule();
  }

  /** What `startTls` does: no encryption, but the same order of events. */
  upgrade(_domain: string | undefined): Promise<void> {
    if (this.#closing) return Promise.reject(this.#cause ?? new Error("the connection is closing"));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#upgrade = { resolve, reject };
    this.#schedule();
    return promise;
  }

  close(): void {
    if (this.#closing) return;
    if (this.#upgrade !== undefined) {
      this.destroy();
      return;
    }
    const late = (): void => this.#cut("timeout", new Error("the peer did not close"));
    this.#grace = setTimeout(late, this.#options.graceMs ?? 5000).unref();
    this.#end();
    this.#schedule();
  }

  destroy(): void {
    this.#cut("shutdown");
  }

  #end(): void {
    this.#closing = true;
    this.#inbox = "";
    this.#ended = true;
    this.#other.#schedule();
  }

  #cut(reason: CloseReason, cause?: Error): void {
    if (this.#over) return;
    const other = this.#other;
    this.#finish(reason, cause);
    if (!other.#over) other.#finish(other.#closing ? "ended" : "reset");
  }

  #finish(reason: CloseReason, cause?: Error): void {
    clearTimeout(this.#grace);
    this.#closing = true;
    this.#over = true;
    this.#inbox = "";
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#cause = cause;
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#run();
    });
  }

  /** One loop turn: what came in is delivered, then room for more and the ends are noticed. */
  #run(): void {
    if (!this.#over) this.#tryUpgrade();
    if (!this.#over) this.#deliver();
    if (!this.#over) this.#tryDrain();
    if (!this.#over) this.#tryEnd();
    if (this.#over) this.#report();
  }

  #tryUpgrade(): void {
    const other = this.#other;
    const mine = this.#upgrade;
    const theirs = other.#upgrade;
    if (mine === undefined || theirs === undefined) return;
    this.#secure = true;
    other.#secure = true;
    this.#upgrade = undefined;
    other.#upgrade = undefined;
    mine.resolve();
    theirs.resolve();
  }

  #deliver(): void {
    if (this.#paused || this.#upgrade !== undefined || this.#closing || this.#inbox === "") return;
    const bytes = this.#inbox;
    this.#inbox = "";
    if (this.#other.#wantsDrain) this.#other.#schedule();
    this.#events?.data(bytes);
  }

  #tryDrain(): void {
    if (!this.#wantsDrain || this.#closing || this.buffered > 0) return;
    this.#wantsDrain = false;
    this.#events?.drain();
  }

  #tryEnd(): void {
    if (!this.#other.#ended || this.#inbox !== "" || (this.#paused && !this.#closing)) return;
    if (!this.#ended) this.#end();
    this.#finish("ended");
  }

  #report(): void {
    this.#upgrade?.reject(this.#cause ?? new Error(`the connection is closed: ${this.#reason}`));
    this.#upgrade = undefined;
    if (this.#events === undefined || this.#told) return;
    this.#told = true;
    this.#events.closed(this.#reason ?? "reset", this.#cause);
  }
}

/**
 * Two transports joined in memory: what one end writes the other gets, in order, in a later loop turn, all of a turn
 * as one. For tests and for streams inside one process.
 */
export function memoryPair(options: MemoryOptions = {}): [Transport, Transport] {
  const [first, second] = options.peers ?? ["127.0.0.1:5222", "127.0.0.1:51000"];
  const one = new MemoryTransport(options, first, options.tls?.[0]);
  const two = new MemoryTransport(options, second, options.tls?.[1]);
  one.join(two);
  return [one, two];
}
