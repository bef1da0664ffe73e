import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { InternalAccounts } from "#adapters/internal-auth/accounts.ts";
import { migrations } from "#adapters/internal-auth/store.ts";
import { openSqlite, type SqliteDatabase } from "#adapters/sqlite/sqlite.ts";
import { migrate } from "#core/migrations.ts";
import type { Accounts, Authenticator } from "#sasl/authenticator.ts";
import { CommandError } from "./admin/command.ts";
import type { Configuration } from "./configuration.ts";

/** What is kept on disk: the database and the accounts in it. */
export interface DataStore {
  readonly db: SqliteDatabase;
  /** The accounts of a domain. */
  authenticator(domain: string): Authenticator;
  /** Their administration. @throws CommandError refused */
  accounts(domain: string): Accounts;
  close(): Promise<void>;
}

/** Opens the database of a data folder, made where it is missing, with the tables of the accounts up to date. */
export async function openDataStore({ data, domains, accounts: { iterations } }: Configuration): Promise<DataStore> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, "parloir.sqlite");
  const db = await openSqlite({ file });
  try {
    chmodSync(file, 0o600);
    await migrate(db, [{ owner: "internal-auth", steps: migrations }]);
  } catch (error) {
    await db.close();
    throw error;
  }
  const sources = new Map(
    domains.map(({ name }) => [name, new InternalAccounts({ database: db, domain: name, iterations })]),
  );
  const authenticator = (domain: string): Authenticator => {
    const source = sources.get(domain);
    if (source === undefined) throw new CommandError("not-found", `${domain} is not a domain of this server`);
    return source;
  };
  return {
    db,
    authenticator,
    accounts(domain) {
      const { admin } = authenticator(domain);
      if (admin === undefined)
        throw new CommandError("refused", `the accounts of ${domain} are administered elsewhere`);
      return admin;
    },
    close: () => db.close(),
  };
}
