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
];

export interface Kept {
  readonly id: number;
  readonly received: Date;
  readonly element: Element;
}

interface Row {
  readonly id: number;
  readonly received: number;
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
 * archive, too, the oldest one that is there makes room.
 */
export async function keep(db: Database, { account, element, archived }: Keeping, limit: number): Promise<boolean> {
  const key = account.toString();
  const insert = sql`insert into offline_message (account, received, archived, stanza)
    select ${key}, ${Date.now()}, ${archived}, ${element.toString()}
    where (select count(*) from offline_message where account = ${key}) < ${limit}`;
  const added = await db.run(insert);
  if (added > 0 || archived === undefined) return added > 0;
  const makeRoom = sql`delete from offline_message where id =
    (select min(id) from offline_message where account = ${key} and archived is not null)`;
  const [, second] = await db.batch([makeRoom, insert]);
  return second === 1;
}

/**
 * The next messages of an account, oldest first, at most `limit`, from after an id; without those that are in the archive
 * up to `seen`.
 */
export async function next(
  db: Database,
  account: Jid,
  { after, seen, limit }: { readonly after: number; readonly seen: number; readonly limit: number },
): Promise<Kept[]> {
  const rows = await db.all<Row>(
    sql`select id, received, stanza from offline_message
      where account = ${account.toString()} and id > ${after} and (archived is null or archived > ${seen})
      order by id limit ${limit}`,
  );
  return rows.map(({ id, received, stanza }) => ({ id, received: new Date(received), element: parseText(stanza) }));
}

/** Forgets messages that have been handed out. */
export async function forget(db: Database, account: Jid, ids: readonly number[]): Promise<void> {
  await db.run(sql`delete from offline_message where account = ${account.toString()} and id in ${list(ids)}`);
}

/** Forgets messages by their ids in the archive. */
export async function forgetArchived(db: Database, account: Jid, ids: readonly number[]): Promise<void> {
  await db.run(sql`delete from offline_message where account = ${account.toString()} and archived in ${list(ids)}`);
}

export function forgetAll(account: Jid): Query {
  return sql`delete from offline_message where account = ${account.toString()}`;
}
