import type { Socket } from "node:net";
import { Client, type Control, type Entry, ResultCodeError, type SearchOptions } from "ldapts";
import { DirectoryError } from "#core/people.ts";
import { type DialOptions, dial, type Endpoint } from "./dial.ts";

/** Times of one connection, in milliseconds. */
export interface ConnectionOptions extends Omit<DialOptions, "timeout"> {
  readonly connectTimeout: number;
  /** For each operation. */
  readonly timeout: number;
}

/** What a connection may receive for one operation: more is a broken server. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Results that say something about the server's state, not about the question (RFC 4511 §4.1.9). */
const notNow: ReadonlySet<number> = new Set([51, 52]);

/**
 * One connection to one server, secure from its first operation, never opened again once it is closed: the library
 * would do so in the clear and without credentials. Operations reject with DirectoryError when the server does not
 * answer, and with the library's ResultCodeError when it refuses.
 */
export class Connection {
  readonly endpoint: Endpoint;
  /** When, on the monotonic clock, in milliseconds. */
  readonly opened = performance.now();
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #ended = Promise.withResolvers<never>();
  #closed = false;
  #limit = 0;

  private constructor(endpoint: Endpoint, socket: Socket, timeout: number) {
    this.endpoint = endpoint;
    this.#socket = socket;
    this.#timeout = timeout;
    let given = false;
    this.#client = new Client({
      url: "ldap://localhost", // the connection is there already
      strictDN: false,
      createConnection: () => {
        if (given || this.#closed) throw new DirectoryError("the connection is closed");
        given = true;
        return socket;
      },
    });
    this.#ended.promise.catch(() => {}); // it may end while nobody waits
    socket.on("close", () => this.#end("the connection was closed"));
    socket.on("error", () => {}); // "close" follows
    socket.on("data", () => {
      if (socket.bytesRead > this.#limit) this.#end("the answer is too large");
    });
  }

  /** @throws DirectoryError */
  static async open(endpoint: Endpoint, options: ConnectionOptions): Promise<Connection> {
    try {
      const socket = await dial(endpoint, { ...options, timeout: options.connectTimeout });
      return new Connection(endpoint, socket, options.timeout);
    } catch (cause) {
      throw new DirectoryError(`${endpoint.url}: ${reason(cause)}`, { cause });
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A simple bind (RFC 4513 §5.1). An empty password is a bug of the caller: it would succeed without a check. */
  bind(dn: string, password: string, controls: Control[] = []): Promise<void> {
    if (password === "" && dn !== "") throw new TypeError("a bind needs a password");
    return this.#operation(() => this.#client.bind(dn, password, controls));
  }

  /** All entries found, in pages where `paged` is given. */
  async search(base: string, options: SearchOptions): Promise<readonly Entry[]> {
    if (options.paged === undefined || options.paged === false) {
      return this.#operation(async () => (await this.#client.search(base, options)).searchEntries);
    }
    const found: Entry[] = [];
    const pages = this.#client.searchPaginated(base, options);
    for (;;) {
      const { done, value } = await this.#operation(() => pages.next());
      if (done) return found;
      found.push(...value.searchEntries);
    }
  }

  close(): void {
    this.#end("closed");
  }

  /** One at a time: whoever has the connection from the pool has it alone. */
  async #operation<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new DirectoryError(`${this.endpoint.url}: the connection is closed`);
    this.#limit = this.#socket.bytesRead + maxAnswerBytes;
    const timer = setTimeout(() => this.#end(`no answer within ${this.#timeout} ms`), this.#timeout);
    try {
      return await Promise.race([run(), this.#ended.promise]);
    } catch (cause) {
      if (cause instanceof DirectoryError) throw cause;
      if (cause instanceof ResultCodeError && !notNow.has(cause.code)) throw cause;
      this.#end(reason(cause));
      throw new DirectoryError(`${this.endpoint.url}: ${reason(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended.reject(new DirectoryError(`${this.endpoint.url}: ${why}`));
    this.#socket.destroy();
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
