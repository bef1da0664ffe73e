import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, type XmppServer } from "#test/bench/load/login.ts";
import type { MessageLedger, Way } from "./ledger.ts";

const sm = "xmlns='urn:xmpp:sm:3'";

/** Where a client connects to: it may be down for a while, or come back elsewhere. */
export interface Place {
  /** The server, once it is up. */
  readonly server: Promise<XmppServer>;
  /** Counts its processes: those that were killed, too. */
  readonly generation: number;
}

export interface ClientOptions {
  readonly place: Place;
  readonly user: string;
  readonly ledger: MessageLedger;
  readonly resource?: string;
  readonly tls?: boolean;
  /** Rooms to enter once available; full addresses of the occupant. */
  readonly rooms?: readonly string[];
  /** Acknowledges after so many stanzas by itself, besides when it is asked. */
  readonly acknowledgeEvery?: number;
  /** Milliseconds to stay away after a connection broke; default: none. */
  readonly absence?: () => number;
  /** Milliseconds without an answer after which the connection is taken for dead. */
  readonly patience?: number;
}

interface Outgoing {
  readonly id: string | undefined;
  readonly text: string;
}

/**
 * A client with stream management (XEP-0198) that comes back by itself: it resumes where it can, sends again what the
 * server says it has not handled, and logs in anew where it cannot resume. What it cannot know about it never sends again.
 */
export class ManagedClient {
  readonly user: string;
  readonly #options: ClientOptions;
  #link: Link | undefined;
  /** Names the session to resume. */
  #previous: string | undefined;
  #generation = 0;
  #session = 0;
  #handled = 0;
  #outgoing: Outgoing[] = [];
  #acknowledged = 0;
  #unconfirmed: { confirmed: boolean }[] = [];
  /** Lists of what the server knows that came, once it answers the question that was sent after each. */
  #confirming: { confirmed: boolean }[][] = [];
  #sinceAcknowledged = 0;
  #waiting: { count: number; resolve: () => void }[] = [];
  #stopped = false;
  readonly #stopping = Promise.withResolvers<void>();
  #askedAt: number | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #questions = new Map<string, (answer: string) => void>();
  readonly #collected = new Map<string, string[]>();
  #lastQuestion = 0;
  #ready = Promise.withResolvers<void>();
  #isReady = false;
  #ended: Promise<void> = Promise.resolve();
  /** Stanzas may be sent: there is a session, and the connection is its own. */
  #present = false;
  #run: Promise<void> | undefined;
  /** How often it went on where it was, and how often it had to begin anew. */
  readonly times = { resumed: 0, begun: 0, broken: 0 };
  /** Errors that came for messages: they were refused, so they are not owed. */
  readonly refused = new Map<string, string>();
  /** The last error of a stream. */
  farewell: string | undefined;
  /** It neither answers questions of the server nor says what it has got. */
  mute = false;

  constructor(options: ClientOptions) {
    this.user = options.user;
    this.#options = options;
    this.#watch = setInterval(() => this.#look(), 100);
  }

  /** Logs in, and again whenever the connection breaks; resolves after the first time. */
  start(): Promise<void> {
    this.#run ??= this.#live();
    return this.#ready.promise;
  }

  /** Resolves when it is logged in, now or soon. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Says goodbye: what is unacknowledged on either side stays so. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.resolve();
    clearInterval(this.#watch);
    this.#present = false;
    this.#ready.resolve();
    await this.#link?.close("</stream:stream>").catch(() => {}); // the server may have closed it at this very moment
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await this.#run;
  }

  /** Resolves when it has no connection. */
  get broken(): Promise<void> {
    return this.#link === undefined ? Promise.resolve() : this.#ended;
  }

  /** The connection breaks. */
  drop(): void {
    this.#link?.drop();
  }

  /** Reads nothing more from the connection. */
  stall(stalled = true): void {
    this.#link?.stall(stalled);
  }

  /** Sends a message with an id that is counted. */
  say(id: string, way: Way, to: string, { recipients = [to.split("@")[0]!], extra = "" } = {}): void {
    if (!this.#present) return;
    this.#options.ledger.sent(id, way, recipients);
    const type = way === "room" ? "groupchat" : "chat";
    this.#write({ id, text: `<message type='${type}' to='${to}' id='${id}'><body>${id}</body>${extra}</message>` });
  }

  /** Sends something that is not counted. */
  send(text: string): void {
    this.#write({ id: undefined, text });
  }

  /** Resolves when all that was sent is acknowledged, or the session cannot be resumed. */
  acknowledged(): Promise<void> {
    if (this.#outgoing.length === 0 || this.#stopped) return Promise.resolve();
    this.#request();
    const count = this.#acknowledged + this.#outgoing.length;
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Asks a question; resolves with the answer and the messages that came with its query id; "" if the session ended. */
  async ask(type: "get" | "set", payload: string, to?: string): Promise<{ answer: string; messages: string[] }> {
    await this.#ready.promise;
    const id = `${this.user}-q${++this.#lastQuestion}`;
    const messages: string[] = [];
    this.#collected.set(id, messages);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#questions.set(id, resolve);
    const address = to === undefined ? "" : ` to='${to}'`;
    this.#write({
      id: undefined,
      text: `<iq type='${type}' id='${id}'${address}>${payload.replaceAll("QUERY", id)}</iq>`,
    });
    try {
      return { answer: await promise, messages };
    } finally {
      this.#questions.delete(id);
      this.#collected.delete(id);
    }
  }

  #write(outgoing: Outgoing): void {
    this.#outgoing.push(outgoing);
    if (this.#present) this.#link?.send(outgoing.text);
  }

  #request(): void {
    if (this.#link === undefined || !this.#present) return;
    this.#askedAt ??= performance.now();
    this.#confirming.push(this.#unconfirmed);
    this.#unconfirmed = [];
    this.#link.send(this.mute ? `<r ${sm}/>` : `<a ${sm} h='${this.#handled}'/><r ${sm}/>`);
    this.#sinceAcknowledged = 0;
  }

  /** A connection that does not answer is dead. */
  #look(): void {
    const { patience = 5_000 } = this.#options;
    if (this.#askedAt !== undefined && performance.now() - this.#askedAt > patience) {
      this.#askedAt = undefined;
      this.#link?.drop();
    } else if (this.#waiting.length > 0) this.#request();
  }

  async #live(): Promise<void> {
    while (!this.#stopped) {
      const there = await this.#connect().then(
        () => true,
        () => false,
      );
      if (there) await this.#ended;
      const pause = there ? (this.#options.absence?.() ?? 0) : 20;
      if (!this.#stopped) await Promise.race([sleep(pause, undefined, { ref: false }), this.#stopping.promise]);
    }
  }

  /** Resolves when the client is there. */
  async #connect(): Promise<void> {
    const { place, user, tls = false } = this.#options;
    const server = await place.server;
    const link = await server.authenticated(user, { tls });
    if (this.#stopped) {
      await link.close();
      throw new Error("stopped");
    }
    this.#ended = new Promise<void>((resolve) => {
      link.onEnd = () => {
        this.#lost(link);
        resolve();
      };
      if (link.lost) link.onEnd();
    });
    this.#link = link;
    if (!(await this.#resume(link))) await this.#begin(server, link);
    this.#isReady = !link.lost;
    if (this.#isReady) this.#ready.resolve();
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#askedAt = undefined;
    this.#unconfirmed = [...this.#confirming.flat(), ...this.#unconfirmed];
    this.#confirming = [];
    this.times.broken++;
    if (this.#isReady && !this.#stopped) this.#ready = Promise.withResolvers();
    this.#isReady = false;
    this.#present = false;
  }

  async #resume(link: Link): Promise<boolean> {
    if (this.#previous === undefined) return false;
    link.send(`<resume ${sm} previd='${this.#previous}' h='${this.#handled}'/>`);
    const answer = await link.next();
    const handled = attribute(answer, "h");
    if (handled !== undefined) this.#take(Number(handled));
    if (!/^<resumed/.test(answer)) return false;
    this.times.resumed++;
    for (const sight of this.#unconfirmed.splice(0)) sight.confirmed = true; // the server was told all that came
    const other = this.#generation !== this.#options.place.generation;
    this.#generation = this.#options.place.generation;
    this.#present = true;
    for (const { id, text } of this.#outgoing) {
      if (other && id !== undefined) this.#options.ledger.repeated(id);
      link.send(text);
    }
    link.listen((stanza) => this.#receive(stanza));
    if (this.#waiting.length > 0) this.#request();
    return true;
  }

  /** A new session: what the old one left unanswered stays so. */
  async #begin(server: XmppServer, link: Link): Promise<void> {
    this.#previous = undefined;
    this.#outgoing = [];
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    for (const answer of this.#questions.values()) answer("");
    const jid = await server.bind(link, this.#options.resource ?? "client");
    link.send(`<enable ${sm} resume='true'/>`);
    const enabled = await link.next();
    if (!/^<enabled/.test(enabled)) throw new Error(`stream management was refused: ${enabled}`);
    this.#session++;
    this.#handled = 0;
    this.#acknowledged = 0;
    this.#unconfirmed = [];
    this.#confirming = [];
    this.#previous = attribute(enabled, "id");
    this.#generation = this.#options.place.generation;
    this.#present = true;
    this.times.begun++;
    const present = Promise.withResolvers<void>();
    const entered = new Set(this.#options.rooms);
    link.onEnd = ((before) => () => {
      present.reject(new Error("the connection broke"));
      before?.();
    })(link.onEnd);
    const check = (stanza: string) => {
      const from = stanza.startsWith("<presence") ? attribute(stanza, "from") : undefined;
      if (from === jid && entered.size === 0) present.resolve();
      if (from !== undefined && entered.delete(from) && entered.size === 0) present.resolve();
    };
    link.listen((stanza) => {
      check(stanza);
      this.#receive(stanza);
    });
    this.#write({ id: undefined, text: "<presence/>" });
    for (const room of this.#options.rooms ?? []) {
      this.#write({
        id: undefined,
        text: `<presence to='${room}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`,
      });
    }
    await present.promise;
  }

  #receive(stanza: string): void {
    if (stanza.startsWith("<r ") || stanza.startsWith("<r>")) {
      if (!this.mute) this.#link?.send(`<a ${sm} h='${this.#handled}'/>`);
      return;
    }
    if (stanza.startsWith("<a ")) return this.#answered(Number(attribute(stanza, "h")));
    if (stanza.startsWith("<stream:error")) this.farewell = stanza;
    if (!/^<(message|presence|iq)[ >/]/.test(stanza)) return;
    this.#handled = (this.#handled + 1) % 2 ** 32;
    if (stanza.startsWith("<iq")) this.#iq(stanza);
    else if (stanza.startsWith("<message")) this.#message(stanza);
    const { acknowledgeEvery = 10 } = this.#options;
    if (!this.mute && ++this.#sinceAcknowledged >= acknowledgeEvery) this.#request();
  }

  #iq(stanza: string): void {
    const id = attribute(stanza, "id") ?? "";
    const head = stanza.slice(0, stanza.indexOf(">"));
    if (/ type=['"](result|error)/.test(head)) this.#questions.get(id)?.(stanza);
    else if (/ type=['"]get/.test(head))
      this.#write({ id: undefined, text: `<iq type='result' id='${id}' to='${attribute(stanza, "from")}'/>` });
  }

  #message(stanza: string): void {
    const head = stanza.slice(0, stanza.indexOf(">"));
    const result = /<result [^>]*queryid=['"]([^'"]+)/.exec(stanza)?.[1];
    if (result !== undefined) return void this.#collected.get(result)?.push(stanza);
    const [, id] = / id=['"]([^'"]+)/.exec(head) ?? [];
    if (id === undefined) return;
    if (/ type=['"]error/.test(head)) {
      this.#options.ledger.refused(id);
      this.refused.set(id, stanza);
      return;
    }
    if (!stanza.includes("<body")) return;
    const [, archived] =
      new RegExp(`<stanza-id [^>]*by=['"]${this.user}@[^>]*`).exec(stanza)?.[0].match(/ id=['"]([^'"]+)/) ?? [];
    const sight = this.#options.ledger.came(id, this.user, { session: this.#session, archived });
    if (sight) this.#unconfirmed.push(sight);
  }

  #answered(handled: number): void {
    this.#askedAt = undefined;
    for (const sight of this.#confirming.shift() ?? []) if (!this.mute) sight.confirmed = true;
    this.#take(handled);
  }

  #take(handled: number): void {
    const count = (handled - this.#acknowledged + 2 ** 32) % 2 ** 32;
    for (const { id } of this.#outgoing.splice(0, count)) if (id !== undefined) this.#options.ledger.acknowledge(id);
    this.#acknowledged = handled;
    const done = this.#waiting.filter((one) => one.count <= handled);
    this.#waiting = this.#waiting.filter((one) => one.count > handled);
    for (const { resolve } of done) resolve();
  }
}
