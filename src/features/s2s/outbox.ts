import type { Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { Stream } from "#stream/stream.ts";
import type { Pair } from "./pair.ts";
import { request, tooHigh } from "./tags.ts";

const wrap = 2 ** 32;

/** A stanza on its way to another server. */
export interface Entry {
  readonly stanza: Stanza;
  readonly pair: Pair;
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
 * says that it has handled it; without, until the connection has taken its last byte.
 */
export class Outbox {
  readonly #stream: Stream;
  #entries: Written[] = [];
  /** Written before stanzas counted. */
  #before: Written[] = [];
  #managed = false;
  #acknowledged = 0;
  #turn: NodeJS.Immediate | undefined;
  /** When the peer was asked, if it has not answered; milliseconds since the epoch. */
  askedAt: number | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get managed(): boolean {
    return this.#managed;
  }

  /** The number of stanzas that may not have arrived. */
  get size(): number {
    this.#prune();
    return this.#before.length + this.#entries.length;
  }

  /** Stanzas count from here: `<enable/>` or `<enabled/>` was written (XEP-0198 §4). */
  manage(): void {
    this.#before = this.#entries;
    this.#entries = [];
    this.#managed = true;
  }

  write(entry: Entry): void {
    this.#prune();
    this.#stream.send(entry.stanza.element);
    this.#entries.push({ entry, end: this.#stream.sent });
    this.#askSoon();
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

  /** The stream is over: gives out, once, what may not have arrived, oldest first. */
  take(): Entry[] {
    this.#prune();
    clearImmediate(this.#turn);
    const left = [...this.#before, ...this.#entries].map(({ entry }) => entry);
    this.#before = [];
    this.#entries = [];
    return left;
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
