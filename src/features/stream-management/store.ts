import { type Database, type Query, sql } from "#core/database.ts";
import type { Memory } from "#core/handover.ts";
import { background, type Logger } from "#core/log.ts";
import type { FactValue } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { kindOf, Stanza } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";
import type { Kept, Past } from "./managed.ts";

/**
 * Sessions whose clients are away, or that a process handed over when it was stopped: then `handed_over` is 1; or whose
 * clients did not answer: then it is 2. Times in milliseconds since the epoch.
 */
export const migrations: readonly string[] = [
  `create table sm_session (
     id text not null primary key, account text not null, domain text not null, jid text not null, state text not null,
     handled integer not null, acknowledged integer not null, until integer not null, handed_over integer not null);
   create index sm_session_domain on sm_session (domain);
   create index sm_session_account on sm_session (account);
   create table sm_stanza (
     number integer primary key, session text not null, account text not null, at integer not null,
     shared integer not null, stanza text not null);
   create index sm_stanza_session on sm_stanza (session);
   create index sm_stanza_account on sm_stanza (account)`,
];

/** What else is kept of a session. */
export interface State {
  readonly lang: string | null;
  readonly since: number;
  readonly facts: Readonly<Record<string, FactValue>>;
  readonly memory: Memory;
}

/**
 * What is known of the end of a session in its process: its client was `away`, and nothing has happened to it since; the
 * process was `stopped`, likewise; or its client was `connected` when the process was killed, and may have sent more.
 */
export type End = "away" | "stopped" | "connected";

const ends: readonly End[] = ["away", "stopped", "connected"];

/** A session as it is kept. */
export interface StoredSession extends Omit<Past, "queue"> {
  /** What it is resumed by. */
  readonly id: string;
  readonly jid: Jid;
  readonly state: State;
  /** When its client must be back; milliseconds since the epoch. */
  readonly until: number;
  readonly end: End;
}

interface SessionRow {
  readonly id: string;
  readonly jid: string;
  readonly state: string;
  readonly handled: number;
  readonly acknowledged: number;
  readonly until: number;
  readonly handed_over: number;
}

interface StanzaRow {
  readonly session: string;
  readonly at: number;
  readonly shared: number;
  readonly stanza: string;
}

export function putSession(domain: string, { id, jid, state, ...numbers }: StoredSession): Query {
  const { handled, acknowledged, until, end } = numbers;
  return sql`insert into sm_session (id, account, domain, jid, state, handled, acknowledged, until, handed_over)
    values (${id}, ${jid.bare.toString()}, ${domain}, ${jid.toString()}, ${JSON.stringify(state)}, ${handled}, ${acknowledged}, ${until}, ${ends.indexOf(end)})
    on conflict (id) do update set state = excluded.state, handled = excluded.handled,
      acknowledged = excluded.acknowledged, until = excluded.until, handed_over = excluded.handed_over`;
}

/** @param account whose session it is */
export function putStanza(id: string, account: Jid, { stanza, shared, at }: Kept): Query {
  return sql`insert into sm_stanza (session, account, at, shared, stanza)
    values (${id}, ${account.bare.toString()}, ${at}, ${shared}, ${stanza.element.toString()})`;
}

export function deleteSession(id: string): Query[] {
  return [sql`delete from sm_session where id = ${id}`, deleteStanzas(id)];
}

/** The stanzas of a session. */
export function deleteStanzas(id: string): Query {
  return sql`delete from sm_stanza where session = ${id}`;
}

/** Stanzas whose session could not be written. */
export function deleteStrays(): Query {
  return sql`delete from sm_stanza where session not in (select id from sm_session)`;
}

export function deleteAccount(account: Jid): Query[] {
  const key = account.bare.toString();
  return [sql`delete from sm_session where account = ${key}`, sql`delete from sm_stanza where account = ${key}`];
}

/** Should this process be killed, its successor must not take them for sessions that were handed over to it. */
export function takeOver(domain: string): Query {
  return sql`update sm_session set handed_over = 0 where domain = ${domain} and handed_over = 1`;
}

/**
 * The sessions of a host that are kept, in the order in which they were bound.
 * @param unreadable is told of those that make no sense; the others do not suffer for it
 */
export async function readSessions(
  db: Database,
  domain: string,
  unreadable: (id: string, cause: unknown) => void,
): Promise<(StoredSession & Past)[]> {
  const rows = await db.all<SessionRow>(
    sql`select id, jid, state, handled, acknowledged, until, handed_over from sm_session where domain = ${domain}`,
  );
  const stanzas = await db.all<StanzaRow>(
    sql`select session, at, shared, stanza from sm_stanza
      where session in (select id from sm_session where domain = ${domain}) order by number`,
  );
  const queues = Map.groupBy(stanzas, ({ session }) => session);
  const found: (StoredSession & Past)[] = [];
  for (const row of rows) {
    try {
      found.push(readSession(row, queues.get(row.id) ?? []));
    } catch (cause) {
      unreadable(row.id, cause);
    }
  }
  return found.sort((one, other) => one.state.since - other.state.since);
}

function readSession({ jid, state, handed_over, ...row }: SessionRow, queue: readonly StanzaRow[]) {
  return {
    ...row,
    jid: Jid.parse(jid),
    state: JSON.parse(state) as State,
    end: ends[handed_over] ?? "connected",
    queue: queue.map(readKept),
  };
}

function readKept({ at, shared, stanza }: StanzaRow): Kept {
  const element = parseText(stanza);
  const { from, to } = element.attrs;
  return { stanza: Stanza.of(kindOf(element)!, element, Jid.parse(from!), Jid.parse(to!)), shared: shared === 1, at };
}

/** Writes behind the caller, all of a turn of the loop in one go, in order. */
export class Journal {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #failed: () => void;
  #waiting: Query[] = [];
  #written: Promise<unknown> = Promise.resolve();

  /** @param failed called when something could not be written, whatever it was */
  constructor(db: Database, log: Logger, failed: () => void) {
    this.#db = db;
    this.#log = log;
    this.#failed = failed;
  }

  later(...queries: Query[]): void {
    if (this.#waiting.length === 0) {
      setImmediate(() => background(this.#log, this.flush(), "sessions of absent clients not written"));
    }
    this.#waiting.push(...queries);
  }

  /** Resolves when all that was given before is on disk, or could not be written. */
  flush(): Promise<unknown> {
    const queries = this.#waiting;
    if (queries.length === 0) return this.#written;
    this.#waiting = [];
    const now = this.#db.batch(queries);
    this.#written = Promise.allSettled([this.#written, now.catch(this.#failed)]);
    return now;
  }

  /** Writes after what waits; rejects where it cannot be. */
  now(...queries: Query[]): Promise<unknown> {
    this.later(...queries);
    return this.flush();
  }
}
