import type { Database, DatabaseErrorKind, Query } from "#core/database.ts";
import { DatabaseError } from "#core/database.ts";
import { background, type Logger } from "#core/log.ts";
import type { Metrics } from "#core/metrics.ts";
import type { Addresses } from "./addresses.ts";
import { insertText } from "./search.ts";
import { insertAddress, insertEntry, insertMessage } from "./store.ts";

/** A message to be written: its row, or only further entries of a message written before. */
interface Draft {
  readonly id: number;
  readonly stanza: string | undefined;
  /** What is indexed, where there is an index and a body. */
  readonly body: string | undefined;
  readonly entries: DraftEntry[];
}

interface DraftEntry {
  /** Bare JIDs. */
  readonly owner: string;
  readonly peer: string;
  /** Of the peer; "" for none. */
  readonly resource: string;
}

export interface WriterOptions {
  readonly db: Database;
  readonly addresses: Addresses;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly retryMs?: number;
}

/** Messages that wait in memory while nothing can be written; new ones are refused long before. */
const mostStuck = 10_000;
/** These pass: the disk gets room, the database comes back. */
const passing: ReadonlySet<DatabaseErrorKind> = new Set(["full", "unavailable"]);

/**
 * Writes archived messages to the database, all those of a turn of the event loop in one go, behind those who deliver
 * them. What cannot be written now is tried again; meanwhile `troubled` says that no more should be accepted.
 */
export class Writer {
  readonly #options: WriterOptions;
  #drafts: Draft[] = [];
  #stuck: Draft[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #retrying: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Whether messages could not be written and wait for their next try. */
  get troubled(): boolean {
    return this.#stuck.length > 0;
  }

  /** Messages that are not on their way to the disk yet. */
  get waiting(): number {
    return this.#drafts.length + this.#stuck.length;
  }

  add(id: number, stanza: string, body: string | undefined, entry: DraftEntry): void {
    this.#push({ id, stanza, body, entries: [entry] });
  }

  /** The message added last belongs in one more archive. */
  addEntry(id: number, body: string | undefined, entry: DraftEntry, first: string): void {
    const last = this.#drafts.at(-1);
    if (last?.id === id) last.entries.push(entry);
    // Its row has gone to the disk already; the index wants all its owners again.
    else this.#push({ id, stanza: undefined, body, entries: [entry, { ...entry, owner: first }] });
  }

  #push(draft: Draft): void {
    this.#drafts.push(draft);
    this.#flushing ??= setImmediate(this.#flushLater);
  }

  readonly #flushLater = (): void => {
    background(this.#options.log, this.flush(), "archive not written");
  };

  /** Writes what waits; resolves when all that was added before is on disk, or stuck. */
  flush(): Promise<void> {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const drafts = this.#drafts;
    if (drafts.length === 0 || this.troubled) return this.#writing;
    this.#drafts = [];
    const before = this.#writing;
    const now = this.#write(drafts);
    this.#writing = before.then(() => now);
    return this.#writing;
  }

  /** Ends the retries. What is still stuck gets its last try. */
  async close(): Promise<void> {
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    await this.flush();
    if (this.troubled) await this.#retry();
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    if (this.waiting > 0) this.#options.log.error("archive: messages lost", { messages: this.waiting });
  }

  async #write(drafts: readonly Draft[]): Promise<void> {
    const { db, addresses, metrics } = this.#options;
    const unknown = new Set<string>();
    const queries: Query[] = [];
    for (const draft of drafts) this.#describe(draft, queries, unknown);
    const names = [...unknown];
    const learning = names.map(insertAddress);
    try {
      await db.batch(learning.length === 0 ? queries : [...learning, ...queries]);
      metrics.count("archive_messages", undefined, drafts.length);
    } catch (problem) {
      await this.#failed(drafts, problem);
      return;
    }
    if (names.length > 0) await addresses.learn(names);
  }

  #describe({ id, stanza, body, entries }: Draft, queries: Query[], unknown: Set<string>): void {
    const { addresses } = this.#options;
    if (stanza !== undefined) queries.push(insertMessage(id, stanza));
    const added = stanza === undefined ? entries.slice(0, 1) : entries;
    for (const { owner, peer, resource } of added) {
      const known = addresses.known(owner);
      const other = addresses.known(peer);
      if (known === undefined) unknown.add(owner);
      if (other === undefined) unknown.add(peer);
      queries.push(insertEntry({ id, owner: known ?? owner, peer: other ?? peer, resource }));
    }
    if (body !== undefined)
      queries.push(
        insertText(
          id,
          body,
          entries.map(({ owner }) => owner),
        ),
      );
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
