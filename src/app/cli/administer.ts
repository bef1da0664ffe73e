import { setTimeout as sleep } from "node:timers/promises";
import { silent } from "#core/log.ts";
import { archiveAdministration } from "../admin/archiving.ts";
import { type Administration, CommandError, execute } from "../admin/command.ts";
import { commands } from "../admin/commands.ts";
import { forgetAccount } from "../admin/forgetting.ts";
import { lockAccount } from "../admin/locking.ts";
import { fileAdministration } from "../admin/uploads.ts";
import { type Assembly, assemble } from "../assemble.ts";
import type { Configuration } from "../configuration.ts";
import { ask } from "../control/client.ts";
import { type DataStore, openDataStore } from "../data-store.ts";
import { InUseError, takeFolder } from "../instance.ts";
import { readVersion } from "../version.ts";

/** How often, and how long apart, a service that is just starting or stopping is asked again. */
const tries = 20;
const pauseMs = 250;

export type Run = (command: string, given: object) => Promise<unknown>;

/**
 * Runs commands: through the service if it runs, else on its database. While `work` is under way the service cannot be
 * started. @throws CommandError, ServiceError
 */
export async function administer<T>(configuration: Configuration, work: (run: Run) => Promise<T>): Promise<T> {
  const { data } = configuration;
  for (let attempt = 1; ; attempt++) {
    if (await answers(data)) return work(async (command, given) => asked(data, command, given));
    const instance = take(data, attempt < tries);
    if (instance === undefined) {
      await sleep(pauseMs);
      continue;
    }
    try {
      return await onDatabase(configuration, work);
    } finally {
      instance.release();
    }
  }
}

async function answers(folder: string): Promise<boolean> {
  try {
    return (await ask(folder, { command: "status", arguments: {} })) !== undefined;
  } catch (error) {
    if (error instanceof CommandError && error.code === "not-running") return false;
    throw error;
  }
}

async function asked(folder: string, command: string, given: object): Promise<unknown> {
  const reply = await ask(folder, { command, arguments: given });
  if (reply === undefined) throw new CommandError("not-running", "the service has just stopped; try again");
  return reply.result;
}

function take(folder: string, mayWait: boolean): ReturnType<typeof takeFolder> | undefined {
  try {
    return takeFolder(folder, 0);
  } catch (error) {
    if (error instanceof InUseError && mayWait) return undefined;
    throw error;
  }
}

async function onDatabase<T>(configuration: Configuration, work: (run: Run) => Promise<T>): Promise<T> {
  const store = await openDataStore(configuration);
  try {
    const administration: Administration = {
      domains: configuration.domains.map(({ name }) => name),
      accounts: (domain) => store.accounts(domain),
      elsewhere: (domain) => store.people(domain) !== undefined,
      forget: (account) => assembled(configuration, store, (assembly) => forgetAccount(assembly, store.db, account)),
      lock: (account, locked) => assembled(configuration, store, (assembly) => lockAccount(assembly, account, locked)),
      files: (task) => assembled(configuration, store, (assembly) => task(fileAdministration(assembly))),
      archives: (task) => assembled(configuration, store, (assembly) => task(archiveAdministration(assembly))),
    };
    return await work((command, given) => execute(commands, administration, { command, arguments: given }));
  } finally {
    await store.close();
  }
}

/** The features know what they keep: the whole server is put together, without its listeners, for them to change it. */
async function assembled<T>(
  { domains, sections, data: folder }: Configuration,
  store: DataStore,
  work: (assembly: Assembly) => Promise<T>,
): Promise<T> {
  const { db, authenticator, people } = store;
  const version = readVersion();
  const assembly = await assemble({
    domains,
    sections,
    db,
    folder,
    accounts: authenticator,
    people,
    log: silent,
    version,
  });
  try {
    return await work(assembly);
  } finally {
    await assembly.stop();
  }
}
