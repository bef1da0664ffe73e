import type { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { rescue } from "./delivery.ts";
import type { LocalHost } from "./local-host.ts";
import { background } from "./log.ts";
import {
  type Connection,
  closed,
  delivering,
  type Fact,
  type FactValue,
  type LocalSession,
  losing,
  opened,
} from "./session.ts";

/** What is known of a session of the process before. */
export interface PastSession {
  readonly jid: Jid;
  readonly lang: string | undefined;
  /** When it was bound; milliseconds since the epoch. */
  readonly since: number;
  readonly handled: number;
  readonly facts: Readonly<Record<string, FactValue>>;
}

/** A session of this node: a row of its host's directory while it is open. */
export class BoundSession implements LocalSession {
  readonly jid: Jid;
  readonly lang: string | undefined;
  readonly #since: number;
  readonly #host: LocalHost;
  readonly #facts: Record<string, FactValue>;
  connection: Connection;
  handled: number;
  #open = true;
  #suspended = false;
  #awaited: Set<Promise<unknown>> | undefined;

  private constructor(host: LocalHost, { jid, lang, since, handled, facts }: PastSession, connection: Connection) {
    this.#host = host;
    this.jid = jid;
    this.lang = lang;
    this.#since = since;
    this.handled = handled;
    this.#facts = { ...facts };
    this.connection = connection;
  }

  /** Binds: the session is in the directory when `opened` is fired. */
  static open(host: LocalHost, jid: Jid, connection: Connection, lang?: string): BoundSession {
    return BoundSession.revive(host, { jid, lang, since: Date.now(), handled: 0, facts: {} }, connection);
  }

  /** A session of the process before goes on; likewise. */
  static revive(host: LocalHost, past: PastSession, connection: Connection): BoundSession {
    const session = new BoundSession(host, past, connection);
    host.sessions.add(session);
    background(host.log, host.fire(opened, session), "session not announced");
    return session;
  }

  get since(): Date {
    return new Date(this.#since);
  }

  get facts(): Readonly<Record<string, FactValue>> {
    return this.#facts;
  }

  get<T extends FactValue>(fact: Fact<T>): T {
    return (this.#facts[fact.name] as T | undefined) ?? fact.initial;
  }

  set<T extends FactValue>(fact: Fact<T>, value: T): void {
    this.#facts[fact.name] = value;
  }

  send(stanza: Stanza): void {
    if (!this.#open) return this.#missed(stanza);
    if (!this.#host.hooks.has(delivering)) return void this.connection.deliver(stanza);
    const packet = { stanza, session: this };
    const taken = this.#host.fire(delivering, packet);
    if (taken instanceof Promise) throw new Error("handlers of delivering must be synchronous, to keep the order");
    if (!taken) this.connection.deliver(packet.stanza);
  }

  awaits(work: Promise<unknown>): void {
    this.#awaited ??= new Set();
    const { size } = this.#awaited.add(work);
    const done = () => void this.#awaited?.delete(work);
    work.then(done, done);
    if (size > mostAwaited) this.#host.log.warn("a session awaits many writes", { jid: this.jid.toString(), size });
  }

  get safe(): Promise<unknown> | undefined {
    return this.#awaited === undefined || this.#awaited.size === 0 ? undefined : Promise.allSettled(this.#awaited);
  }

  /** Its connection broke: the session ends, unless somebody keeps it. */
  lose(): void {
    if (this.#open && !this.#suspended && this.#host.fire(losing, this) !== true) this.close();
  }

  suspend(): void {
    this.#suspended = true;
  }

  close(): void {
    if (!this.#open || this.#suspended) return;
    this.#open = false;
    this.#host.sessions.remove(this); // its row goes, then everybody is told
    this.#host.finishing(this.#host.fire(closed, this));
  }

  /** A stanza that finds its session gone is for the account's other clients, or for later. */
  #missed(stanza: Stanza): void {
    this.#host.finishing(rescue(this.#host, stanza));
  }
}

/** Writes that one session may have under way before it is worth a line in the log. */
const mostAwaited = 1_000;
