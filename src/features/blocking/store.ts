import { type Database, type Query, sql } from "#core/database.ts";

export const migrations = [
  `create table blocking (
    account text not null,
    jid text not null,
    primary key (account, jid)
  )`,
];

/** The block lists of all accounts. */
export class BlockingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async of(account: string): Promise<string[]> {
    const rows = await this.#db.all<{ jid: string }>(
      sql`select jid from blocking where account = ${account} order by jid`,
    );
    return rows.map((row) => row.jid);
  }

  /** All of it or nothing. */
  async change(account: string, added: Iterable<string>, removed: Iterable<string>): Promise<void> {
    const queries: Query[] = [];
    for (const jid of removed) queries.push(sql`delete from blocking where account = ${account} and jid = ${jid}`);
    for (const jid of added) {
      queries.push(
        sql`insert into blocking (account, jid) values (${account}, ${jid}) on conflict (account, jid) do nothing`,
      );
    }
    await this.#db.batch(queries);
  }

  /** The account is gone, and all of this with it. */
  async forget(account: string): Promise<void> {
    await this.#db.run(sql`delete from blocking where account = ${account}`);
  }
}
