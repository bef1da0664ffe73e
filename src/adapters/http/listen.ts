import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import { HttpError, type HttpHandler, type HttpRequest, type HttpRoute, type HttpRoutes } from "#core/http.ts";
import { fault, refusal, send } from "./answer.ts";
import { explain } from "./explain.ts";
import type { Log } from "./log.ts";
import { Pace } from "./pace.ts";
import { Proxies, plainAddress } from "./peers.ts";
import { IncomingRequest } from "./request.ts";

// To import it would bring in all that it exports, a WebSocket client among it: 14 MiB that nothing here uses.
const { createServer } = process.getBuiltinModule("node:http");

/**
 * Requests over one connection that are not answered yet. Hardly anybody sends a request before the last answer has come
 * (RFC 9112 §9.3.2); each may hold a file open and a part of it in memory.
 */
const mostAtOnce = 4;

/** Who may connect: counts connections by address. */
export interface Admission {
  /** False: over a limit. */
  add(address: string): boolean;
  remove(address: string): void;
  readonly open: number;
  readonly refused: number;
}

/** The certificates, by name; each connection gets the one of its moment. */
export interface SecureContexts {
  find(name: string): SecureContext | undefined;
  context(): SecureContext;
}

export interface HttpLimits {
  /** How long a TLS handshake may take. */
  readonly handshakeMs: number;
  /** How long the head of a request may take. */
  readonly headerMs: number;
  /** How long a connection may stay open between two requests. */
  readonly idleMs: number;
  /** Bytes of the head of a request. */
  readonly headerBytes: number;
  /** Bytes that a body under way must move in a period; 0: any pace will do. */
  readonly bytesInPeriod: number;
  readonly periodMs: number;
}

export interface ListenHttpOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Undefined: without encryption, for a reverse proxy. */
  readonly certificates: SecureContexts | undefined;
  /** Addresses and networks whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly limits: HttpLimits;
  readonly admission: Admission;
  readonly routes: HttpRoutes;
  readonly log: Log;
  /** How long requests under way may take after `close`. Default 3 s. */
  readonly graceMs?: number;
}

export interface HttpListener {
  readonly address: string;
  /** The real one where 0 was asked for. */
  readonly port: number;
  readonly connections: number;
  readonly refused: number;
  /** Accepts no more, lets what is under way finish for a moment, then cuts it. */
  close(): Promise<void>;
}

class Listener implements HttpListener {
  readonly #options: ListenHttpOptions;
  readonly #server: Server;
  readonly #pace: Pace;
  readonly #proxies: Proxies;
  /** All that is open, handshakes and upgraded connections included. */
  readonly #sockets = new Set<Socket>();
  /** How many requests each connection waits for. */
  readonly #underWay = new WeakMap<Socket, number>();
  #bound: AddressInfo | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ListenHttpOptions) {
    const { limits, trustedProxies } = options;
    this.#options = options;
    this.#pace = new Pace(limits.bytesInPeriod, limits.periodMs);
    this.#proxies = new Proxies(trustedProxies);
    this.#server = createServer({
      headersTimeout: limits.headerMs,
      requestTimeout: 0, // a large body takes its time; its pace is watched
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(1000, limits.headerMs),
      maxHeaderSize: limits.headerBytes,
      highWaterMark: 256 * 1024,
      noDelay: true,
      keepAlive: true,
      // What nobody takes over is answered as if nothing else had been proposed (RFC 9110 §7.8).
      shouldUpgradeCallback: (message) => this.#find(this.#read(message))?.upgrade !== undefined,
    });
    this.#server.maxHeadersCount = 100;
    // Node's own handler gets each connection when we have let it in, and it is encrypted.
    const [serve] = this.#server.listeners("connection") as ((socket: Duplex) => void)[];
    this.#server.removeAllListeners("connection");
    this.#server.on("connection", (socket: Socket) => this.#connection(socket, serve!.bind(this.#server)));
    this.#server.on("request", (message, response) => void this.#request(message, response, false));
    this.#server.on("checkContinue", (message, response) => void this.#request(message, response, true));
    this.#server.on("upgrade", (message, socket, head) => this.#upgrade(message, socket, head));
  }

  get address(): string {
    return this.#bound?.address ?? this.#options.address;
  }

  get port(): number {
    return this.#bound?.port ?? this.#options.port;
  }

  get connections(): number {
    return this.#options.admission.open;
  }

  get refused(): number {
    return this.#options.admission.refused;
  }

  listen(address: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen({ host: address, port: this.#options.port, backlog: 1024 }, () => {
      this.#server.off("error", reject);
      this.#server.on("error", (error) => this.#options.log.error("connections cannot be accepted", { error }));
      this.#bound = this.#server.address() as AddressInfo;
      resolve();
    });
    return promise.catch((error) => {
      this.#pace.close();
      throw error;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#server.close(() => done.resolve()); // ends idle connections, too
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#options.graceMs ?? 3000);
    await done.promise;
    clearTimeout(cut);
    this.#pace.close();
  }

  #connection(socket: Socket, serve: (socket: Duplex) => void): void {
    const { admission, certificates } = this.#options;
    const address = socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress);
    // No address: the peer is gone already.
    if (address === undefined || !admission.add(address)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      admission.remove(address);
    });
    if (certificates === undefined) serve(socket);
    else this.#handshake(socket, certificates, serve);
  }

  #handshake(socket: Socket, certificates: SecureContexts, serve: (socket: Duplex) => void): void {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: certificates.context(),
      SNICallback: (name, done) => done(null, certificates.find(name)),
      ALPNProtocols: ["http/1.1"],
    });
    const late = setTimeout(() => socket.destroy(), this.#options.limits.handshakeMs);
    const failed = (error: Error) => {
      this.#options.log.debug("TLS handshake failed", { peer: socket.remoteAddress, reason: error.message });
      socket.destroy();
    };
    secure.once("error", failed);
    secure.once("close", () => {
      clearTimeout(late);
      socket.destroy();
    });
    secure.once("secure", () => {
      clearTimeout(late);
      secure.off("error", failed);
      serve(secure);
    });
  }

  async #request(message: IncomingMessage, response: ServerResponse, waits: boolean): Promise<void> {
    const { socket } = message;
    const others = this.#underWay.get(socket) ?? 0;
    if (others >= mostAtOnce) socket.destroy();
    if (socket.destroyed) return; // what came with the one too many is still read
    this.#underWay.set(socket, others + 1);
    await this.#answer(message, response, waits);
    this.#underWay.set(socket, this.#underWay.get(socket)! - 1);
  }

  async #answer(message: IncomingMessage, response: ServerResponse, waits: boolean): Promise<void> {
    const { socket } = message;
    const begun = performance.now();
    let watched = () => {};
    const request = this.#read(message, () => {
      if (waits) response.writeContinue();
      watched = this.#pace.watch(socket, () => socket.destroy());
      message.once("close", watched);
    });
    const route = this.#find(request);
    const answer = await this.#answered(request, route);
    watched();
    const { status } = answer;
    try {
      await send(message, response, { ...answer, headers: { ...route?.headers, ...answer.headers } }, this.#pace);
    } catch (error) {
      this.#options.log.debug("an answer could not be sent", { peer: request.peer, reason: String(error) });
      socket.destroy();
    }
    // Neither path nor query: whoever knows them may have the file, or do what they allow.
    this.#options.log.debug("http request", {
      peer: request.peer,
      method: request.method,
      host: request.host,
      route: route?.prefix,
      status,
      ms: Math.round(performance.now() - begun),
    });
  }

  #find({ host, path }: HttpRequest): HttpRoute | undefined {
    return this.#options.routes.find(host, path);
  }

  #read(message: IncomingMessage, wanted = () => {}): IncomingRequest {
    const address = plainAddress(message.socket.remoteAddress ?? "");
    const encrypted = this.#options.certificates !== undefined || this.#proxies.encrypts(address, message.headers);
    return new IncomingRequest(
      message,
      { peer: this.#proxies.client(address, message.headers), secure: encrypted },
      wanted,
    );
  }

  async #answered(request: IncomingRequest, route: HttpRoute | undefined) {
    try {
      if (request.isAmbiguous) throw new HttpError(400, "A request names one host.");
      return await handlerOf(route, request.method)(request);
    } catch (error) {
      if (error instanceof HttpError) return refusal(error);
      this.#faulty("a request failed through a fault of this program", error, route);
      return refusal(fault);
    }
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const request = this.#read(message);
    const route = this.#find(request);
    try {
      route?.upgrade?.(request, socket, head);
    } catch (error) {
      this.#faulty("a connection was not taken over through a fault of this program", error, route);
      socket.destroy();
    }
  }

  #faulty(what: string, cause: unknown, route?: HttpRoute): void {
    this.#options.log.error(what, { route: route?.prefix, cause });
  }
}

function handlerOf(route: HttpRoute | undefined, method: string): HttpHandler {
  if (route === undefined) throw new HttpError(404, "There is nothing here.");
  const methods = Object.keys(route.methods);
  if (methods.includes(method)) return route.methods[method]!;
  if (method === "HEAD" && methods.includes("GET")) return route.methods.GET!;
  const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  throw new HttpError(405, "This cannot be done here.", { headers: { Allow: allowed.join(", ") } });
}

/**
 * Serves HTTP/1.1 (RFC 9112), over TLS or for a reverse proxy. Rejects with an Error that says what to do when the address
 * or port cannot be had.
 */
export async function listenHttp(options: ListenHttpOptions): Promise<HttpListener> {
  const listener = new Listener(options);
  try {
    await listener.listen(options.address);
    return listener;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (options.address !== "::" || failure.code !== "EAFNOSUPPORT") throw explain(failure, options);
  }
  options.log.warn("this machine has no IPv6; listening on IPv4 only", { port: options.port });
  return listenHttp({ ...options, address: "0.0.0.0" });
}
