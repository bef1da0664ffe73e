import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { isRequest, type Stanza } from "#stanza/stanza.ts";
import type { LocalHost } from "./local-host.ts";
import { background } from "./log.ts";
import {
  type Connection,
  closed,
  delivering,
  type Fact,
  type FactValue,
  type LocalSession,
  opened,
} from "./session.ts";

/** A session of this node: a row of its host's directory while it is open. */
export class BoundSession implements LocalSession {
  readonly jid: Jid;
  readonly lang: string | undefined;
  readonly #since = Date.now();
  readonly #host: LocalHost;
  readonly #facts: Record<string, FactValue> = {};
  #connection: Connection;
  #open = true;

  private constructor(host: LocalHost, jid: Jid, connection: Connection, lang: string | undefined) {
    this.#host = host;
    this.jid = jid;
    this.#connection = connection;
    this.lang = lang;
  }

  /** Binds: the session is in the directory when `opened` is fired. */
  static open(host: LocalHost, jid: Jid, connection: Connection, lang?: string): BoundSession {
    const session = new BoundSession(host, jid, connection, lang);
    host.sessions.add(session);
    background(host.log, host.fire(opened, session), "session not announced");
    return session;
  }

  get since(): Date {
    return new Date(this.#since);
  }

  get connection(): Connection {
    return this.#connection;
  }

  get<T extends FactValue>(fact: Fact<T>): T {
    return (this.#facts[fact.name] as T | undefined) ?? fact.initial;
  }

  set<T extends FactValue>(fact: Fact<T>, value: T): void {
    this.#facts[fact.name] = value;
  }

  send(stanza: Stanza): void {
    if (!this.#open) return this.#missed(stanza);
    if (!this.#host.hooks.has(delivering)) return this.#connection.deliver(stanza);
    const packet = { stanza, session: this };
    const taken = this.#host.fire(delivering, packet);
    if (taken instanceof Promise) throw new Error("handlers of delivering must be synchronous, to keep the order");
    if (!taken) this.#connection.deliver(packet.stanza);
  }

  /** Ends the session: its row goes, then everybody is told. Once. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#host.sessions.remove(this);
    background(this.#host.log, this.#host.fire(closed, this), "session not closed cleanly");
  }

  /** A stanza that finds its session gone is routed again: a message to the bare JID, a request answered. */
  #missed(stanza: Stanza): void {
    const { router } = this.#host.server;
    if (stanza.is("message") && stanza.type !== "error" && stanza.type !== "groupchat") {
      background(this.#host.log, router.route({ stanza: stanza.toward(stanza.to.bare) }));
    } else if (isRequest(stanza)) {
      background(this.#host.log, router.bounce({ stanza }, new StanzaError("service-unavailable")));
    }
  }
}
