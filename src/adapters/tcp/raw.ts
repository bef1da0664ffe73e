import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { addressGroup } from "#collections/address-group.ts";
import type { RawSocket, SocketEvents, SocketListener, SocketListenOptions, Sockets } from "#core/sockets.ts";
import { explainListening } from "./listen.ts";
import type { Log } from "./log.ts";
import { type ReadInto, remake } from "./shared-buffer.ts";
import { plainAddress } from "./transport.ts";

/** What is read at a time, in bytes: while little is said, and while a file passes. */
const narrow = 1024;
const wide = 262_144;

/**
 * A plain TCP connection that reads into one buffer of its own, which it lends: nothing is allocated while a file passes.
 */
class TcpRawSocket implements RawSocket {
  readonly address: string;
  readonly network: string;
  readonly peer: string;
  readonly #socket: Socket;
  /** Whether reads go into our buffer; else Node makes a new one for each. */
  readonly #lends: boolean;
  #buffer: Buffer | undefined;
  #events: SocketEvents | undefined;
  #paused = false;
  #waits = false;
  #over = false;

  constructor(accepted: Socket, lends: boolean) {
    this.address = plainAddress(accepted.remoteAddress ?? "");
    this.network = addressGroup(this.address);
    this.peer = `${this.address.includes(":") ? `[${this.address}]` : this.address}:${accepted.remotePort}`;
    const remade = lends ? remake(accepted, this.#into()) : undefined;
    this.#socket = remade ?? accepted;
    this.#lends = remade !== undefined;
    if (remade !== undefined) {
      remade.setNoDelay(true);
      remade.setKeepAlive(true, 60_000);
    }
    this.#socket.on("end", () => this.#events?.ended());
    this.#socket.on("error", () => {}); // told by `close`
    this.#socket.on("close", () => this.#closed());
  }

  open(events: SocketEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (!first) return;
    if (this.#over) return void setImmediate(() => events.closed());
    if (!this.#lends) this.#socket.on("data", (bytes) => void this.#received(bytes as Buffer));
    this.#socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over || !this.#socket.writable) return true;
    this.#socket.write(bytes, this.#written);
    this.#waits = this.#socket.writableLength > 0; // the kernel has not taken all of it: the bytes are still in use
    return !this.#waits;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  widen(): void {
    this.#buffer = Buffer.allocUnsafeSlow(wide); // taken with the next read
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #into(): ReadInto {
    return {
      buffer: () => {
        this.#buffer ??= Buffer.allocUnsafeSlow(narrow);
        return this.#buffer;
      },
      callback: (length, buffer) => this.#received(buffer.subarray(0, length)),
    };
  }

  #received(bytes: Uint8Array): boolean {
    this.#events?.data(bytes);
    return !this.#paused;
  }

  readonly #written = (): void => {
    if (!this.#waits || this.#over || this.#socket.writableLength > 0) return;
    this.#waits = false;
    this.#events?.drained();
  };

  #closed(): void {
    this.#over = true;
    this.#buffer = undefined;
    this.#events?.closed();
  }
}

interface Common {
  readonly log: Log;
  /** Whether connections read into buffers of their own where Node allows it. */
  readonly ownBuffers: boolean;
}

/** Raw connections over TCP, IPv4 and IPv6. `ownBuffers`: whether they read into buffers of their own where Node allows it. */
export function tcpSockets(log: Log, { ownBuffers = true } = {}): Sockets {
  return { listen: (options) => listen(options, { log, ownBuffers }) };
}

async function listen(options: SocketListenOptions, common: Common): Promise<SocketListener> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  server.on("connection", (socket) => accept(socket, options, common));
  try {
    await bind(server, options);
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (options.address !== "::" || failure.code !== "EAFNOSUPPORT") throw explainListening(failure, options);
    return listen({ ...options, address: "0.0.0.0" }, common);
  }
  server.on("error", (error) => common.log.error("connections cannot be accepted", { error }));
  const { address, port } = server.address() as AddressInfo;
  return { address, port, close: () => void server.close() };
}

function bind(server: Server, { address, port }: SocketListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: address, port, backlog: 1024 }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

function accept(socket: Socket, options: SocketListenOptions, { log, ownBuffers }: Common): void {
  if (socket.remoteAddress === undefined) return void socket.destroy(); // gone already
  const raw = new TcpRawSocket(socket, ownBuffers);
  try {
    options.accept(raw);
  } catch (error) {
    log.error("a connection failed through a fault of this program", { peer: raw.peer, error });
    raw.destroy();
  }
}
