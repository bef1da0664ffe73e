import { type Database, type Query, sql } from "#core/database.ts";

export const migrations: readonly string[] = [
  `create table face (
     account text not null,
     contact text not null,
     domain text not null,
     primary key (account, contact))`,
];

/** The domain under which a contact elsewhere knows an account; undefined while it knows none. */
export async function known(db: Database, account: string, contact: string): Promise<string | undefined> {
  const row = await db.one<{ domain: string }>(
    sql`select domain from face where account = ${account} and contact = ${contact}`,
  );
  return row?.domain;
}

/** Keeps the first domain; later ones change nothing. At most `limit` contacts of an account are kept. */
export async function learn(
  db: Database,
  face: { readonly account: string; readonly contact: string; readonly domain: string },
  limit: number,
): Promise<void> {
  const { account, contact, domain } = face;
  await db.run(
    sql`insert into face (account, contact, domain)
        select ${account}, ${contact}, ${domain}
        where (select count(*) from face where account = ${account}) < ${limit}
        on conflict do nothing`,
  );
}

export function forgetAll(account: string): Query {
  return sql`delete from face where account = ${account}`;
}
