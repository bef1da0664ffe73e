import { type Database, type Query, sql } from "#core/database.ts";
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

/** Keeps a message; false where the account has as many as it may. Resolves when it is on disk. */
export async function keep(db: Database, account: Jid, element: Element, limit: number): Promise<boolean> {
  const key = account.toString();
  const added = await db.run(
    sql`insert into offline_message (account, received, stanza)
        select ${key}, ${Date.now()}, ${element.toString()}
        where (select count(*) from offline_message where account = ${key}) < ${limit}`,
  );
  return added > 0;
}

/** The next messages of an account, oldest first, at most `limit`. */
export async function next(db: Database, account: Jid, limit: number): Promise<Kept[]> {
  const rows = await db.all<Row>(
    sql`select id, received, stanza from offline_message where account = ${account.toString()} order by id limit ${limit}`,
  );
  return rows.map(({ id, received, stanza }) => ({ id, received: new Date(received), element: parseText(stanza) }));
}

/** Forgets the messages of an account up to one of them. */
export async function forget(db: Database, account: Jid, upTo: number): Promise<void> {
  await db.run(sql`delete from offline_message where account = ${account.toString()} and id <= ${upTo}`);
}

export function forgetAll(account: Jid): Query {
  return sql`delete from offline_message where account = ${account.toString()}`;
}
