import { type Database, sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

export const migrations: readonly string[] = [
  `create table stranger_choice (account text primary key, choice text not null);
   create table stranger_known (
     account text not null,
     contact text not null,
     primary key (account, contact));
   create table stranger_message (
     id integer primary key,
     account text not null,
     contact text not null,
     received integer not null,
     stanza text not null);
   create index stranger_message_account on stranger_message (account, contact, id)`,
];

/** An account and somebody elsewhere; bare addresses. */
export interface Relation {
  readonly account: Jid;
  readonly contact: Jid;
}

export interface Held {
  readonly id: number;
  readonly received: Date;
  readonly element: Element;
}

export async function choiceOf(db: Database, account: Jid): Promise<string | undefined> {
  const row = await db.one<{ choice: string }>(
    sql`select choice from stranger_choice where account = ${account.toString()}`,
  );
  return row?.choice;
}

export async function choose(db: Database, account: Jid, choice: string): Promise<void> {
  await db.run(
    sql`insert into stranger_choice (account, choice) values (${account.toString()}, ${choice})
        on conflict (account) do update set choice = excluded.choice`,
  );
}

export async function isKnown(db: Database, { account, contact }: Relation): Promise<boolean> {
  const row = await db.one(
    sql`select 1 as found from stranger_known where account = ${account.toString()} and contact = ${contact.toString()}`,
  );
  return row !== undefined;
}

export async function learn(db: Database, { account, contact }: Relation): Promise<void> {
  await db.run(
    sql`insert into stranger_known (account, contact) values (${account.toString()}, ${contact.toString()})
        on conflict do nothing`,
  );
}

/**
 * Keeps a message of somebody who is not known; resolves with its place among those of its sender, from 1 on, 0 if there was no
 * room for it or the sender has become known meanwhile.
 */
export async function hold(
  db: Database,
  { account, contact }: Relation,
  { element, most, mostEach }: { readonly element: Element; readonly most: number; readonly mostEach: number },
): Promise<number> {
  const own = account.toString();
  const other = contact.toString();
  const added = await db.one<{ id: number }>(
    sql`insert into stranger_message (account, contact, received, stanza)
        select ${own}, ${other}, ${Date.now()}, ${element.toString()}
        where (select count(*) from stranger_message where account = ${own}) < ${most}
        and (select count(*) from stranger_message where account = ${own} and contact = ${other}) < ${mostEach}
        and not exists (select 1 from stranger_known where account = ${own} and contact = ${other})
        returning id`,
  );
  if (added === undefined) return 0;
  const row = await db.one<{ count: number }>(
    sql`select count(*) as count from stranger_message where account = ${own} and contact = ${other} and id <= ${added.id}`,
  );
  return Math.max(1, row?.count ?? 0); // it may have arrived already
}

/** What is held of somebody, oldest first. */
export async function heldOf(db: Database, { account, contact }: Relation): Promise<readonly Held[]> {
  const rows = await db.all<{ id: number; received: number; stanza: string }>(
    sql`select id, received, stanza from stranger_message
        where account = ${account.toString()} and contact = ${contact.toString()} order by id`,
  );
  return rows.map(({ id, received, stanza }) => ({ id, received: new Date(received), element: parseText(stanza) }));
}

/** Of whom something is held for an account; bare addresses. */
export async function heldFor(db: Database, account: Jid): Promise<readonly Jid[]> {
  const rows = await db.all<{ contact: string }>(
    sql`select distinct contact from stranger_message where account = ${account.toString()}`,
  );
  return rows.map(({ contact }) => Jid.parse(contact));
}

/** A message has arrived. */
export async function letGo(db: Database, { id }: Held): Promise<void> {
  await db.run(sql`delete from stranger_message where id = ${id}`);
}

export async function drop(db: Database, { account, contact }: Relation): Promise<void> {
  await db.run(
    sql`delete from stranger_message where account = ${account.toString()} and contact = ${contact.toString()}`,
  );
}

export async function forgetAccount(db: Database, account: Jid): Promise<void> {
  const own = account.toString();
  await db.batch([
    sql`delete from stranger_choice where account = ${own}`,
    sql`delete from stranger_known where account = ${own}`,
    sql`delete from stranger_message where account = ${own}`,
  ]);
}
