import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** Who is told what happens to a socket. */
export interface SocketOwner {
  received(bytes: string): void;
  drained(): void;
  ended(): void;
  failed(error: Error): void;
  /** The TLS layer found an error and leaves it to us to end the connection. */
  broken(error: Error): void;
  gone(): void;
}

const owner = Symbol("owner");

/** The listeners are the same for all sockets, and find the owner by a property: no closure for each connection. */
interface Owned extends Socket {
  [owner]: SocketOwner;
}

function received(this: Owned, bytes: Buffer): void {
  this[owner].received(bytes.toString("latin1"));
}

function drained(this: Owned): void {
  this[owner].drained();
}

function ended(this: Owned): void {
  this[owner].ended();
}

function failed(this: Owned, error: Error): void {
  this[owner].failed(error);
}

function broken(this: Owned, error: Error): void {
  this[owner].broken(error);
}

function gone(this: Owned): void {
  this[owner].gone();
}

/** Receives from a socket that reads into a shared buffer. */
export function receivedShared(this: Socket, length: number, buffer: Uint8Array): boolean {
  (this as Owned)[owner].received((buffer as Buffer).toString("latin1", 0, length));
  return true;
}

/** Tells the owner all but the bytes. */
export function attach(socket: Socket, to: SocketOwner): void {
  (socket as Owned)[owner] = to;
  socket.on("drain", drained).on("end", ended).on("error", failed).on("close", gone);
}

/**
 * Tells the owner of errors of TLS after the handshake. Of a TLS socket made by hand Node emits no 'error' then, nor
 * does it close it: this event, which is not in the manual, is all there is.
 */
export function attachTls(socket: TLSSocket): void {
  socket.on("_tlsError", broken);
}

/** Tells the owner the bytes too, once the socket is resumed. */
export function readByEvents(socket: Socket): void {
  socket.on("data", received);
}

export function detach(socket: Socket): void {
  socket.off("data", received).off("drain", drained).off("end", ended).off("error", failed).off("close", gone);
}
