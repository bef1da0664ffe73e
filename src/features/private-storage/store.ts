import { type Database, sql } from "#core/database.ts";

export const migrations = [
  `create table private_storage (
    account text not null,
    namespace text not null,
    name text not null,
    xml text not null,
    bytes integer not null,
    primary key (account, namespace, name)
  )`,
];

/** What is kept under one name: the elements with that name, wrapped as they came. */
export interface Entry {
  readonly namespace: string;
  readonly name: string;
  /** "" where nothing is to be kept any more. */
  readonly xml: string;
  readonly bytes: number;
}

/** How much an account keeps. */
export interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

/** The private data of all accounts. */
export class PrivateStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async get(account: string, namespace: string, name: string): Promise<string | undefined> {
    const row = await this.#db.one<{ xml: string }>(
      sql`select xml from private_storage where account = ${account} and namespace = ${namespace} and name = ${name}`,
    );
    return row?.xml;
  }

  /** What an account would keep beside these entries. */
  async usageBeside(account: string, entries: readonly Entry[]): Promise<Usage> {
    const rows = await this.#db.all<{ namespace: string; name: string; bytes: number }>(
      sql`select namespace, name, bytes from private_storage where account = ${account}`,
    );
    const others = rows.filter(
      (row) => !entries.some((one) => one.namespace === row.namespace && one.name === row.name),
    );
    return { entries: others.length, bytes: others.reduce((sum, row) => sum + row.bytes, 0) };
  }

  /** All of them or none. */
  async put(account: string, entries: readonly Entry[]): Promise<void> {
    await this.#db.batch(
      entries.map(({ namespace, name, xml, bytes }) =>
        xml === ""
          ? sql`delete from private_storage where account = ${account} and namespace = ${namespace} and name = ${name}`
          : sql`insert into private_storage (account, namespace, name, xml, bytes)
              values (${account}, ${namespace}, ${name}, ${xml}, ${bytes})
              on conflict (account, namespace, name) do update set xml = excluded.xml, bytes = excluded.bytes`,
      ),
    );
  }

  /** The account is gone, and all of this with it. */
  async forget(account: string): Promise<void> {
    await this.#db.run(sql`delete from private_storage where account = ${account}`);
  }
}
