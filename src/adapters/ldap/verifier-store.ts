import { type Database, sql } from "#core/database.ts";
import type { Migrations } from "#core/migrations.ts";
import type { ScramKeys } from "#sasl/authenticator.ts";

/** `confirmed`: the last good login, in milliseconds since 1970. */
export const migrations: Migrations = {
  owner: "ldap",
  steps: [
    `create table ldap_verifier (
      domain text not null,
      username text not null,
      confirmed integer not null,
      iterations integer not null,
      salt blob not null,
      stored_key blob not null,
      server_key blob not null,
      primary key (domain, username)
    );
    create index ldap_verifier_confirmed on ldap_verifier (domain, confirmed)`,
  ],
};

export interface KeptVerifier {
  readonly keys: ScramKeys;
  readonly confirmed: number;
}

/** The verifiers of one domain. Rejects with DatabaseError if the database fails. */
export class VerifierStore {
  readonly #database: Database;
  readonly #domain: string;

  constructor(database: Database, domain: string) {
    this.#database = database;
    this.#domain = domain;
  }

  async find(user: string): Promise<KeptVerifier | undefined> {
    const row = await this.#database.one<{
      confirmed: number;
      iterations: number;
      salt: Uint8Array;
      stored_key: Uint8Array;
      server_key: Uint8Array;
    }>(sql`
      select confirmed, iterations, salt, stored_key, server_key from ldap_verifier
      where domain = ${this.#domain} and username = ${user}`);
    if (row === undefined) return undefined;
    const { confirmed, iterations, salt, stored_key: storedKey, server_key: serverKey } = row;
    return { confirmed, keys: { salt, iterations, storedKey, serverKey } };
  }

  async keep(user: string, { salt, iterations, storedKey, serverKey }: ScramKeys, confirmed: number): Promise<void> {
    await this.#database.batch([
      sql`delete from ldap_verifier where domain = ${this.#domain} and username = ${user}`,
      sql`insert into ldap_verifier (domain, username, confirmed, iterations, salt, stored_key, server_key)
        values (${this.#domain}, ${user}, ${confirmed}, ${iterations}, ${salt}, ${storedKey}, ${serverKey})`,
    ]);
  }

  async drop(user: string): Promise<void> {
    await this.#database.run(sql`delete from ldap_verifier where domain = ${this.#domain} and username = ${user}`);
  }

  /** Drops what was last confirmed before a time. */
  async dropOlder(time: number): Promise<void> {
    await this.#database.run(sql`delete from ldap_verifier where domain = ${this.#domain} and confirmed < ${time}`);
  }
}
