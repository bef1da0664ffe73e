import type { Readable } from "node:stream";
import type { RawSocket, SocketEvents } from "#core/sockets.ts";

/** Writes a file to a SOCKS5 bytestream, as fast as it is read at the other end. */
export class SocksSender implements SocketEvents {
  readonly #content: Readable;
  readonly #socket: RawSocket;
  readonly #done: () => void;

  private constructor(content: Readable, socket: RawSocket, done: () => void) {
    this.#content = content;
    this.#socket = socket;
    this.#done = done;
  }

  /** Resolves when all of it is on its way and the connection is over, or broken. */
  static send(content: Readable, socket: RawSocket): Promise<void> {
    return new Promise((resolve) => {
      const sender = new SocksSender(content, socket, resolve);
      content.on("data", (bytes: Buffer) => sender.#write(bytes));
      content.once("end", () => socket.end()).once("error", () => socket.destroy());
      socket.open(sender);
    });
  }

  data(): void {} // the receiver has nothing to say

  drained(): void {
    this.#content.resume();
  }

  ended(): void {
    this.#socket.end();
  }

  closed(): void {
    this.#content.destroy();
    this.#done();
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.write(bytes)) this.#content.pause();
  }
}
