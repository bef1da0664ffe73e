import type { Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { Stream } from "#stream/stream.ts";
import type { Confirmations } from "./confirmations.ts";
import type { Pair } from "./pair.ts";
import { request, tooHigh } from "./tags.ts";

const wrap = 2 ** 32;
/** Without stream management: how long it is waited for more before the peer is asked, and what is kept until it answers. */
const confirmEvery = 1_000;
const mostUnconfirmed = 1_000;
const mostUnconfirmedBytes = 4 * 1024 ** 2;

/** A stanza on its way to another server. */
export interface Entry {
  readonly stanza: Stanza;
  readonly pair: Pair;
  /** Whether a client of ours sent it, rather than the server itself. */
  readonly byClient: boolean;
  /** The language of its sender's client, for errors. */
  readonly lang: string | undefined;
  /** When it was sent; milliseconds since the epoch. */
  readonly since: number;
  readonly bytes: number;
}

interface Written {
  readonly entry: Entry;
  /** What the stream has sent with it. */
  readonly end: number;
}

/**
 * What was written to a stream and may not have arrived. With stream management (XEP-0198) a stanza stays until the peer
 * says that it has handled it; without, until it has answered a question that was written behind it, or, where it
 * answers none, until the connection has taken its last byte.
 */
export class Outbox {
  readonly #stream: Stream;
  readonly #confirmations: Confirmations;
  #entries: Written[] = [];
  /** Written before stanzas counted. */
  #before: Written[] = [];
  /** Without stream management: what no answer followed yet. */
  #unconfirmed: Written[] = [];
  #confirms = true;
  #question: string | undefined;
  #pause: NodeJS.Timeout | undefined;
  #managed = false;
  #acknowledged = 0;
  #turn: NodeJS.Immediate | undefined;
  /** When the peer was asked, if it has not answered; milliseconds since the epoch. */
  askedAt: number | undefined;

  constructor(stream: Stream, confirmations: Confirmations) {
    this.#stream = stream;
    this.#confirmations = confirmations;
  }

  get managed(): boolean {
    return this.#managed;
  }

  /** The number of stanzas that are on their way. */
  get size(): number {
    this.#prune();
    return this.#before.length + this.#entries.length;
  }

  /** Their size together. */
  get bytes(): number {
    this.#prune();
    const oldest = this.#before[0] ?? this.#entries[0];
    return oldest === undefined ? 0 : this.#from(oldest);
  }

  /** Bytes that the stream has sent from there on. */
  #from({ entry, end }: Written): number {
    return this.#stream.sent - end + entry.bytes;
  }

  /** Stanzas count from here: `<enable/>` or `<enabled/>` was written (XEP-0198 §4). */
  manage(): void {
    this.unanswered();
    this.#before = this.#entries;
    this.#entries = [];
    this.#managed = true;
  }

  write(entry: Entry): void {
    this.#prune();
    this.#stream.send(entry.stanza.element);
    const written = { entry, end: this.#stream.sent };
    this.#entries.push(written);
    if (this.#managed) return this.#askSoon();
    if (!this.#confirms) return;
    this.#unconfirmed.push(written);
    while (this.#unconfirmed.length > mostUnconfirmed || this.#from(this.#unconfirmed[0]!) > mostUnconfirmedBytes) {
      this.#unconfirmed.shift();
    }
    this.#confirmSoon();
  }

  /** Asks the peer how much it has handled. */
  ask(): void {
    if (!this.#stream.opened) return;
    this.askedAt = Date.now();
    this.#stream.send(request());
  }

  /** The peer says how much it has handled. @throws StreamError where it cannot have (XEP-0198 §6) */
  acknowledge(count: number): void {
    const news = (count - this.#acknowledged + wrap) % wrap;
    if (!this.#managed || !Number.isInteger(count) || news > this.#entries.length) {
      const sent = String((this.#acknowledged + this.#entries.length) % wrap);
      const detail = tooHigh({ h: String(count), "send-count": sent });
      throw new StreamError("undefined-condition", "More stanzas acknowledged than sent", detail);
    }
    this.askedAt = undefined;
    this.#acknowledged = count;
    this.#entries = this.#entries.slice(news);
    this.#askSoon();
  }

  /** Without stream management the peer does not answer questions: it is not asked again. */
  unanswered(): void {
    this.#endQuestion();
    this.#confirms = false;
    this.#unconfirmed = [];
  }

  /**
   * The stream is over: gives out, once, what may not have arrived, oldest first. `orderly`: it was closed here, and the
   * peer reads to the end.
   */
  take(orderly: boolean): Entry[] {
    this.#prune();
    clearImmediate(this.#turn);
    this.#endQuestion();
    const left = this.#managed || orderly || !this.#confirms ? [...this.#before, ...this.#entries] : this.#unconfirmed;
    this.#before = [];
    this.#entries = [];
    this.#unconfirmed = [];
    return left.map(({ entry }) => entry);
  }

  #confirmSoon(): void {
    if (this.#question !== undefined || this.#pause !== undefined) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#confirm();
    }, confirmEvery);
    this.#pause.unref();
  }

  #confirm(): void {
    const last = this.#unconfirmed.at(-1);
    if (last === undefined || !this.#stream.opened) return;
    const { id, question } = this.#confirmations.ask(last.entry.pair, () => {
      this.#question = undefined;
      this.askedAt = undefined;
      this.#unconfirmed = this.#unconfirmed.filter(({ end }) => end > last.end);
      if (this.#unconfirmed.length > 0) this.#confirmSoon();
    });
    this.#question = id;
    this.askedAt = Date.now();
    this.#stream.send(question);
  }

  #endQuestion(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#question === undefined) return;
    this.#confirmations.forget(this.#question);
    this.#question = undefined;
    this.askedAt = undefined;
  }

  /** One question for all that is written in one turn; the next one when it is answered. */
  #askSoon(): void {
    if (!this.#managed || this.askedAt !== undefined || this.#turn !== undefined || this.#entries.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      if (this.#entries.length > 0) this.ask();
    });
  }

  #prune(): void {
    const gone = this.#stream.sent - this.#stream.transport.buffered;
    if (this.#before.length > 0) this.#before = this.#before.filter(({ end }) => end > gone);
    if (!this.#managed) this.#entries = this.#entries.filter(({ end }) => end > gone);
  }
}
