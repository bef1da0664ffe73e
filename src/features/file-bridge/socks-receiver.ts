import type { RawSocket, SocketEvents } from "#core/sockets.ts";
import { incomplete, type Transfer } from "./transfer.ts";

/** Takes a file from a SOCKS5 bytestream (XEP-0065 §6.3.6), in the place of its receiver. */
export class SocksReceiver implements SocketEvents {
  readonly #socket: RawSocket;
  readonly #transfer: Transfer;
  #isClosed = false;
  #isCut = false;

  private constructor(socket: RawSocket, transfer: Transfer) {
    this.#socket = socket;
    this.#transfer = transfer;
  }

  /** From now on the transfer gets what comes. */
  static attach(socket: RawSocket, transfer: Transfer): void {
    const receiver = new SocksReceiver(socket, transfer);
    transfer.cut = () => receiver.#cut();
    socket.widen();
    socket.open(receiver);
  }

  data(bytes: Uint8Array): void {
    const transfer = this.#transfer;
    if (transfer.isWhole) return; // more than was announced: what was announced counts
    const more = transfer.write(Buffer.from(bytes)); // they are lent
    if (transfer.isWhole) void transfer.stored.then(() => this.#end());
    else if (!more && !this.#isClosed) {
      this.#socket.pause();
      void transfer.taken().then(() => this.#isClosed || this.#socket.resume());
    }
  }

  drained(): void {}

  ended(): void {
    if (!this.#transfer.isWhole) this.#breakOff();
  }

  closed(): void {
    this.#isClosed = true;
    if (!this.#isCut && !this.#transfer.isWhole) this.#breakOff();
  }

  /** Some senders wait for the receiver to end first. */
  #end(): void {
    if (!this.#isClosed) this.#socket.end();
  }

  /** What becomes of the connection is of no interest any more: the file may come by another. */
  #cut(): void {
    if (!this.#isClosed) this.#socket.destroy();
    this.#isCut = true;
  }

  /** Before the first byte another way may be tried, as after a proxy that cannot be reached. */
  #breakOff(): void {
    if (this.#transfer.hasBegun) this.#transfer.fail(incomplete());
    else this.#cut();
  }
}
