import { addressGroup } from "#collections/address-group.ts";
import { afterAuthentication } from "#core/limits.ts";
import { server } from "#stanza/namespaces.ts";
import { type Kind, kindOf } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import { Stream, type StreamEvents } from "#stream/stream.ts";
import type { CloseReason, Transport } from "#stream/transport.ts";
import type { Element } from "#xml/element.ts";
import type { Limits } from "#xml/limits.ts";
import { answerDialback, DialbackRequests } from "./dialback.ts";
import type { Federation } from "./federation.ts";
import { type Entry, Outbox } from "./outbox.ts";
import { keyOf, type Pair } from "./pair.ts";
import { readStanza } from "./reception.ts";
import * as tags from "./tags.ts";

/** How the peer has proved to be the domain it speaks for. */
export type Authentication = "none" | "certificate" | "dialback";

/** Beyond so many stanzas or bytes that have not arrived, more must wait. */
const mostUnderWay = 1_000;
const mostUnsent = 1024 ** 2;
const mostUnderWayBytes = 4 * 1024 ** 2;

/**
 * A stream to or from another server: what both directions share once they are set up. Stanzas come in for the pairs of
 * domains that the peer has proved, and go out for the pairs that it has accepted.
 */
export abstract class PeerStream implements StreamEvents {
  abstract readonly direction: "in" | "out";
  /** The id that the receiving side gave the stream. */
  abstract readonly id: string;
  readonly house: Federation;
  readonly stream: Stream;
  readonly outbox: Outbox;
  /** The peer's address for limits; of IPv6 the /64. */
  readonly network: string;
  authentication: Authentication = "none";
  /** Both directions are carried (XEP-0288). */
  bidirectional = false;
  /** When it was opened, last heard, and last carried a stanza; milliseconds since the epoch. */
  readonly since: number = Date.now();
  heard: number = this.since;
  used: number = this.since;
  /** When it was tried last. */
  tried: number = this.since;
  /** The largest stanza that the peer takes, if it says so (XEP-0478); bytes. */
  peerLimit: number = Number.POSITIVE_INFINITY;
  readonly #dialback = new DialbackRequests(this);
  /** Pairs whose remote domain may send to their local one, and the other way round. */
  readonly #receives = new Map<string, Pair>();
  readonly #sends = new Map<string, Pair>();
  readonly #certified = new Set<string>();
  /** Stanzas of the peer that have been handled since it asked for acknowledgements. */
  #handled: number | undefined;
  #charged = 0;
  #held: NodeJS.Timeout | undefined;
  #over = false;
  #retired = false;

  constructor(house: Federation, transport: Transport, limits: Limits) {
    this.house = house;
    this.network = addressGroup(transport.address);
    const prefix = { name: "db", namespace: tags.dialback };
    this.stream = new Stream(transport, this, { limits, namespace: server, prefix });
    this.outbox = new Outbox(this.stream, house.confirmations);
  }

  abstract header(header: Element): void | Promise<void>;
  /** Takes an element that belongs to the setting up of this direction. */
  protected abstract negotiate(element: Element): void | Promise<void>;
  /** The stream is over, with what has not arrived; `why` as the log has it. */
  protected abstract over(why: string): void;
  /** A pair that the peer asked for by dialback has been proved. */
  abstract proved(pair: Pair, how: Authentication): void;

  start(): void {
    this.stream.start();
  }

  get peer(): string {
    return this.stream.transport.peer;
  }

  get secure(): boolean {
    return this.stream.transport.secure;
  }

  /** The pairs that it carries, in either direction. */
  get pairs(): readonly Pair[] {
    return [...new Map([...this.#receives, ...this.#sends]).values()];
  }

  get receives(): ReadonlyMap<string, Pair> {
    return this.#receives;
  }

  /** Whether it may be asked for more. */
  get ready(): boolean {
    const { outbox, stream } = this;
    const room = outbox.size < mostUnderWay && outbox.bytes < mostUnderWayBytes;
    return room && stream.opened && stream.transport.buffered < mostUnsent;
  }

  /** Whether the peer may send from the one domain to the other: a certificate proves its domain to all of ours. */
  admits(pair: Pair): boolean {
    return this.#receives.has(keyOf(pair)) || (this.#certified.has(pair.remote) && this.house.hosted(pair.local));
  }

  /** From now on the peer may speak for the pair's remote domain. */
  admit(pair: Pair, how: Authentication): void {
    this.#receives.set(keyOf(pair), pair);
    if (how === "certificate") this.#certified.add(pair.remote);
    if (this.authentication === "none") this.authentication = how;
    this.stream.limits = { ...afterAuthentication, stanzaBytes: this.house.settings["stanza-size"] };
  }

  /** From now on stanzas of the pair may be written here. */
  carry(pair: Pair): void {
    this.#sends.set(keyOf(pair), pair);
    this.house.carried(pair, this);
  }

  deliver(entry: Entry): void {
    this.used = Date.now();
    this.outbox.write(entry);
  }

  element(element: Element): void | Promise<void> {
    this.heard = Date.now();
    const kind = kindOf(element);
    if (kind !== undefined) return this.#receive(element, kind);
    const [proved] = this.#receives.values();
    if (proved !== undefined) this.#shape(proved.remote); // what is no stanza costs as well
    if (element.is(tags.streamError)) return this.streamError(element);
    if (element.ns === tags.managementNamespace) return this.manage(element);
    if (element.ns === tags.dialback) return this.dialback(element);
    return this.negotiate(element);
  }

  #receive(element: Element, kind: Kind): void | Promise<void> {
    if (this.#receives.size === 0) throw new StreamError("not-authorized", "Prove your domain first"); // §4.9.3.12
    const stanza = readStanza(element, kind, this);
    if (stanza === undefined) return this.#count();
    this.used = this.heard;
    this.#shape(stanza.from.domain);
    const work = this.house.receive(stanza);
    if (work instanceof Promise) return work.then(() => this.#count());
    this.#count();
  }

  #count(): void {
    if (this.#handled !== undefined) this.#handled = (this.#handled + 1) % 2 ** 32;
  }

  /** Reads a domain that sends more than allowed more slowly. */
  #shape(domain: string): void {
    const bytes = this.stream.received - this.#charged;
    this.#charged = this.stream.received;
    const wait = this.house.rates.spend(domain, bytes);
    if (wait === 0 || this.#held !== undefined) return;
    this.house.server.metrics.count("s2s_streams_slowed");
    this.stream.hold(true);
    this.#held = setTimeout(() => {
      this.#held = undefined;
      this.stream.hold(false);
    }, wait);
  }

  /** Stream management (XEP-0198): what both sides do once it is on. */
  protected manage(element: Element): void {
    if (element.is(tags.request) && this.#handled !== undefined) this.#acknowledge();
    else if (element.is(tags.answer)) {
      this.outbox.acknowledge(Number(element.attrs.h ?? Number.NaN));
      this.house.relieved(this);
    } else {
      throw new StreamError("unsupported-stanza-type");
    }
  }

  #acknowledge(): void {
    if (this.#handled !== undefined) this.stream.send(tags.answer({ h: String(this.#handled) }));
  }

  /** Both sides count stanzas from here. */
  protected counting(): void {
    this.#handled = 0;
    this.outbox.manage();
  }

  /** Requests of dialback: to prove a domain here, or to check a key of ours. */
  protected dialback(element: Element): void | Promise<void> {
    if (element.attrs.type !== undefined) throw new StreamError("unsupported-stanza-type");
    if (element.is(tags.verify)) return answerDialback(element, this);
    if (element.is(tags.result)) return this.#dialback.take(element);
    throw new StreamError("unsupported-stanza-type");
  }

  protected streamError(element: Element): void {
    const condition = element.elements[0]?.name ?? "undefined-condition";
    this.house.log.info("stream refused by the peer", {
      condition,
      why: element.child(tags.streamErrorText)?.text.slice(0, 200),
      ...this.described,
    });
    this.stream.close();
  }

  /** For the log. */
  get described(): Record<string, unknown> {
    const domains = this.pairs.map(({ remote }) => remote);
    return { peer: this.peer, direction: this.direction, domain: domains[0] };
  }

  /** Sends something that shows whether the connection still is one: a question, or white space (RFC 6120 §4.6.1). */
  tries(now: number): void {
    this.tried = now;
    if (!this.outbox.managed) this.stream.transport.write(" ");
    else if (this.outbox.askedAt === undefined) this.outbox.ask();
  }

  /** Closes a stream that nobody needs; the peer reads what was written before. */
  retire(): void {
    this.#retired = true;
    this.stream.close();
  }

  drained(): void {
    this.house.relieved(this);
  }

  closing(broken: boolean): void {
    if (!broken) this.#acknowledge(); // XEP-0198 §4: else the peer takes it for lost
    this.#end("closed");
  }

  ended(reason: CloseReason): void {
    this.#end(reason);
    this.house.left(this);
  }

  #end(why: string): void {
    clearTimeout(this.#held);
    this.#held = undefined;
    if (this.#over) return;
    this.#over = true;
    this.over(why);
    this.house.lost(this, [...this.#sends.values()], this.outbox.take(this.house.closing || this.#retired));
  }

  refused(error: StreamError): void {
    this.#handled = undefined; // who breaks rules is owed no account
    this.house.server.metrics.count("s2s_streams_refused", error.condition);
    this.house.log.info("stream refused", { condition: error.condition, why: error.explanation, ...this.described });
  }

  broken(cause: unknown): void {
    this.house.log.error("stream broken by a fault of ours", { cause, ...this.described });
  }
}
