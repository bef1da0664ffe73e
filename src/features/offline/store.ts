import { type Database, list, type Query, sql } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

export const migrations: readonly string[] = [
  `create table offline_message (
     id integer primary key,
     account text not null,
     received integer not null,
     stanza text not null);
   create index offline_message_account on offline_message (account, id)`,
  "alter table offline_message add column archived integer",
  "alter table offline_message add column promised integer not null default 0",
  "create index offline_message_promised on offline_message (account) where promised <> 0",
];

export interface Kept {
  readonly id: number;
  readonly received: Date;
  readonly element: Element;
  /** How often it was kept because it had to be. */
  readonly promised: number;
}

interface Row {
  readonly id: number;
  readonly received: number;
  readonly promised: number;
  readonly stanza: string;
}

/** A message to keep. */
export interface Keeping {
  readonly account: Jid;
  readonly element: Element;
  /** Its id in the archive of the account, if it is there. */
  readonly archived: number | undefined;
}

/**
 * Keeps a message; false where the account has as many as it may. Resolves when it is on disk. For one that is in the
 * archive, too, the oldest one that is there makes room. Those that had to be kept do not count.
 */
export async function keep(db: Database, { account, element, archived }: Keeping, limit: number): Promise<boolean> {
  const key = account.toString();
  const insert = sql`insert into offline_message (account, received, archived, promised, stanza)
    select ${key}, ${Date.now()}, ${archived}, 0, ${element.toString()}
    where (select count(*) from offline_message where account = ${key})
      - (select count(*) from offline_message where account = ${key} and promised <> 0) < ${limit}`;
  const added = await db.run(insert);
  if (added > 0 || archived === undefined) return added > 0;
  const makeRoom = sql`delete from offline_message where id =
    (select min(id) from offline_message where account = ${key} and archived is not null and promised = 0)`;
  const [, second] = await db.batch([makeRoom, insert]);
  return second === 1;
}

/**
 * Keeps a message that has to be kept, however many there are; once, if it is in the archive: where it is on its way from
 * here to a client that has gone, it stays in its place. Resolves when it is on disk.
 */
export async function keepPromised(db: Database, { account, element, archived }: Keeping): Promise<void> {
  const key = account.toString();
  const same = sql`account = ${key} and archived = ${archived}`;
  await db.batch([
    sql`update offline_message set promised = promised + 1 where ${same}`,
    sql`insert into offline_message (account, received, archived, promised, stanza)
      select ${key}, ${Date.now()}, ${archived}, 1, ${element.toString()}
      where not exists (select 1 from offline_message where ${same})`,
  ]);
}

/** Where to begin, and how much; `characters` may be exceeded by the last message. */
interface Page {
  readonly after: number;
  /** Those that are in the archive up to here are left out. */
  readonly seen: number;
  readonly messages: number;
  readonly characters: number;
}

/** The next messages of an account, oldest first, from after an id. */
export async function next(db: Database, account: Jid, { after, seen, messages, characters }: Page): Promise<Kept[]> {
  const rows = await db.all<Row>(
    sql`select id, received, promised, stanza from offline_message
      where account = ${account.toString()} and id > ${after} and (archived is null or archived > ${seen})
      order by id limit ${messages}`,
  );
  return fitting(rows, characters).map(({ received, stanza, ...row }) => ({
    ...row,
    received: new Date(received),
    element: parseText(stanza),
  }));
}

/** As many as reach so many characters. */
function fitting(rows: readonly Row[], characters: number): readonly Row[] {
  let length = 0;
  for (const [index, { stanza }] of rows.entries()) {
    length += stanza.length;
    if (length >= characters) return rows.slice(0, index + 1);
  }
  return rows;
}

/** Forgets messages by the ids that they have in the archive. */
export async function forgetRead(db: Database, account: Jid, archived: readonly number[]): Promise<void> {
  await db.run(
    sql`delete from offline_message where account = ${account.toString()} and archived in ${list(archived)}`,
  );
}

/** Forgets messages that were handed out, except those that had to be kept again since. */
export async function forgetHandedOut(db: Database, account: Jid, messages: readonly Kept[]): Promise<void> {
  const byPromises = Map.groupBy(messages, ({ promised }) => promised);
  const queries = [...byPromises].map(
    ([promised, some]) => sql`delete from offline_message
      where account = ${account.toString()} and promised = ${promised} and id in ${list(some.map(({ id }) => id))}`,
  );
  await db.batch(queries);
}

export function forgetAll(account: Jid): Query {
  return sql`delete from offline_message where account = ${account.toString()}`;
}
