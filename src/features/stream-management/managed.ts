import type { Connection, LocalSession } from "#core/session.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import { request, tooHigh } from "./tags.ts";

/** After so many stanzas without a request, the client is asked what it has handled. */
const askEvery = 8;
/** While a client catches up, it is written no more than this ahead of what it takes; bytes. */
const mostAhead = 262_144;
/** How often it is looked at then, in milliseconds. */
const catchUpEvery = 10;
const wrap = 2 ** 32;

/** A stanza that the client has not acknowledged. */
export interface Kept {
  readonly stanza: Stanza;
  /** It went to other clients of the account as well, when it was sent. */
  readonly shared: boolean;
  /** When it came; milliseconds since the epoch. */
  readonly at: number;
}

/** What has passed between a client and its server before. */
export interface Past {
  /** Stanzas of the client that were handled, and stanzas that it has acknowledged; modulo 2^32. */
  readonly handled: number;
  readonly acknowledged: number;
  /** Those that it has not, oldest first. */
  readonly queue: readonly Kept[];
}

/** What the managed connections of a host share. */
export interface Keeper {
  /** Whether a stanza to a session goes to other clients of its account too. */
  shares(stanza: Stanza): boolean;
  /** Stanzas kept for one client until it acknowledges them. */
  readonly limit: number;
  /** The client has stanzas that it was not asked about. */
  unasked(connection: Managed): void;
  /** A stanza has come for a session whose state is on disk. */
  keep(connection: Managed, kept: Kept): void;
  /** A kept message as it is given later than it came. */
  late(kept: Kept): Stanza;
  /** More stanzas than may be kept. */
  overflowed(connection: Managed): void;
}

/**
 * A connection whose stanzas are kept until the client has acknowledged them, and that may be away for a while: then
 * they are only kept (XEP-0198 §4, §5).
 */
export class Managed implements Connection {
  readonly session: LocalSession;
  /** Names the session to resume; undefined where the client did not ask for that. */
  readonly id: string | undefined;
  readonly #keeper: Keeper;
  readonly #base: number;
  #inner: Connection | undefined;
  #queue: Kept[] = [];
  /** Stanzas that the client has acknowledged, modulo 2^32. */
  #acknowledged = 0;
  #sinceAsked = 0;
  /** How much of the queue has been written, while a client that has resumed gets what it missed. */
  #caughtUp: number | undefined;
  #catchingUp: NodeJS.Timeout | undefined;
  /** When the client was asked, if it has not answered; milliseconds of a monotonic clock. */
  askedAt: number | undefined;
  /** Its state is on disk, so that it survives the end of the process: while the client is away. */
  onDisk = false;
  /** The session has ended. */
  over = false;

  /** @param past of a session that comes from the process before: its client is away */
  constructor(session: LocalSession, keeper: Keeper, id: string | undefined, past?: Past) {
    this.session = session;
    this.id = id;
    this.#keeper = keeper;
    this.#base = session.handled - (past?.handled ?? 0);
    this.#acknowledged = past?.acknowledged ?? 0;
    if (past === undefined) this.#inner = session.connection;
    else this.#queue = [...past.queue];
    session.connection = this;
  }

  /** Whether the client is away. */
  get away(): boolean {
    return this.#inner === undefined;
  }

  /** Stanzas of the client handled since it enabled stream management, modulo 2^32. */
  get handled(): number {
    return (this.session.handled - this.#base) % wrap;
  }

  /** Stanzas that the client has acknowledged, modulo 2^32. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Stanzas that the client has not acknowledged, oldest first. */
  get unacknowledged(): readonly Kept[] {
    return this.#queue;
  }

  get unsent(): number {
    return this.#inner?.unsent ?? 0;
  }

  get peer(): string {
    return this.#inner?.peer ?? "away";
  }

  deliver(stanza: Stanza): void {
    const kept = { stanza, shared: this.#keeper.shares(stanza), at: Date.now() };
    this.#queue.push(kept);
    if (this.onDisk) this.#keeper.keep(this, kept);
    if (this.#queue.length > this.#keeper.limit) return this.#keeper.overflowed(this);
    if (this.#inner === undefined || this.#caughtUp !== undefined) return;
    this.#inner.deliver(stanza);
    this.#sinceAsked++;
    if (this.askedAt !== undefined) return;
    if (this.#sinceAsked >= askEvery) this.ask();
    else if (this.#sinceAsked === 1) this.#keeper.unasked(this);
  }

  /** Asks the client what it has handled, unless nothing is open or it was asked. */
  ask(): void {
    if (this.#inner === undefined || this.askedAt !== undefined || this.#queue.length === 0) return;
    this.askedAt = performance.now();
    this.#sinceAsked = 0;
    this.#inner.send(request());
  }

  /** The client says what it has handled. @throws StreamError where it cannot have (XEP-0198 §6) */
  acknowledge(count: number): void {
    const news = (count - this.#acknowledged + wrap) % wrap;
    const written = this.#caughtUp ?? this.#queue.length;
    if (news > written) {
      const sent = (this.#acknowledged + written) % wrap;
      throw new StreamError(
        "undefined-condition",
        "More stanzas acknowledged than sent",
        tooHigh({ h: String(count), "send-count": String(sent) }),
      );
    }
    this.askedAt = undefined;
    this.#acknowledged = count;
    if (this.#caughtUp !== undefined) this.#caughtUp -= news;
    if (news === this.#queue.length) this.#queue = [];
    else if (news > 0) this.#queue = this.#queue.slice(news);
    if (this.#sinceAsked > 0) this.#keeper.unasked(this);
  }

  /** The client is away: what comes is kept, in memory of its own. */
  leave(): void {
    this.#inner = undefined;
    this.askedAt = undefined;
    this.#sinceAsked = 0;
    this.#caughtUp = undefined;
    clearTimeout(this.#catchingUp);
  }

  /** The client is back over another connection: the one before, if it still seems alive, lets go. */
  resume(connection: Connection, write: () => void): void {
    this.#inner?.release();
    this.#inner = connection;
    this.askedAt = undefined;
    write();
    if (this.#inner === undefined) return; // it has gone again
    this.#caughtUp = 0;
    this.#catchUp();
  }

  /** Writes what waits, as fast as the client takes it. */
  #catchUp(): void {
    clearTimeout(this.#catchingUp);
    while (this.#inner !== undefined && this.#caughtUp !== undefined && this.#caughtUp < this.#queue.length) {
      if (this.#inner.unsent > mostAhead) {
        this.#catchingUp = setTimeout(() => this.#catchUp(), catchUpEvery).unref();
        return;
      }
      this.#inner.deliver(this.#keeper.late(this.#queue[this.#caughtUp++]!));
    }
    this.#caughtUp = undefined;
    this.#sinceAsked = this.#queue.length;
    this.ask();
  }

  send(element: Parameters<Connection["send"]>[0]): void {
    this.#inner?.send(element);
  }

  release(): void {
    this.#inner?.release();
  }

  drop(): void {
    this.#inner?.drop();
  }

  end(...why: Parameters<Connection["end"]>): void {
    if (this.#inner === undefined) this.session.close();
    else this.#inner.end(...why);
  }
}

/** The connection of a session whose client is away, until something better stands in its place. */
export const nobody: Connection = {
  peer: "away",
  unsent: 0,
  deliver() {},
  send() {},
  release() {},
  drop() {},
  end() {},
};
