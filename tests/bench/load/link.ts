import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Framing } from "./framing.ts";

export interface Address {
  readonly port: number;
  readonly host?: string;
}

/** Links with output for the end of this loop turn. */
type Dirty = Link[];

/** The TLS session that clients go on with. */
export interface TlsSessions {
  last: Buffer | undefined;
}

export interface DialOptions {
  readonly tls?: boolean;
  /** There are no stream headers on this connection. */
  readonly opened?: boolean;
  /** How long an answer that must come may take, in milliseconds. Default 20 s. */
  readonly patience?: number;
}

/** One connection of the load: stanzas out, gathered for each loop turn; stanzas in, cut but not parsed. */
export class Link {
  readonly #framing: Framing;
  readonly #dirty: Dirty;
  readonly #patience: number;
  #socket: Socket;
  #out = "";
  #waiting: ((stanza: string | undefined) => void) | undefined;
  readonly #early: string[] = [];
  #closing = false;
  /** Takes each stanza, once it is set; before, `next` does. */
  listener: ((stanza: string) => void) | undefined;
  /** Told once the connection has ended, however. */
  onEnd: (() => void) | undefined;
  /** Why the connection ended although nobody closed it. */
  lost: Error | undefined;

  constructor(socket: Socket, dirty: Dirty, { opened = false, patience = 20_000 }: DialOptions) {
    this.#framing = new Framing(opened);
    this.#patience = patience;
    this.#dirty = dirty;
    this.#socket = socket;
    this.#attach(socket);
  }

  send(text: string): void {
    if (this.#out === "" && this.#dirty.push(this) === 1) {
      setImmediate(() => {
        for (const link of this.#dirty.splice(0)) link.#flush();
      });
    }
    this.#out += text;
  }

  /** From now on stanzas go to `take`, first those that nobody has asked for yet. */
  listen(take: (stanza: string) => void): void {
    this.listener = take;
    for (const stanza of this.#early.splice(0)) take(stanza);
  }

  /** Breaks the connection, without a word. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Reads nothing more; false: reads again. */
  stall(stalled: boolean): void {
    if (stalled) this.#socket.pause();
    else this.#socket.resume();
  }

  /** The next stanza. @throws if the connection ends, or nothing comes */
  next(): Promise<string> {
    const early = this.#early.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#lose(new Error("no answer came")), this.#patience);
      this.#waiting = (stanza) => {
        clearTimeout(late);
        this.#waiting = undefined;
        if (stanza === undefined) reject(this.lost ?? new Error("the connection ended"));
        else resolve(stanza);
      };
      if (this.#socket.destroyed) this.#waiting(undefined);
    });
  }

  /** A stream header comes next. */
  restart(): void {
    this.#framing.restart();
  }

  /** @param sessions goes on with the TLS session that is kept there, and keeps the one that the server gives */
  async startTls(sessions?: TlsSessions): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    plain.removeAllListeners("close");
    const session = sessions?.last === undefined ? {} : { session: sessions.last };
    this.#socket = connectTls({ socket: plain, rejectUnauthorized: false, ...session });
    if (sessions !== undefined) {
      this.#socket.on("session", (given: Buffer) => {
        sessions.last = given;
      });
    }
    this.#attach(this.#socket);
    await once(this.#socket, "secureConnect", { signal: AbortSignal.timeout(this.#patience) });
    this.restart();
  }

  /** Says goodbye, and resolves when the connection is gone. */
  async close(goodbye = ""): Promise<void> {
    this.#closing = true;
    if (this.#socket.destroyed) return;
    const gone = once(this.#socket, "close");
    this.#flush();
    this.#socket.end(goodbye, "latin1");
    const late = setTimeout(() => this.#socket.destroy(), 2_000);
    await gone;
    clearTimeout(late);
  }

  #attach(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#receive(bytes.toString("latin1")));
    socket.on("error", (error) => this.#lose(error));
    socket.on("close", () => this.#lose(new Error("the server closed the connection")));
  }

  #lose(error: Error): void {
    if (!this.#closing) this.lost ??= error;
    this.#socket.destroy();
    this.#waiting?.(undefined);
    const tell = this.onEnd;
    this.onEnd = undefined;
    tell?.();
  }

  #flush(): void {
    const out = this.#out;
    this.#out = "";
    if (out !== "" && this.#socket.writable) this.#socket.write(out, "latin1");
  }

  #receive(text: string): void {
    this.#framing.push(text);
    for (let stanza = this.#framing.next(); stanza !== undefined; stanza = this.#framing.next()) {
      if (this.listener) this.listener(stanza);
      else if (this.#waiting) this.#waiting(stanza);
      else this.#early.push(stanza);
    }
  }
}

/** Opens connections that share their flushing. */
export class Dialer {
  readonly #dirty: Dirty = [];

  async dial({ host = "127.0.0.1", port }: Address, options: DialOptions = {}): Promise<Link> {
    const where = { host, port, rejectUnauthorized: false };
    const socket = options.tls ? connectTls(where) : connect(where);
    await once(socket, options.tls ? "secureConnect" : "connect");
    return new Link(socket, this.#dirty, options);
  }
}
