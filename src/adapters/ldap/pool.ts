import { DirectoryError } from "#core/people.ts";
import type { Connection } from "./connection.ts";
import type { Endpoint } from "./dial.ts";
import type { Servers } from "./servers.ts";

export interface PoolOptions {
  readonly servers: Servers;
  readonly open: (endpoint: Endpoint) => Promise<Connection>;
  /** Connections at the same time. */
  readonly size: number;
  /** How long to wait for one, in milliseconds. */
  readonly wait: number;
  /** Who may wait at the same time. Default 1 000. */
  readonly queue?: number;
  /** How long an unused connection is kept, in milliseconds. Default 60 s: less than firewalls keep them. */
  readonly idle?: number;
}

interface Waiter {
  readonly go: () => void;
  readonly fail: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

const defaultQueue = 1000;
const defaultIdleMs = 60_000;
/** Even a busy connection ends after this long, so that a server that came back gets its share. */
const maxAgeMs = 300_000;

/** Connections to any of the servers, each used by one caller at a time. Everything about it is bounded. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #waiting = new Set<Waiter>();
  readonly #sweep: NodeJS.Timeout;
  #idle: Idle[] = [];
  #used = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeOld(), (options.idle ?? defaultIdleMs) / 2).unref();
  }

  /**
   * Runs an operation on a connection. If the server fails meanwhile, the next one is asked, so the operation must
   * stand to be begun twice. @throws DirectoryError if no server answers, or all connections are busy for too long.
   */
  async use<T>(run: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      return await this.#tryAll(run);
    } finally {
      this.#used--;
      this.#next();
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const { connection } of this.#idle) connection.close();
    this.#idle = [];
    for (const waiter of [...this.#waiting]) this.#leave(waiter).fail(new DirectoryError("the directory is closed"));
  }

  async #tryAll<T>(run: (connection: Connection) => Promise<T>): Promise<T> {
    const kept = this.#take();
    if (kept !== undefined) {
      try {
        return await this.#run(kept, run);
      } catch (error) {
        // A kept connection may be dead although its server is not: it says nothing about new ones.
        if (!(error instanceof DirectoryError)) throw error;
        this.#drop(kept.endpoint);
      }
    }
    let last: unknown;
    for (const endpoint of this.#options.servers.order()) {
      if (this.#closed) throw new DirectoryError("the directory is closed");
      try {
        return await this.#run(await this.#options.open(endpoint), run);
      } catch (error) {
        if (!(error instanceof DirectoryError) || this.#closed) throw error;
        last = error;
        this.#drop(endpoint);
        this.#options.servers.failed(endpoint, error);
      }
    }
    throw new DirectoryError("no directory server answers", { cause: last });
  }

  async #run<T>(connection: Connection, run: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await run(connection);
    } finally {
      if (this.#closed) connection.close();
      else if (!connection.closed) this.#idle.push({ connection, since: performance.now() });
    }
  }

  /** Any of the unused connections that is still good. */
  #take(): Connection | undefined {
    this.#closeOld();
    const index = Math.floor(Math.random() * this.#idle.length);
    const [taken] = this.#idle.splice(index, 1);
    return taken?.connection;
  }

  #drop(endpoint: Endpoint): void {
    for (const { connection } of this.#idle) if (connection.endpoint === endpoint) connection.close();
    this.#closeOld();
  }

  #closeOld(): void {
    const oldest = performance.now() - (this.#options.idle ?? defaultIdleMs);
    const eldest = performance.now() - maxAgeMs;
    for (const { connection, since } of this.#idle) {
      if (since < oldest || connection.opened < eldest) connection.close();
    }
    this.#idle = this.#idle.filter(({ connection }) => !connection.closed);
  }

  async #turn(): Promise<void> {
    if (this.#closed) throw new DirectoryError("the directory is closed");
    if (this.#used < this.#options.size) {
      this.#used++;
      return;
    }
    if (this.#waiting.size >= (this.#options.queue ?? defaultQueue)) {
      throw new DirectoryError("too many are waiting for the directory");
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      go: resolve,
      fail: reject,
      timer: setTimeout(() => {
        this.#leave(waiter).fail(new DirectoryError("all connections to the directory are busy"));
      }, this.#options.wait).unref(),
    };
    this.#waiting.add(waiter);
    await promise;
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#used >= this.#options.size) return;
    this.#used++;
    this.#leave(first).go();
  }

  #leave(waiter: Waiter): Waiter {
    clearTimeout(waiter.timer);
    this.#waiting.delete(waiter);
    return waiter;
  }
}
