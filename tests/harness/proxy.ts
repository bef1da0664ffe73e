import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** How a connection through the proxy ends, before either side wants it to. */
export type Cut =
  /** Both sides are told: reset. */
  | "reset"
  /** Both sides are told: closed. */
  | "close"
  /** The client is told, the server is not: its end stays open, and nobody reads. */
  | "half-open-server"
  /** The server is told, the client is not. */
  | "half-open-client"
  /** Nobody is told: nothing passes any more. */
  | "silence";

/** What the proxy does to connections. Sizes and times are drawn evenly from 1 up to the number given. */
export interface Faults {
  /** Bytes of the largest piece that passes at once; undefined: as they come. */
  readonly piece?: number;
  /** Milliseconds that a piece waits at most. */
  readonly delay?: number;
  /** Bytes after which, at most, a connection is cut; undefined: never. */
  readonly cutAfter?: number;
  /** How; one of them is drawn for each connection. */
  readonly cuts?: readonly Cut[];
}

/** A network between clients and a server that can be as bad as one likes. The same seed draws the same faults. */
export class BadNetwork {
  readonly #server: Server = createServer({ allowHalfOpen: true });
  readonly #target: { readonly host: string; readonly port: number };
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  faults: Faults;
  /** Connections that were cut, by how. */
  readonly counted: Map<Cut, number> = new Map();

  private constructor(target: { host: string; port: number }, faults: Faults, random: () => number) {
    this.#target = target;
    this.faults = faults;
    this.#random = random;
    this.#server.on("connection", (client) => this.#accept(client));
  }

  static async start(
    target: { readonly host: string; readonly port: number },
    { faults, random }: { readonly faults: Faults; readonly random: () => number },
  ): Promise<BadNetwork> {
    const proxy = new BadNetwork(target, faults, random);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  get cuts(): number {
    return [...this.counted.values()].reduce((sum, count) => sum + count, 0);
  }

  /** From now on everything passes; what was left half open breaks. */
  heal(): void {
    this.faults = {};
    for (const socket of this.#sockets) if (silenced.has(socket)) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  #accept(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const { cutAfter, cuts = ["reset"] } = this.faults;
    const cut = cuts[this.#upTo(cuts.length) - 1]!;
    let left = cutAfter === undefined ? Number.POSITIVE_INFINITY : this.#upTo(cutAfter);
    const ended = () => {
      this.counted.set(cut, (this.counted.get(cut) ?? 0) + 1);
      sever(cut, client, server);
    };
    // Bytes are counted in both directions: the cut comes in the middle of whatever passes then.
    const pass = (from: Socket, to: Socket) => {
      const line = new Line(
        to,
        () => this.faults,
        (most) => this.#upTo(most),
      );
      from.on("data", (bytes) => {
        if (left <= 0) return;
        if (this.faults.cutAfter === undefined) return line.push(bytes, undefined);
        const passing = bytes.subarray(0, left);
        left -= bytes.length;
        line.push(passing, left <= 0 ? ended : undefined);
      });
      from.on("end", () => line.end());
    };
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (!silenced.has(other)) other.destroy();
      });
      pass(socket, other);
    }
  }
}

/** Ends that hear nothing more. */
const silenced = new WeakSet<Socket>();

function sever(cut: Cut, client: Socket, server: Socket): void {
  for (const socket of [client, server]) socket.removeAllListeners("data").pause();
  if (cut === "silence" || cut === "half-open-server") silenced.add(server);
  if (cut === "silence" || cut === "half-open-client") silenced.add(client);
  for (const socket of [client, server]) {
    if (silenced.has(socket)) continue;
    if (cut === "reset") socket.resetAndDestroy();
    else socket.destroy();
  }
}

/** One direction of a connection: bytes pass in pieces, each after its delay. */
class Line {
  readonly #to: Socket;
  readonly #faults: () => Faults;
  readonly #upTo: (most: number) => number;
  #waiting: { bytes: Buffer; then: (() => void) | undefined }[] = [];
  #busy = false;
  #ended = false;

  constructor(to: Socket, faults: () => Faults, upTo: (most: number) => number) {
    this.#to = to;
    this.#faults = faults;
    this.#upTo = upTo;
  }

  push(bytes: Buffer, then: (() => void) | undefined): void {
    this.#waiting.push({ bytes, then });
    if (!this.#busy) this.#next();
  }

  end(): void {
    this.#ended = true;
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const first = this.#waiting[0];
    this.#busy = first !== undefined;
    if (first === undefined) {
      if (this.#ended) this.#to.end();
      return;
    }
    const { piece, delay } = this.#faults();
    const size = piece === undefined ? first.bytes.length : Math.min(first.bytes.length, this.#upTo(piece));
    const pass = () => {
      this.#to.write(first.bytes.subarray(0, size));
      first.bytes = first.bytes.subarray(size);
      if (first.bytes.length === 0) {
        this.#waiting.shift();
        first.then?.();
      }
      this.#next();
    };
    if (delay === undefined) setImmediate(pass);
    else setTimeout(pass, this.#upTo(delay));
  }
}
