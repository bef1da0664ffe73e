import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { InternalAccounts } from "#adapters/internal-auth/accounts.ts";
import { migrations } from "#adapters/internal-auth/store.ts";
import type { Ldap } from "#adapters/ldap/ldap.ts";
import { migrations as verifiers } from "#adapters/ldap/verifier-store.ts";
import { openSqlite, type SqliteDatabase } from "#adapters/sqlite/sqlite.ts";
import { type Logger, silent } from "#core/log.ts";
import { migrate } from "#core/migrations.ts";
import type { People } from "#core/people.ts";
import type { Accounts, Authenticator } from "#sasl/authenticator.ts";
import { CommandError } from "./admin/command.ts";
import type { Configuration } from "./configuration.ts";

/** What is kept: the database, and the accounts in it or in the institution's directory. */
export interface DataStore {
  readonly db: SqliteDatabase;
  /** The accounts of a domain. */
  authenticator(domain: string): Authenticator;
  /** Their administration. @throws CommandError refused */
  accounts(domain: string): Accounts;
  /** The institution's directory, where one is configured. */
  people(domain: string): People | undefined;
  close(): Promise<void>;
}

/** Where the accounts of one domain are. */
interface Source {
  readonly accounts: Authenticator;
  readonly ldap: Ldap | undefined;
}

/** Opens the database of a data folder, made where it is missing, with the tables of the accounts up to date. */
export async function openDataStore(configuration: Configuration, log: Logger = silent): Promise<DataStore> {
  const { data } = configuration;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, "parloir.sqlite");
  const db = await openSqlite({ file });
  const sources = new Map<string, Source>();
  const close = async () => {
    for (const { ldap } of sources.values()) ldap?.close();
    await db.close();
  };
  try {
    chmodSync(file, 0o600);
    await migrate(db, [{ owner: "internal-auth", steps: migrations }, verifiers]);
    for (const domain of configuration.domains) {
      sources.set(domain.name, await sourceOf(domain, configuration, { db, log }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const sourceFor = (domain: string): Source => {
    const source = sources.get(domain);
    if (source === undefined) throw new CommandError("not-found", `${domain} is not a domain of this server`);
    return source;
  };
  return {
    db,
    authenticator: (domain) => sourceFor(domain).accounts,
    people: (domain) => sourceFor(domain).ldap?.people,
    accounts(domain) {
      const { admin } = sourceFor(domain).accounts;
      if (admin !== undefined) return admin;
      throw new CommandError(
        "refused",
        `the accounts of ${domain} are in the directory (LDAP): they are administered there`,
      );
    },
    close,
  };
}

async function sourceOf(
  { name: domain, aliases }: Configuration["domains"][number],
  { ldap: settings, accounts: { iterations }, file }: Configuration,
  { db, log }: { readonly db: SqliteDatabase; readonly log: Logger },
): Promise<Source> {
  if (settings.url.length === 0) {
    return { accounts: new InternalAccounts({ database: db, domain, iterations }), ldap: undefined };
  }
  const { openLdap } = await import("#adapters/ldap/ldap.ts"); // its library is not small: only where it is used
  const folder = file === undefined ? {} : { folder: dirname(file) };
  const ldap = await openLdap(settings, { domain, aliases, log, db, ...folder });
  return { accounts: ldap.accounts, ldap };
}
