import type { RawSocket, SocketEvents, SocketListener, SocketListenOptions, Sockets } from "./sockets.ts";

/** Written, and not yet taken by the other end, before `write` asks to wait; in bytes. */
const mostWaiting = 65_536;

class MemorySocket implements RawSocket {
  readonly address: string;
  readonly network: string;
  readonly peer: string;
  #other: MemorySocket = this;
  #events: SocketEvents | undefined;
  /** Written by the other end. */
  readonly #inbox: Uint8Array[] = [];
  #waiting = 0;
  #paused = false;
  /** The other end has ended: told behind the last bytes. */
  #ended: "no" | "yes" | "told" = "no";
  #finished = false;
  #over = false;
  #told = false;
  #otherWaits = false;
  #turn: NodeJS.Immediate | undefined;

  constructor(address: string, port: number) {
    this.address = address;
    this.network = address;
    this.peer = `${address}:${port}`;
  }

  static pair(addresses: readonly [string, string]): [MemorySocket, MemorySocket] {
    const near = new MemorySocket(addresses[0], 1);
    const far = new MemorySocket(addresses[1], 2);
    near.#other = far;
    far.#other = near;
    return [near, far];
  }

  open(events: SocketEvents): void {
    this.#events = events;
    this.#wake();
  }

  write(bytes: Uint8Array): boolean {
    const other = this.#other;
    if (this.#over || this.#finished || other.#over) return true;
    other.#inbox.push(Uint8Array.from(bytes));
    other.#waiting += bytes.length;
    other.#otherWaits ||= other.#waiting > mostWaiting;
    other.#wake();
    return !other.#otherWaits;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  widen(): void {}

  end(): void {
    if (this.#finished || this.#over) return;
    this.#finished = true;
    if (this.#other.#ended === "no") this.#other.#ended = "yes";
    this.#other.#wake();
    this.#wake();
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#inbox.length = 0;
    this.#other.#broken();
    this.#wake();
  }

  /** The other end is gone: what it had written may still be read, unless it was cut in the middle. */
  #broken(): void {
    if (this.#ended === "no") this.#over = true;
    this.#wake();
  }

  #wake(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#deliver();
    });
  }

  #deliver(): void {
    const events = this.#events;
    if (events === undefined || this.#told) return;
    while (!this.#paused && !this.#over && this.#events === events) {
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      this.#waiting -= bytes.length;
      events.data(bytes);
    }
    this.#tellWriter();
    if (this.#paused && !this.#over) return;
    if (this.#ended === "yes" && this.#inbox.length === 0 && !this.#over) {
      this.#ended = "told";
      this.#events?.ended();
    }
    const done = this.#over || (this.#ended === "told" && this.#finished);
    if (!done || this.#told) return;
    this.#told = true;
    this.#over = true;
    this.#events?.closed();
  }

  #tellWriter(): void {
    if (!this.#otherWaits || this.#waiting > 0) return;
    this.#otherWaits = false;
    setImmediate(() => this.#other.#told || this.#other.#events?.drained());
  }
}

/** Two ends of a connection inside the process. */
export function socketPair(addresses: readonly [string, string] = ["memory", "memory"]): [RawSocket, RawSocket] {
  return MemorySocket.pair(addresses);
}

/** Listeners inside the process, for tests and for parts of the server that speak to each other. */
export class MemorySockets implements Sockets {
  readonly #listeners = new Map<number, SocketListenOptions>();
  #next = 40_000;

  async listen(options: SocketListenOptions): Promise<SocketListener> {
    const port = options.port === 0 ? this.#next++ : options.port;
    if (this.#listeners.has(port)) throw new Error(`port ${port} is taken`);
    this.#listeners.set(port, options);
    return { address: options.address, port, close: () => void this.#listeners.delete(port) };
  }

  /** Connects to a port; the listener sees `from` as the peer's address. */
  connect(port: number, from = "192.0.2.7"): RawSocket {
    const listener = this.#listeners.get(port);
    if (listener === undefined) throw new Error(`nothing listens at port ${port}`);
    const [near, far] = socketPair(["198.51.100.1", from]);
    listener.accept(far);
    return near;
  }
}
