import { type Database, DatabaseError, type Query, sql } from "#core/database.ts";
import type { AccountRange, ScramHash, ScramKeys } from "#sasl/authenticator.ts";
import { AccountError } from "#sasl/error.ts";

/** The keys of an account, by hash; empty if it has no password. */
export type Account = ReadonlyMap<ScramHash, ScramKeys>;
export type KeptKeys = Account;

/** The tables of the accounts; append-only, one statement each. `created` is in milliseconds since 1970. */
export const migrations: readonly string[] = [
  `create table account (
    domain text not null,
    username text not null,
    created integer not null,
    primary key (domain, username)
  )`,
  `create table account_key (
    domain text not null,
    username text not null,
    hash text not null,
    iterations integer not null,
    salt blob not null,
    stored_key blob not null,
    server_key blob not null,
    primary key (domain, username, hash),
    foreign key (domain, username) references account (domain, username)
  )`,
];

interface KeyRow {
  readonly hash: ScramHash | null;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly stored_key: Uint8Array;
  readonly server_key: Uint8Array;
}

const defaultLimit = 100;
const highestLimit = 1000;

/** The SQL of the accounts of one domain. Rejects with DatabaseError if the database fails. */
export class AccountStore {
  readonly #database: Database;
  readonly #domain: string;

  constructor(database: Database, domain: string) {
    this.#database = database;
    this.#domain = domain;
  }

  async find(user: string): Promise<Account | undefined> {
    const rows = await this.#database.all<KeyRow>(sql`
      select k.hash, k.iterations, k.salt, k.stored_key, k.server_key
      from account a left join account_key k on k.domain = a.domain and k.username = a.username
      where a.domain = ${this.#domain} and a.username = ${user}`);
    if (rows.length === 0) return undefined;
    const keys = new Map<ScramHash, ScramKeys>();
    for (const { hash, iterations, salt, stored_key, server_key } of rows) {
      if (hash !== null) keys.set(hash, { salt, iterations, storedKey: stored_key, serverKey: server_key });
    }
    return keys;
  }

  /** Throws AccountError conflict if the account is there. */
  async create(user: string, keys: KeptKeys): Promise<void> {
    const account = sql`insert into account (domain, username, created)
      values (${this.#domain}, ${user}, ${Date.now()})`;
    try {
      await this.#database.batch([account, ...this.#insertions(user, keys)]);
    } catch (cause) {
      if (!(cause instanceof DatabaseError && cause.kind === "constraint")) throw cause;
      throw new AccountError("conflict", `The account ${user}@${this.#domain} exists already`, { cause });
    }
  }

  /** Throws AccountError item-not-found if there is no such account. */
  async replaceKeys(user: string, keys: KeptKeys): Promise<void> {
    await this.#database.transaction(async (database) => {
      const found = await database.one(sql`
        select created from account where domain = ${this.#domain} and username = ${user}`);
      if (found === undefined) throw this.#missing(user);
      await database.batch([this.#deletion(user), ...this.#insertions(user, keys)]);
    });
  }

  /** Throws AccountError item-not-found if there is no such account. */
  async remove(user: string): Promise<void> {
    const account = sql`delete from account where domain = ${this.#domain} and username = ${user}`;
    const [, removed] = await this.#database.batch([this.#deletion(user), account]);
    if (removed === 0) throw this.#missing(user);
  }

  async list({ after = "", limit = defaultLimit }: AccountRange): Promise<string[]> {
    const count = Math.min(Math.max(Math.trunc(limit), 1), highestLimit);
    const rows = await this.#database.all<{ username: string }>(sql`
      select username from account where domain = ${this.#domain} and username > ${after}
      order by username limit ${count}`);
    return rows.map(({ username }) => username);
  }

  #deletion(user: string): Query {
    return sql`delete from account_key where domain = ${this.#domain} and username = ${user}`;
  }

  #insertions(user: string, keys: KeptKeys): Query[] {
    return [...keys].map(
      ([hash, { iterations, salt, storedKey, serverKey }]) => sql`
        insert into account_key (domain, username, hash, iterations, salt, stored_key, server_key)
        values (${this.#domain}, ${user}, ${hash}, ${iterations}, ${salt}, ${storedKey}, ${serverKey})`,
    );
  }

  #missing(user: string): AccountError {
    return new AccountError("item-not-found", `There is no account ${user}@${this.#domain}`);
  }
}
