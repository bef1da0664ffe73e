import { randomBytes } from "node:crypto";
import type { Connection, LocalSession, Progress } from "#core/session.ts";
import { client } from "#stanza/namespaces.ts";
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

/** A stanza in the queue of a session, with its size in bytes. */
interface Queued extends Kept {
  size: number;
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
  /** Stanzas, and their bytes, kept for one client until it acknowledges them. */
  readonly limit: { readonly stanzas: number; readonly bytes: number };
  /** The client has stanzas that it was not asked about, or owes an answer. */
  unasked(connection: Managed): void;
  /** A stanza has come for a session whose state is on disk. */
  keep(connection: Managed, kept: Kept): void;
  /** A kept message as it is given later than it came. */
  late(kept: Kept): Stanza;
  /** More than may be kept: the session is to end. */
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
  /** Names it on disk. */
  readonly key: string;
  readonly #keeper: Keeper;
  readonly #base: number;
  #inner: Connection | undefined;
  #queue: Queued[] = [];
  #bytes = 0;
  /** Stanzas that have come for the client, over all. */
  #came = 0;
  /** How many of the queue were written, over this connection or one before. */
  #written = 0;
  #overflowed = false;
  #suspended = false;
  /** Stanzas that the client has acknowledged, modulo 2^32. */
  #acknowledged = 0;
  #sinceAsked = 0;
  /** How many of the queue were written over this connection, while a client that has resumed gets what it missed. */
  #caughtUp: number | undefined;
  #catchingUp: NodeJS.Timeout | undefined;
  /** The answer to the client's last request, if it waits for the disk; and how many wait. */
  answering: Promise<void> = Promise.resolve();
  answers = 0;
  /** The connection that asked last to go on with the session. */
  claimant: Connection | undefined;
  /** When the client was asked, if it has not answered; milliseconds of a monotonic clock. */
  askedAt: number | undefined;
  /** Its state is on disk, so that it survives the end of the process: while the client is away, or seems to be. */
  onDisk = false;
  /** What is on disk was written while the client was connected: it may have sent more since. */
  uncertain = false;
  /** The session has ended. */
  over = false;

  /** @param past of a session that comes from the process before: its client is away */
  constructor(session: LocalSession, keeper: Keeper, id: string | undefined, past?: Past) {
    this.session = session;
    this.id = id;
    this.key = id ?? randomBytes(18).toString("base64url");
    this.#keeper = keeper;
    this.#base = session.handled - (past?.handled ?? 0);
    this.#acknowledged = past?.acknowledged ?? 0;
    if (past === undefined) this.#inner = session.connection;
    else {
      this.#queue = past.queue.map((kept) => ({ ...kept, size: sizeOf(kept.stanza) }));
      this.#bytes = this.#queue.reduce((sum, { size }) => sum + size, 0);
      this.#came = this.#queue.length;
      this.#written = this.#queue.length; // which of them were is not known
    }
    session.connection = this;
  }

  /** What the client is connected over. */
  get connection(): Connection | undefined {
    return this.#inner;
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

  /** Their size. */
  get bytes(): number {
    return this.#bytes;
  }

  get unsent(): number {
    return this.#inner?.unsent ?? 0;
  }

  get peer(): string {
    return this.#inner?.peer ?? "away";
  }

  deliver(stanza: Stanza): number {
    if (this.#overflowed) {
      this.session.send(stanza); // it has ended
      return 0;
    }
    const kept = { stanza, shared: this.#keeper.shares(stanza), at: Date.now(), size: 0 };
    this.#queue.push(kept);
    this.#came++;
    if (this.onDisk) this.#keeper.keep(this, kept);
    kept.size = this.#write(stanza) ?? sizeOf(stanza);
    this.#bytes += kept.size;
    const { stanzas, bytes } = this.#keeper.limit;
    if ((this.#queue.length > stanzas || this.#bytes > bytes) && !this.#suspended) {
      this.#overflowed = true;
      this.#keeper.overflowed(this);
      this.session.close();
    }
    return kept.size;
  }

  /** Writes a stanza that has just come, unless the client is away or gets others first. */
  #write(stanza: Stanza): number | undefined {
    if (this.#inner === undefined || this.#caughtUp !== undefined) return undefined;
    const size = this.#inner.deliver(stanza);
    this.#written = this.#queue.length;
    this.#sinceAsked++;
    if (this.askedAt === undefined) this.#askSoon();
    return size;
  }

  #askSoon(): void {
    if (this.#sinceAsked >= askEvery) this.ask();
    else if (this.#sinceAsked > 0) this.#keeper.unasked(this);
  }

  follow(): () => Progress {
    const goal = this.#came;
    this.ask();
    return () => {
      if (this.#came - this.#queue.length >= goal) return "taken";
      return this.away || this.onDisk ? "away" : "kept";
    };
  }

  /** Asks the client what it has handled, unless nothing is open or it was asked. */
  ask(): void {
    if (this.#inner === undefined || this.askedAt !== undefined || this.#queue.length === 0) return;
    this.askedAt = performance.now();
    this.#sinceAsked = 0;
    this.#inner.send(request());
    this.#keeper.unasked(this);
  }

  /** The client says what it has handled. @throws StreamError where it cannot have (XEP-0198 §6) */
  acknowledge(count: number): void {
    const news = (count - this.#acknowledged + wrap) % wrap;
    if (news > this.#written) {
      const sent = (this.#acknowledged + this.#written) % wrap;
      throw new StreamError(
        "undefined-condition",
        "More stanzas acknowledged than sent",
        tooHigh({ h: String(count), "send-count": String(sent) }),
      );
    }
    this.askedAt = undefined;
    this.#acknowledged = count;
    this.#written -= news;
    if (this.#caughtUp !== undefined) this.#caughtUp = Math.max(0, this.#caughtUp - news);
    for (const { size } of this.#queue.splice(0, news)) this.#bytes -= size;
    this.#askSoon();
  }

  /** It goes on in the next process: what comes is only written. */
  suspend(): void {
    this.#suspended = true;
    this.session.suspend();
  }

  /** Another connection is to take over: the one before, if it still seems alive, lets go. */
  part(): void {
    this.#inner?.release();
    this.leave();
  }

  /** The client is away: what comes is kept, in memory of its own. */
  leave(): void {
    this.#inner = undefined;
    this.askedAt = undefined;
    this.#sinceAsked = 0;
    this.#caughtUp = undefined;
    clearTimeout(this.#catchingUp);
  }

  /** The client is back over another connection. */
  resume(connection: Connection, write: () => void): void {
    this.#inner = connection;
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
      this.#written = Math.max(this.#written, this.#caughtUp);
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

function sizeOf({ element }: Stanza): number {
  return element.wire(client).length;
}

/** The connection of a session whose client is away, until something better stands in its place. */
export const nobody: Connection = {
  peer: "away",
  unsent: 0,
  deliver: () => 0,
  follow: () => () => "away",
  send() {},
  release() {},
  drop() {},
  end() {},
};
