import { type Database, sql } from "#core/database.ts";

export const migrations = [
  `create table vcard (
    account text not null primary key,
    xml text not null,
    photo_hash text
  )`,
];

/** The vCards of all accounts, with the hash of their photos beside them for quick reading. */
export class VcardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async get(account: string): Promise<string | undefined> {
    const row = await this.#db.one<{ xml: string }>(sql`select xml from vcard where account = ${account}`);
    return row?.xml;
  }

  async photoHash(account: string): Promise<string | undefined> {
    const row = await this.#db.one<{ hash: string | null }>(
      sql`select photo_hash as hash from vcard where account = ${account}`,
    );
    return row?.hash ?? undefined;
  }

  async put(account: string, xml: string, photoHash: string | undefined): Promise<void> {
    await this.#db.run(
      sql`insert into vcard (account, xml, photo_hash) values (${account}, ${xml}, ${photoHash})
        on conflict (account) do update set xml = excluded.xml, photo_hash = excluded.photo_hash`,
    );
  }

  /** The account is gone, and all of this with it. */
  async forget(account: string): Promise<void> {
    await this.#db.run(sql`delete from vcard where account = ${account}`);
  }
}
