import { background } from "#core/log.ts";
import type { StanzaError } from "#stanza/error.ts";
import { Failure } from "./failure.ts";
import type { Federation } from "./federation.ts";
import type { Entry } from "./outbox.ts";
import type { Pair } from "./pair.ts";
import type { PeerStream } from "./peer-stream.ts";
import { reach } from "./reach.ts";
import * as texts from "./texts.ts";

/** How long a lost connection is left alone before it is made anew: doubled each time, in milliseconds. */
const shortestPause = 50;
const longestPause = 4_000;

/**
 * The way from one domain of ours to one elsewhere: the stream in use, what waits for one, and what is remembered of the
 * last failure. Stanzas of a pair go in the order in which they came.
 */
export class Route {
  readonly pair: Pair;
  readonly #house: Federation;
  /** The streams that carry the pair; the first one is used. */
  #streams: PeerStream[] = [];
  #queue: Entry[] = [];
  #bytes = 0;
  #attempt: AbortController | undefined;
  #pause: NodeJS.Timeout | undefined;
  #pauseMs = shortestPause;
  #failures = 0;
  /** While a connection that was lost is made anew, its failures do not count yet. */
  #insistsUntil = 0;
  failure: Failure | undefined;
  /** Until when nothing is tried; milliseconds since the epoch. */
  restsUntil = 0;

  constructor(house: Federation, pair: Pair) {
    this.#house = house;
    this.pair = pair;
  }

  get stream(): PeerStream | undefined {
    return this.#streams[0];
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get connecting(): boolean {
    return this.#attempt !== undefined || this.#pause !== undefined;
  }

  /** Something waits that will probably go soon. */
  get busy(): boolean {
    if (this.waiting === 0) return false;
    return this.stream !== undefined || (this.#attempt !== undefined && Date.now() >= this.#insistsUntil);
  }

  /** Nothing goes on, and nothing needs to be remembered. */
  get forgettable(): boolean {
    return this.stream === undefined && !this.connecting && this.waiting === 0 && Date.now() >= this.restsUntil;
  }

  send(entry: Entry): void {
    const { stream } = this;
    if (stream === undefined && !this.connecting && this.failure !== undefined && Date.now() < this.restsUntil) {
      return this.#house.bounce(entry, this.failure.toStanzaError());
    }
    if (stream?.ready && this.#queue.length === 0) return this.#write(stream, entry);
    const { stanzas, size, total } = this.#house.settings.queue;
    const full = this.#queue.length >= stanzas || this.#bytes + entry.bytes > size;
    if (full || this.#house.queued + entry.bytes > total) {
      return this.#house.bounce(entry, this.#error(texts.queueFull(this.pair.remote)));
    }
    if (stream === undefined && !this.connecting && !this.#house.mayTry) {
      return this.#house.bounce(entry, this.#error(texts.queueFull(this.pair.remote)));
    }
    this.#wait(entry);
    if (stream === undefined && !this.connecting) this.#start();
  }

  #write(stream: PeerStream, entry: Entry): void {
    if (entry.bytes <= stream.peerLimit) return stream.deliver(entry);
    this.#house.bounce(entry, this.#error(texts.tooLarge(this.pair.remote)));
  }

  /** What waits has memory of its own, as it may wait long. */
  #wait(entry: Entry): void {
    this.#queue.push({ ...entry, stanza: entry.stanza.map((element) => element.compact()) });
    this.#weigh(entry.bytes);
  }

  #weigh(bytes: number): void {
    this.#bytes += bytes;
    this.#house.queued += bytes;
  }

  /** A stream carries the pair from now on. */
  attach(stream: PeerStream): void {
    this.#streams.push(stream);
    this.recovered();
    this.flush();
  }

  /** The other side is there: what failed before may work. */
  recovered(): void {
    this.#failures = 0;
    this.#pauseMs = shortestPause;
    this.#insistsUntil = 0;
    this.restsUntil = 0;
    this.failure = undefined;
  }

  /** Writes what waits, as far as the stream takes it. */
  flush(): void {
    const { stream } = this;
    if (stream === undefined) return;
    while (this.#queue.length > 0 && stream.ready) {
      const entry = this.#queue.shift()!;
      this.#weigh(-entry.bytes);
      this.#write(stream, entry);
    }
  }

  /** A stream is gone: what may not have arrived is sent again, before all else. */
  lost(stream: PeerStream, left: readonly Entry[]): void {
    this.#streams = this.#streams.filter((other) => other !== stream);
    const again: Entry[] = [];
    for (const entry of left) {
      // Done twice, a request to change something may do harm: its sender is told instead.
      const { stanza } = entry;
      if (stanza.kind === "iq" && stanza.type === "set")
        this.#house.bounce(entry, this.#error(texts.lost(this.pair.remote)));
      else again.push({ ...entry, stanza: stanza.map((element) => element.compact()) });
    }
    this.#queue = [...again, ...this.#queue];
    for (const { bytes } of again) this.#weigh(bytes);
    if (this.stream !== undefined) return this.flush();
    if (this.#queue.length === 0 || this.connecting) return;
    this.#insistsUntil = Date.now() + this.#house.settings.queue.time;
    this.#startLater();
  }

  #startLater(): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#queue.length > 0 && this.stream === undefined) this.#start();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(longestPause, this.#pauseMs * 2);
  }

  #start(): void {
    if (this.#house.closing)
      return this.#giveUp(new Failure("policy", texts.lost(this.pair.remote), "the server stops"));
    this.#attempt = new AbortController();
    background(this.#house.log, this.#connect(this.#attempt.signal));
  }

  async #connect(signal: AbortSignal): Promise<void> {
    try {
      const { stream } = await reach(this.#house, { pair: this.pair, task: { kind: "stanzas" }, signal });
      this.#attempt = undefined;
      if (!stream.stream.opened) return this.lost(stream, []); // closed in the same breath
      stream.carry(this.pair);
      this.#house.met(this.pair, stream, stream.authentication);
    } catch (problem) {
      this.#attempt = undefined;
      if (!(problem instanceof Failure)) {
        this.#giveUp(new Failure("connection", texts.noConnection(this.pair.remote), "a fault of ours", problem));
        throw problem;
      }
      this.#failed(problem);
    }
  }

  #failed(failure: Failure): void {
    const { log, settings, server } = this.#house;
    const { pair } = this;
    server.metrics.count("s2s_attempts_failed", failure.step);
    log.info("domain not reached", { domain: pair.remote, from: pair.local, step: failure.step, why: failure.message });
    if (this.stream !== undefined) return this.flush(); // it has come to us meanwhile
    if (Date.now() < this.#insistsUntil && this.#queue.length > 0 && !this.#house.closing) return this.#startLater();
    const { shortest, longest } = settings["back-off"];
    this.restsUntil = Date.now() + Math.min(longest, shortest * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    this.#giveUp(failure);
  }

  #giveUp(failure: Failure): void {
    this.failure = failure;
    const queue = this.#queue;
    this.#queue = [];
    this.#weigh(-this.#bytes);
    for (const entry of queue) this.#house.bounce(entry, failure.toStanzaError());
  }

  /** What has waited for too long goes back. */
  expire(now: number): void {
    const { time } = this.#house.settings.queue;
    while (this.#queue.length > 0 && now - this.#queue[0]!.since > time) {
      const entry = this.#queue.shift()!;
      this.#weigh(-entry.bytes);
      this.#house.bounce(entry, this.#error(texts.noConnection(this.pair.remote)));
    }
  }

  /** The server stops: nothing is tried any more; what waits goes back. */
  close(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#attempt?.abort();
    this.#giveUp(new Failure("policy", texts.lost(this.pair.remote), "the server stops"));
  }

  #error(told: texts.Told): StanzaError {
    return new Failure("stream", told, "not sent").toStanzaError();
  }
}
