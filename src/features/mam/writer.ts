import { type Database, DatabaseError, type DatabaseErrorKind, type Query } from "#core/database.ts";
import { background, type Logger } from "#core/log.ts";
import type { Metrics } from "#core/metrics.ts";
import { body } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";
import type { Addresses } from "./addresses.ts";
import { insertText } from "./search.ts";
import {
  addOtherEnd,
  type Draft,
  type Entry,
  insertAddress,
  insertEntry,
  insertMessage,
  markIndexed,
  type Numbered,
  unindexed,
} from "./store.ts";

export interface WriterOptions {
  readonly db: Database;
  readonly addresses: Addresses;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Whether there is an index of words. */
  readonly searchable: boolean;
  readonly retryMs?: number;
}

/** Messages on their way to the disk from which on senders have to wait; they go on when half of them are there. */
const mostUnderWay = 10_000;
/** Messages that wait in memory while nothing can be written; new ones are refused long before. */
const mostStuck = 10_000;
/** Messages are indexed when so many are not, or after so long. */
const indexFrom = 2_000;
const indexAfterMs = 2_000;
/** These pass: the disk gets room, the database comes back. */
const passing: ReadonlySet<DatabaseErrorKind> = new Set(["full", "unavailable"]);

/**
 * Writes archived messages to the database behind those who deliver them: all that have come while others were written in
 * one go, and their index later, many at a time, or before somebody reads. What cannot be written now is tried again; meanwhile
 * `troubled` says that no more should be accepted.
 */
export class Writer {
  readonly #options: WriterOptions;
  #drafts: Draft[] = [];
  /** On disk, but not in the index. */
  #unindexed: Draft[] = [];
  #stuck: Draft[] = [];
  /** Messages on their way to the disk. */
  #underWay = 0;
  #catchingUp: PromiseWithResolvers<void> | undefined;
  #flushing: NodeJS.Immediate | undefined;
  /** What comes while something is being written is written after that, together: the more there is, the cheaper. */
  #more = false;
  #indexing: NodeJS.Timeout | undefined;
  #retrying: NodeJS.Timeout | undefined;
  #written: Promise<void> = Promise.resolve();
  #indexed: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Whether messages could not be written and wait for their next try. */
  get troubled(): boolean {
    return this.#stuck.length > 0;
  }

  /** Messages that are not on disk yet. */
  get waiting(): number {
    return this.#drafts.length + this.#stuck.length + this.#underWay;
  }

  /** Undefined, or a promise of a moment with less to do, while more comes than the disk takes. */
  get busy(): Promise<void> | undefined {
    if (this.#catchingUp === undefined && this.#underWay + this.#drafts.length < mostUnderWay) return undefined;
    this.#catchingUp ??= Promise.withResolvers();
    return this.#catchingUp.promise;
  }

  add(draft: Draft): void {
    this.#drafts.push(draft);
    this.#flushing ??= setImmediate(this.#flushLater);
  }

  /** The message added last is in the archive of its other end, too; false if it is too late to say so. */
  addOtherEnd(draft: Draft, resource: string): boolean {
    if (this.#drafts.at(-1) !== draft) {
      if (this.#unindexed.at(-1) !== draft) return false;
      const { db, log } = this.#options;
      background(log, db.run(addOtherEnd(draft.id, resource)), "archive not written");
    }
    draft.otherResource = resource;
    return true;
  }

  readonly #flushLater = (): void => {
    background(this.#options.log, this.flush(), "archive not written");
  };

  /** Writes what waits; resolves when all that was added before is on disk, or stuck. */
  flush(): Promise<void> {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#drafts.length === 0 || this.troubled) return this.#written;
    if (this.#more) return this.#written; // it takes these, too
    this.#more = this.#underWay > 0;
    this.#written = this.#more ? this.#written.then(() => this.#writeAll()) : this.#writeAll();
    return this.#written;
  }

  #writeAll(): Promise<void> {
    this.#more = false;
    const drafts = this.#drafts;
    if (drafts.length === 0 || this.troubled) return Promise.resolve();
    this.#drafts = [];
    return this.#write(drafts);
  }

  /** Resolves when all that was added before can be read. */
  async settle(): Promise<void> {
    if (this.#drafts.length > 0 || this.#underWay > 0) await this.flush();
    if (this.#unindexed.length > 0) this.#index();
    await this.#indexed;
  }

  /** Indexes what a server that was killed has left. */
  async catchUp(): Promise<void> {
    const { db, searchable } = this.#options;
    for (;;) {
      const found = await unindexed(db, indexFrom);
      if (found.length === 0) return;
      await this.#addToIndex(
        found.map((one) => ({ ...one, body: searchable ? parseText(one.stanza).child(body)?.text : undefined })),
      );
    }
  }

  /** Ends what goes on by itself. What is still stuck gets its last try. */
  async close(): Promise<void> {
    clearTimeout(this.#retrying);
    await this.flush();
    if (this.troubled) await this.#retry();
    await this.settle();
    clearTimeout(this.#retrying);
    clearTimeout(this.#indexing);
    if (this.waiting > 0) this.#options.log.error("archive: messages lost", { messages: this.waiting });
  }

  async #write(drafts: readonly Draft[]): Promise<void> {
    const { db, metrics } = this.#options;
    const unknown = new Set<string>();
    const queries = drafts.map((draft) => {
      draft.numbers = this.#numbers(draft, unknown);
      return insertMessage(draft, draft.numbers);
    });
    const names = [...unknown];
    this.#underWay += drafts.length;
    try {
      await db.batch(names.length === 0 ? queries : [...names.map(insertAddress), ...queries]);
    } catch (problem) {
      return await this.#failed(drafts, problem);
    } finally {
      this.#underWay -= drafts.length;
      if (this.#underWay < mostUnderWay / 2) this.#goOn();
    }
    metrics.count("archive_messages", undefined, drafts.length);
    for (const draft of drafts) {
      draft.stanza = "";
      this.#unindexed.push(draft);
    }
    if (this.#unindexed.length >= indexFrom) this.#index();
    else this.#indexing ??= setTimeout(this.#indexLater, indexAfterMs).unref();
  }

  #numbers({ owner, peer }: Draft, unknown: Set<string>): Numbered {
    const { addresses } = this.#options;
    const numbers = { owner: addresses.known(owner), peer: addresses.known(peer) };
    if (numbers.owner === undefined) unknown.add(owner);
    if (numbers.peer === undefined) unknown.add(peer);
    return numbers;
  }

  readonly #indexLater = (): void => this.#index();

  #index(): void {
    clearTimeout(this.#indexing);
    this.#indexing = undefined;
    const drafts = this.#unindexed;
    this.#unindexed = [];
    const now = this.#indexed.then(() => this.#addToIndex(drafts));
    // The mark stays where it was, so nothing is lost: all from there on is indexed again.
    this.#indexed = now.catch((problem) => this.#indexAgain(problem));
  }

  #indexAgain(problem: unknown): void {
    const { log, metrics, retryMs = 1_000 } = this.#options;
    metrics.count("archive_failures", "index");
    log.error("the index of the archive cannot be written", { cause: problem });
    this.#indexing ??= setTimeout(() => background(log, this.catchUp(), "archive not indexed"), retryMs).unref();
  }

  async #addToIndex(drafts: readonly Draft[]): Promise<void> {
    const { db, addresses } = this.#options;
    const unknown = new Set<string>();
    for (const { numbers, owner, peer } of drafts) {
      // A number does not change while a message that is on disk has it.
      if (numbers?.owner === undefined) unknown.add(owner);
      if (numbers?.peer === undefined) unknown.add(peer);
    }
    if (unknown.size > 0) await addresses.learn([...unknown]);
    const entries: Entry[] = [];
    const texts: Query[] = [];
    for (const draft of drafts) {
      const { id, body: words, resource, otherResource, numbers } = draft;
      const owner = numbers?.owner ?? addresses.known(draft.owner);
      const peer = numbers?.peer ?? addresses.known(draft.peer);
      if (owner === undefined || peer === undefined) continue;
      entries.push({ id, owner, peer, resource });
      if (otherResource !== undefined) entries.push({ id, owner: peer, peer: owner, resource: otherResource });
      if (words !== undefined) texts.push(insertText(id, words, otherResource === undefined ? [owner] : [owner, peer]));
    }
    entries.sort((one, other) => one.owner - other.owner || one.id - other.id); // neighbours share pages
    await db.batch([...entries.map(insertEntry), ...texts, markIndexed(drafts.at(-1)!.id)]);
  }

  #goOn(): void {
    this.#catchingUp?.resolve();
    this.#catchingUp = undefined;
  }

  async #failed(drafts: readonly Draft[], problem: unknown): Promise<void> {
    const { log, metrics } = this.#options;
    const kind = problem instanceof DatabaseError ? problem.kind : "invalid";
    metrics.count("archive_failures", kind);
    if (passing.has(kind)) return this.#keepForLater(drafts, problem);
    if (drafts.length === 1) {
      log.error("a message was not archived", { cause: problem });
      return;
    }
    for (const draft of drafts) await this.#write([draft]); // one of them is at fault
  }

  #keepForLater(drafts: readonly Draft[], problem: unknown): void {
    const { log, metrics, retryMs = 1_000 } = this.#options;
    if (!this.troubled) log.error("the archive cannot be written; messages are refused meanwhile", { cause: problem });
    this.#stuck.push(...drafts);
    const lost = this.#stuck.length - mostStuck;
    if (lost > 0) {
      this.#stuck.splice(0, lost);
      metrics.count("archive_messages_lost", undefined, lost);
    }
    this.#retrying ??= setTimeout(() => background(log, this.#retry(), "archive not written"), retryMs).unref();
  }

  async #retry(): Promise<void> {
    this.#retrying = undefined;
    const stuck = [...this.#stuck, ...this.#drafts];
    this.#stuck = [];
    this.#drafts = [];
    await this.#write(stuck);
    if (!this.troubled) this.#options.log.info("the archive is written again");
  }
}
