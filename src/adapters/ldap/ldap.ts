import type { Database } from "#core/database.ts";
import { background, type Logger } from "#core/log.ts";
import type { People } from "#core/people.ts";
import { SettingsError } from "#core/settings.ts";
import { LdapAccounts } from "./accounts.ts";
import { Directory } from "./directory.ts";
import { located } from "./location.ts";
import { LdapPeople } from "./people.ts";
import type { LdapSettings } from "./settings.ts";
import { VerifierStore } from "./verifier-store.ts";
import { Verifiers } from "./verifiers.ts";

export interface LdapOptions {
  /** The prepared domain whose accounts these are. */
  readonly domain: string;
  /** Its other names. */
  readonly aliases?: readonly string[];
  readonly log: Logger;
  /** Where verifiers are kept, with `migrations` of this folder applied; needed only for the setting `verifier`. */
  readonly db?: Database;
  /** What file names of the settings are relative to. */
  readonly folder?: string;
}

/** The directory as the server sees it. */
export interface Ldap {
  readonly accounts: LdapAccounts;
  readonly people: People & {
    /** Reads the directory now, so that `watch` tells of what has just been changed. @throws DirectoryError */
    refresh(): Promise<void>;
  };
  /** For step by step checks. */
  readonly directory: Directory;
  close(): void;
}

/**
 * Opens the institution's directory. Resolves also when no server answers: logins then fail for now, and the directory
 * is read as soon as one does. @throws SettingsError for files or passwords that are missing.
 */
export async function openLdap(settings: LdapSettings, options: LdapOptions): Promise<Ldap> {
  const { domain, aliases = [], log, db } = options;
  if (settings.verifier && db === undefined) throw new SettingsError("ldap.verifier: needs a database");
  const directory = new Directory(located(settings, options.folder), { domain, log });
  const people = new LdapPeople({
    directory,
    log,
    interval: settings["sync-interval"],
    vanishLimit: settings["vanish-limit"],
  });
  const verifiers =
    settings.verifier && db !== undefined
      ? new Verifiers({ store: new VerifierStore(db, domain), log, lifetime: settings["verifier-lifetime"] })
      : undefined;
  const accounts = new LdapAccounts({ directory, snapshot: people, log, verifiers, domains: [domain, ...aliases] });
  const unwatch = people.watch(({ ended }) => {
    accounts.forget();
    for (const user of ended) background(log, verifiers?.forget(user));
  });
  await people.start();
  return {
    accounts,
    people,
    directory,
    close() {
      unwatch();
      people.close();
      directory.close();
    },
  };
}
