import { setTimeout as sleep } from "node:timers/promises";
import { BoundSession } from "#core/bound-session.ts";
import type { Query } from "#core/database.ts";
import { type Memory, recalling, remembering } from "#core/handover.ts";
import type { Host } from "#core/host.ts";
import { acknowledging, type LocalSession } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { type Kept, type Managed, nobody, type Past } from "./managed.ts";
import {
  deleteAccount,
  deleteSession,
  deleteStanzas,
  deleteStrays,
  type End,
  Journal,
  putSession,
  putStanza,
  readSessions,
  type StoredSession,
  takeOver,
} from "./store.ts";

/** Sessions that are written together when the server stops: where one cannot be, its company cannot. */
const atOnce = 100;
/** How long a stop waits for what its clients have sent, beyond what c2s has waited; in milliseconds. */
const mostWaiting = 500;

/**
 * Sessions on disk. A session is there while its client is away, and from the stop of a process to the start of the next:
 * then what is there is all that there is to know, and nothing can have happened since. While a client is connected,
 * nothing is written for it (docs/adr/0017).
 */
export class Keeping {
  readonly #host: Host;
  readonly #journal: Journal;
  /** Those of which something may be on disk. */
  readonly #written = new Set<Managed>();

  constructor(host: Host) {
    this.#host = host;
    // What is there of them is not all there is: when the server stops, it is written anew.
    const failed = () => {
      for (const managed of this.#written) managed.onDisk = false;
    };
    this.#journal = new Journal(host.db, host.log, failed);
  }

  /** The client is away: its session goes to disk, once what it has sent is there. */
  async put(managed: Managed, until: number): Promise<void> {
    await managed.session.safe;
    if (!(await this.#isWritten(managed.session))) return;
    if (!managed.away || (managed.onDisk && !managed.uncertain) || managed.over) return; // meanwhile
    managed.uncertain = false;
    await this.#journal.now(...this.#queries(managed, { until, end: "away" }));
  }

  /** The client is connected, but does not answer: what it has not acknowledged goes to disk. */
  async putDoubtful(managed: Managed): Promise<void> {
    if (managed.away || managed.onDisk || managed.over) return;
    managed.uncertain = true;
    await this.#journal.now(...this.#queries(managed, { until: 0, end: "connected" }));
  }

  /** A stanza for a client that is away. */
  add(managed: Managed, kept: Kept): void {
    this.#journal.later(putStanza(managed.key, managed.session.jid, kept));
  }

  /** Resolves when nothing is on disk of a session any more; undefined where nothing is. */
  remove(managed: Managed): Promise<unknown> | undefined {
    if (!this.#written.delete(managed)) return undefined;
    managed.onDisk = false;
    managed.uncertain = false;
    return this.#journal.now(...deleteSession(managed.key));
  }

  async forget(account: Jid): Promise<void> {
    await this.#journal.now(...deleteAccount(account));
  }

  /** Removes what was left of a session by a process that was killed. */
  removeRest(id: string): Promise<unknown> {
    return this.#journal.now(...deleteSession(id));
  }

  /** Resolves when all that has come for absent clients is on disk. */
  written(): Promise<unknown> {
    return this.#journal.flush();
  }

  /** Gives sessions to the next process: what comes for them from now on is written, and nothing ends them here. */
  async handOver(all: readonly Managed[], untilOf: (managed: Managed) => number): Promise<void> {
    // What takes longer is not counted as handled: its client sends it again.
    const settled = Promise.allSettled(all.map(({ session }) => session.safe));
    await Promise.race([settled, sleep(mostWaiting, undefined, { ref: false })]);
    const safe = await Promise.all(all.map(({ session }) => this.#isWritten(session)));
    const ready = all.filter((managed, index) => safe[index] && !managed.over);
    const written: Promise<void>[] = []; // the next are gathered while the disk is at the first
    for (let start = 0; start < ready.length; start += atOnce) {
      written.push(this.#give(ready.slice(start, start + atOnce), untilOf));
    }
    const failed = (await Promise.allSettled(written)).find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  async #give(some: readonly Managed[], untilOf: (managed: Managed) => number): Promise<void> {
    await this.#journal.now(
      ...some.flatMap((managed) => this.#queries(managed, { until: untilOf(managed), end: "stopped" })),
    );
    for (const managed of some) managed.suspend();
  }

  /** What an earlier process has left, and now belongs to this one. */
  async take(): Promise<(StoredSession & Past)[]> {
    const { db, domain, log } = this.#host;
    const useless: Query[] = [];
    const stored = await readSessions(db, domain, (id, cause) => {
      log.error("a session of the process before cannot go on", { cause });
      useless.push(...deleteSession(id));
    });
    await db.batch([takeOver(domain), ...useless, deleteStrays()]);
    return stored;
  }

  /** A session of the process before goes on; `manage` puts itself in the place of its connection. */
  revive({ jid, handled, state }: StoredSession, manage: (session: LocalSession) => Managed): Managed {
    const local = this.#host.server.router.hosts.get(this.#host.domain)!;
    const { since, lang, facts, memory } = state;
    const session = BoundSession.revive(local, { jid, since, lang: lang ?? undefined, handled, facts }, nobody);
    const managed = manage(session);
    managed.onDisk = true;
    this.#written.add(managed);
    this.#host.fire(recalling, { session, memory });
    return managed;
  }

  /** What the client has sent and is done is on disk: only then it is known for certain what was handled. */
  async #isWritten(session: LocalSession): Promise<boolean> {
    return !(await this.#host.fire(acknowledging, session));
  }

  #queries(managed: Managed, { until, end }: { readonly until: number; readonly end: End }) {
    const { session, handled, acknowledged, onDisk, key: id } = managed;
    const memory: Memory = {};
    this.#host.fire(remembering, { session, memory }); // it may yet give the session something
    const queue = onDisk ? [] : managed.unacknowledged.map((kept) => putStanza(id, session.jid, kept));
    if (!onDisk) queue.unshift(deleteStanzas(id));
    managed.onDisk = true;
    this.#written.add(managed);
    const { jid, facts, lang = null, since } = session;
    const state = { lang, since: since.getTime(), facts, memory };
    return [...queue, putSession(this.#host.domain, { id, jid, state, handled, acknowledged, until, end })];
  }
}
