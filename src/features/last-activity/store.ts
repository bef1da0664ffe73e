import { type Database, sql } from "#core/database.ts";

export const migrations = [
  `create table last_activity (
    account text not null primary key,
    left_at integer not null,
    status text not null
  )`,
];

/** When an account was last seen to leave, and what it said then. */
export interface Departure {
  readonly at: Date;
  /** "" where it said nothing. */
  readonly status: string;
}

/** The last departure of each account. */
export class Departures {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async of(account: string): Promise<Departure | undefined> {
    const row = await this.#db.one<{ at: number; status: string }>(
      sql`select left_at as at, status from last_activity where account = ${account}`,
    );
    return row && { at: new Date(row.at), status: row.status };
  }

  async put(account: string, { at, status }: Departure): Promise<void> {
    await this.#db.run(
      sql`insert into last_activity (account, left_at, status) values (${account}, ${at.getTime()}, ${status})
        on conflict (account) do update set left_at = excluded.left_at, status = excluded.status`,
    );
  }

  /** The account is gone, and all of this with it. */
  async forget(account: string): Promise<void> {
    await this.#db.run(sql`delete from last_activity where account = ${account}`);
  }
}
