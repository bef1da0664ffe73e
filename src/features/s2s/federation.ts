import { setTimeout as sleep } from "node:timers/promises";
import { addressGroup } from "#collections/address-group.ts";
import type { Correspondence, Explanation, FederationView } from "#core/federation.ts";
import type { Server } from "#core/host.ts";
import { beforeAuthentication } from "#core/limits.ts";
import { background, type Logger } from "#core/log.ts";
import type { Packet } from "#core/packet.ts";
import { StanzaError } from "#stanza/error.ts";
import { client } from "#stanza/namespaces.ts";
import { checkShape, type Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { Transport } from "#stream/transport.ts";
import type { Element } from "#xml/element.ts";
import { Confirmations } from "./confirmations.ts";
import { describeRoute, describeStream } from "./correspondence.ts";
import { explain } from "./explain.ts";
import { Failure } from "./failure.ts";
import { Incoming } from "./incoming.ts";
import { DialbackKeys } from "./key.ts";
import type { Entry } from "./outbox.ts";
import { keyOf, type Pair } from "./pair.ts";
import type { Authentication, PeerStream } from "./peer-stream.ts";
import { Policy } from "./policy.ts";
import { Rates } from "./rates.ts";
import { reach } from "./reach.ts";
import { Route } from "./route.ts";
import type { S2sSettings } from "./settings.ts";
import * as tags from "./tags.ts";
import * as texts from "./texts.ts";

/** How often streams and routes are looked over at the least, in milliseconds. */
const sweepEvery = 5_000;
/** How long a stop waits for what is on its way, and for streams to close, in milliseconds. */
const mostFinishing = 3_000;
/** Likewise for stanzas that have come and are being handled. */
const mostHandling = 1_000;
/** Domains of which something is remembered, and attempts at the same time. */
const mostRoutes = 10_000;
/** Streams of others take no more of them: a server with very many domains leaves room for our people. */
const mostCarried = 5_000;
const mostAttempts = 500;
/** Dialback keys that are checked at the same time for one address. */
const mostChecks = 20;

/** Everything that goes between this server and others: streams, the ways to domains, policy, limits. */
export class Federation implements FederationView {
  readonly server: Server;
  readonly settings: S2sSettings;
  readonly log: Logger;
  readonly policy: Policy;
  readonly keys: DialbackKeys;
  readonly rates: Rates;
  readonly confirmations: Confirmations = new Confirmations();
  closing = false;
  /** What waits for ways to domains, all together; bytes. */
  queued = 0;
  readonly #routes = new Map<string, Route>();
  readonly #streams = new Set<PeerStream>();
  readonly #stopping = new AbortController();
  readonly #sweep: NodeJS.Timeout;
  /** Keys that are being checked, by the address that wants to be believed. */
  readonly #verifying = new Map<string, number>();
  #idle: (() => void)[] = [];

  constructor(server: Server, settings: S2sSettings) {
    this.server = server;
    this.settings = settings;
    this.log = server.log.child({ feature: "s2s" });
    this.policy = new Policy(settings);
    this.keys = new DialbackKeys(server.secret("dialback"));
    this.rates = new Rates(settings.rate, settings.burst);
    const { "handshake-time": handshake, "answer-time": answer, "keep-alive": alive, idle, queue } = settings;
    this.#sweep = setInterval(
      () => this.#lookOver(Date.now()),
      Math.max(20, Math.min(sweepEvery, handshake, answer, alive, idle, queue.time)),
    );
    this.#sweep.unref();
    server.metrics.gauge("s2s_streams", () => this.#streams.size);
    server.metrics.gauge("s2s_stanzas_waiting", () =>
      [...this.#routes.values()].reduce((sum, one) => sum + one.waiting, 0),
    );
  }

  /** Whether a domain is served here, an alias or an external component included. */
  hosted(domain: string): boolean {
    const { router, faces } = this.server;
    const canonical = faces.domain(domain);
    return router.hosts.has(canonical) || router.gateways.has(canonical);
  }

  /** A stanza leaves for another server. Never throws: who sent it is told by a stanza. */
  forward({ stanza, origin }: Packet): void | Promise<void> {
    const { from, to } = stanza;
    if (this.hosted(to.domain)) return this.server.router.accept(stanza); // to one of our own aliases
    if (!this.hosted(from.domain)) return; // from elsewhere to elsewhere: nothing is relayed
    const pair = { local: from.domain, remote: to.domain };
    const bytes = stanza.element.wire(client).length;
    const entry = { stanza, pair, byClient: origin !== undefined, lang: origin?.lang, since: Date.now(), bytes };
    const refusal = this.server.network === undefined ? texts.notHere : this.policy.refusal(pair.remote);
    if (refusal !== undefined) return this.bounce(entry, new StanzaError(refusal.condition, refusal.words));
    this.server.metrics.count("s2s_stanzas_sent");
    const route = this.#route(pair);
    if (route !== undefined) return route.send(entry);
    this.bounce(entry, new StanzaError("resource-constraint", texts.queueFull(pair.remote).words));
  }

  #route(pair: Pair, most = mostRoutes): Route | undefined {
    const key = keyOf(pair);
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    if (this.#routes.size >= most) return undefined;
    const route = new Route(this, pair);
    this.#routes.set(key, route);
    return route;
  }

  /** Whether there are not too many attempts already. */
  get mayTry(): boolean {
    return [...this.#routes.values()].filter(({ connecting }) => connecting).length < mostAttempts;
  }

  /** What could not be sent goes back to its sender, where somebody waits for it (RFC 6120 §10.4). */
  bounce({ stanza, byClient, lang }: Entry, error: StanzaError): void {
    this.server.metrics.count("s2s_stanzas_bounced", error.condition);
    if (!deservesAnswer(stanza, byClient)) return;
    background(this.log, this.server.router.accept(stanza.error(error, lang)));
  }

  /** A stanza has come in, its addresses checked. */
  receive(stanza: Stanza): void | Promise<void> {
    if (this.confirmations.take(stanza)) return;
    this.server.metrics.count("s2s_stanzas_received");
    try {
      checkShape(stanza);
    } catch (problem) {
      return this.server.router.bounce({ stanza }, problem);
    }
    return this.server.router.accept(stanza);
  }

  /** Another server connects. */
  accept(transport: Transport): void {
    if (this.closing) return transport.destroy();
    const from = addressGroup(transport.address);
    const others = [...this.#streams].filter(({ direction, network }) => direction === "in" && network === from);
    if (others.length >= this.settings["streams-per-address"]) {
      this.server.metrics.count("s2s_streams_refused", "too-many");
      return transport.destroy();
    }
    const stream = new Incoming(this, transport);
    this.opened(stream);
    stream.start();
  }

  opened(stream: PeerStream): void {
    this.#streams.add(stream);
    this.server.metrics.count("s2s_streams_opened", stream.direction);
  }

  /** Whether a domain may have one more stream here. */
  roomFor(domain: string, stream: PeerStream): boolean {
    let count = 0;
    for (const other of this.#streams) {
      const same = other.direction === "in" && other.pairs.some(({ remote }) => remote === domain);
      if (other !== stream && same) count++;
    }
    return count < this.settings["streams-per-domain"];
  }

  /** A domain has been proved, or has accepted us. */
  met(pair: Pair, stream: PeerStream, how: Authentication): void {
    this.log.info("server authenticated", {
      domain: pair.remote,
      with: pair.local,
      direction: stream.direction,
      how,
      encrypted: stream.secure,
      bidirectional: stream.bidirectional,
      peer: stream.peer,
    });
    this.#routes.get(keyOf(pair))?.recovered();
  }

  /** Stanzas of the pair may be written to the stream. */
  carried(pair: Pair, stream: PeerStream): void {
    this.#route(pair, mostCarried)?.attach(stream);
  }

  /** A stream takes more than before. */
  relieved(stream: PeerStream): void {
    for (const pair of stream.pairs) this.#routes.get(keyOf(pair))?.flush();
  }

  /** A stream carries nothing any more; `left` may not have arrived. */
  lost(stream: PeerStream, pairs: readonly Pair[], left: readonly Entry[]): void {
    for (const pair of pairs) {
      const key = keyOf(pair);
      this.#routes.get(key)?.lost(
        stream,
        left.filter((entry) => keyOf(entry.pair) === key),
      );
    }
  }

  left(stream: PeerStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  /**
   * Asks a domain whether a key is its own, over a connection of its own (XEP-0220 §2.1.2). `asker`: the network that
   * wants to be believed, which may not make us connect everywhere. @throws Failure
   */
  async verify(pair: Pair, request: { readonly id: string; readonly key: string }, asker: string): Promise<boolean> {
    const already = this.#verifying.get(asker) ?? 0;
    if (already >= mostChecks) {
      throw new Failure("authentication", texts.notAuthenticated(pair.remote), "too many keys to check at a time");
    }
    this.#verifying.set(asker, already + 1);
    try {
      const { signal } = this.#stopping;
      const { stream, answer } = await reach(this, { pair, task: { kind: "verify", ...request }, signal });
      stream.stream.close();
      return answer;
    } finally {
      const left = this.#verifying.get(asker)! - 1;
      if (left > 0) this.#verifying.set(asker, left);
      else this.#verifying.delete(asker);
    }
  }

  /** Stream Limits Advertisement (XEP-0478 §3). */
  limits(authenticated: boolean): Element {
    const bytes = authenticated ? this.settings["stanza-size"] : beforeAuthentication.stanzaBytes;
    const idle = Math.floor((authenticated ? this.settings.idle : this.settings["handshake-time"]) / 1000);
    return tags.limits({}, tags.maxBytes({}, String(bytes)), tags.idleSeconds({}, String(idle)));
  }

  list(): readonly Correspondence[] {
    const streams = [...this.#streams].flatMap((stream) =>
      describeStream(stream, (pair) => this.#routes.get(keyOf(pair))),
    );
    const routes = [...this.#routes.values()].flatMap(describeRoute);
    return [...streams, ...routes].sort((one, other) => (one.domain < other.domain ? -1 : 1));
  }

  /** What is found good need not rest any more. */
  async explain(local: string, remote: string): Promise<Explanation> {
    const pair = { local, remote };
    const found = await explain(this, pair, this.#stopping.signal);
    if (found.ways.some(({ failure }) => failure === undefined)) this.#routes.get(keyOf(pair))?.recovered();
    return found;
  }

  #lookOver(now: number): void {
    this.rates.sweep(now);
    for (const stream of this.#streams) this.#look(stream, now);
    for (const [key, route] of this.#routes) {
      route.expire(now);
      route.flush();
      if (route.forgettable) this.#routes.delete(key);
    }
  }

  #look(stream: PeerStream, now: number): void {
    const { "handshake-time": handshake, "answer-time": answer, "keep-alive": alive, idle } = this.settings;
    const { askedAt } = stream.outbox;
    if (stream.pairs.length === 0) {
      if (stream.direction === "in" && now - stream.since > handshake) this.#timeOut(stream, "This took too long");
    } else if (askedAt !== undefined && now - askedAt > answer && !stream.outbox.managed) {
      stream.outbox.unanswered();
    } else if (askedAt !== undefined && now - askedAt > answer) {
      this.log.info("a server does not acknowledge", stream.described);
      stream.stream.transport.destroy();
    } else if (now - stream.used > idle && stream.outbox.size === 0) {
      stream.retire();
    } else if (now - Math.max(stream.heard, stream.tried) > alive) stream.tries(now);
  }

  /** RFC 6120 §4.9.3.4. A peer that does not even take this is cut. */
  #timeOut(stream: PeerStream, why: string): void {
    const error = new StreamError("connection-timeout", why);
    stream.refused(error);
    if (stream.stream.open) stream.stream.close(error);
    else stream.stream.transport.destroy();
  }

  /** Waits for what is on its way, then closes every stream: seconds at most. */
  async close(): Promise<void> {
    const deadline = Date.now() + mostFinishing;
    const busy = () =>
      [...this.#streams].some(({ outbox }) => outbox.size > 0) ||
      [...this.#routes.values()].some((route) => route.busy);
    while (busy() && Date.now() < deadline) await sleep(20);
    this.closing = true;
    clearInterval(this.#sweep);
    this.#stopping.abort();
    const handled = Promise.allSettled([...this.#streams].map(({ stream }) => stream.finishes()));
    await Promise.race([handled, sleep(mostHandling, undefined, { ref: false })]);
    for (const route of this.#routes.values()) route.close();
    for (const { stream } of this.#streams) stream.close(new StreamError("system-shutdown"));
    if (this.#streams.size > 0) {
      const gone = new Promise<void>((resolve) => this.#idle.push(resolve));
      await Promise.race([gone, sleep(mostFinishing, undefined, { ref: false })]);
    }
    for (const { stream } of this.#streams) stream.transport.destroy();
    for (const route of this.#routes.values()) route.close();
  }
}

/**
 * Answers bring no error back, nor presence that the server tells contacts; who shows oneself to somebody, enters a room or
 * asks a contact waits for one.
 */
function deservesAnswer(stanza: Stanza, byClient: boolean): boolean {
  if (stanza.type === "error") return false;
  if (stanza.kind === "presence") {
    return stanza.type === "subscribe" || (stanza.type === "" && (byClient || !stanza.to.isBare));
  }
  return stanza.kind === "message" || stanza.type === "get" || stanza.type === "set";
}
