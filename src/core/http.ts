import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";

/** A request over HTTP (RFC 9110), as routes see it. */
export interface HttpRequest {
  readonly method: string;
  /** The name that the client asked for, in lower case, without port; "" where it named none. Anybody may write anything here. */
  readonly host: string;
  /** As it was sent: percent-encoded, from "/" on, without the query. */
  readonly path: string;
  /** Without the "?"; "" where there is none. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The client's address, behind trusted proxies the one that they name. */
  readonly peer: string;
  /** Whether the client's connection is encrypted. */
  readonly secure: boolean;
  /** Bytes of the body as announced, 0 where there is none; undefined: not announced (chunked, RFC 9112 §7.1). */
  readonly length: number | undefined;
  /**
   * The body; whoever asks for it lets a client go on that waits for that (RFC 9110 §10.1.1). It must not be destroyed:
   * the answer goes over the same connection. What is not read is discarded.
   */
  readonly body: Readable;
}

/** What is answered. `body` is sent as it is; for HEAD it is left out, so `Content-Length` may stand among the headers. */
export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is destroyed when it has been sent, or cannot be. */
  readonly body?: string | Uint8Array | Readable;
}

/** A refusal: its text is told to the peer, in plain words, never internals. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    text: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(text, options);
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** Who answers below a path. */
export interface HttpRoute {
  /** For which names, in ASCII and lower case; default: any. */
  readonly hosts?: readonly string[];
  /** Begins and ends with "/". The longest that fits answers. */
  readonly prefix: string;
  /** By method; HEAD goes to GET where it is not named. Other methods get 405 (RFC 9110 §15.5.6). */
  readonly methods: Readonly<Record<string, HttpHandler>>;
  /** Headers of every answer, refusals included. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes connections over that ask to become something else (RFC 9110 §7.8): the route owns the socket then. */
  readonly upgrade?: (request: HttpRequest, socket: Duplex, head: Uint8Array) => void;
}

/** The door for HTTP: the same for all that is spoken over it. */
export interface Http {
  /** Answers below a path; what it returns ends that. @throws Error if somebody answers there already */
  route(route: HttpRoute): () => void;
  /**
   * Where this server is reached over HTTPS under one of its names: "https://example.com:5443", without a slash at the
   * end. Undefined where it has no such listener; only known once the listeners are open.
   */
  origin(host: string): string | undefined;
}

/** Who answers where. */
export class HttpRoutes implements Http {
  /** By prefix and host; the host is "" for any. */
  readonly #routes = new Map<string, HttpRoute>();
  /** All prefixes, the longest first: they are few, whereas a path that is asked for has as many parts as its sender likes. */
  #prefixes: readonly string[] = [];
  /** The port for HTTPS, once it is open. */
  securePort: number | undefined;

  route(route: HttpRoute): () => void {
    if (!/^\/(?:.*\/)?$/.test(route.prefix)) throw new Error(`${route.prefix} does not begin and end with a slash`);
    const keys = (route.hosts ?? [""]).map((host) => key(host, route.prefix));
    for (const one of keys) if (this.#routes.has(one)) throw new Error(`${one} is answered already`);
    for (const one of keys) this.#routes.set(one, route);
    this.#sort();
    return () => {
      for (const one of keys) this.#routes.delete(one);
      this.#sort();
    };
  }

  origin(host: string): string | undefined {
    if (this.securePort === undefined) return undefined;
    return new URL(`https://${host}:${this.securePort}`).origin;
  }

  /** The route with the longest prefix; among equals the one for this host. */
  find(host: string, path: string): HttpRoute | undefined {
    for (const prefix of this.#prefixes) {
      if (!path.startsWith(prefix)) continue;
      const found = this.#routes.get(key(host, prefix)) ?? this.#routes.get(key("", prefix));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #sort(): void {
    const prefixes = new Set([...this.#routes.values()].map(({ prefix }) => prefix));
    this.#prefixes = [...prefixes].sort((one, other) => other.length - one.length);
  }
}

function key(host: string, prefix: string): string {
  return `${host}${prefix}`;
}
