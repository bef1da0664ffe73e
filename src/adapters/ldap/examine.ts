import { type Logger, silent } from "#core/log.ts";
import { prepareUser } from "#sasl/prepare.ts";
import type { BindOutcome } from "./bind-outcome.ts";
import { dial, type Endpoint, readEndpoint } from "./dial.ts";
import { Directory } from "./directory.ts";
import { located } from "./location.ts";
import { isDisabled, knownOf } from "./person.ts";
import type { PresetName } from "./presets.ts";
import { peopleWith, readAll } from "./reading.ts";
import type { LdapSettings } from "./settings.ts";

/**
 * What is looked at, in this order, and each only if what it needs is well: for every server `connection` (TCP), `tls`
 * and `account` (the one that searches); then `layout` (what the directory is), `people` (whether anybody is seen); and
 * with a login `person` (exactly one entry, not disabled) and `password`.
 */
export type StepName = "connection" | "tls" | "account" | "layout" | "people" | "person" | "password";

/** What a step has found. Reasons are for operators, in the words of the system; no secrets are in them. */
export interface Step {
  readonly name: StepName;
  /** The server, where it is one server's. */
  readonly url?: string;
  readonly ok: boolean;
  readonly reason?: string;
  /** The code of the error, such as ECONNREFUSED, ENOTFOUND or DEPTH_ZERO_SELF_SIGNED_CERT; or the bind's outcome. */
  readonly code?: string;
  /** After `layout`. */
  readonly preset?: PresetName;
  readonly base?: string;
  /** After `people`: how many, and how many groups. */
  readonly people?: number;
  readonly groups?: number;
  /** After `person`: the entries with that login. */
  readonly entries?: readonly string[];
}

export interface Examination {
  readonly domain: string;
  /** What file names of the settings are relative to. */
  readonly folder?: string;
  readonly login?: { readonly user: string; readonly password: string };
}

/** Looks at the directory step by step, as the server would use it. @throws SettingsError */
export async function examine(settings: LdapSettings, examination: Examination): Promise<Step[]> {
  const complete = located(settings, examination.folder);
  const steps: Step[] = [];
  let usable = false;
  for (const url of complete.url) {
    const found = await examineServer(complete, readEndpoint(url)!, examination.domain);
    steps.push(...found);
    usable ||= found.every(({ ok }) => ok);
  }
  if (!usable) return steps;
  await withDirectory(complete, examination.domain, silent, async (directory) => {
    steps.push(...(await examineContent(directory, examination.login)));
  });
  return steps;
}

async function examineServer(settings: LdapSettings, endpoint: Endpoint, domain: string): Promise<Step[]> {
  const { url } = endpoint;
  const timeout = settings["connect-timeout"];
  const plain = { ...endpoint, secure: false };
  const connection = await step({ name: "connection", url }, async () => {
    (await dial(plain, { startTls: false, ca: undefined, timeout })).destroy();
    return undefined;
  });
  if (!connection.ok) return [connection];
  const one = { ...settings, url: [url] };
  const account: Step[] = [];
  const tls = await step({ name: "tls", url }, async () => {
    await withDirectory(one, domain, silent, async (directory) => {
      (await directory.dial(endpoint)).destroy();
      const logIn = () => directory.logIn(endpoint).then(() => undefined);
      account.push(await step({ name: "account", url }, logIn));
    });
    return undefined;
  });
  return [connection, tls, ...account];
}

async function examineContent(directory: Directory, login: Examination["login"]): Promise<Step[]> {
  const found: Step[] = [];
  const layout = await step({ name: "layout" }, async () => {
    const { preset, userBase } = await directory.layout();
    return { preset, base: userBase };
  });
  found.push(layout);
  if (!layout.ok) return found;
  found.push(
    await step({ name: "people" }, async () => {
      const { people, groups } = await readAll(directory);
      if (people.size === 0) return { ok: false, reason: "nobody is seen", people: 0, groups: groups.length };
      return { people: people.size, groups: groups.length };
    }),
  );
  if (login !== undefined) found.push(...(await examineLogin(directory, login)));
  return found;
}

async function examineLogin(directory: Directory, login: NonNullable<Examination["login"]>): Promise<Step[]> {
  const user = prepareUser(login.user);
  if (user === undefined) return [{ name: "person", ok: false, entries: [], reason: "this cannot be a login" }];
  let dn = "";
  const person = await step({ name: "person" }, async () => {
    const layout = await directory.layout();
    const found = (await peopleWith(directory, user)).filter(
      (entry) => knownOf(entry, layout, new Set())?.person.user === user,
    );
    const entries = found.map((entry) => entry.dn);
    if (found.length !== 1) return { ok: false, entries, reason: `${found.length} entries have this login` };
    dn = entries[0]!;
    return isDisabled(found[0]!, layout)
      ? { ok: false, entries, code: "disabled", reason: "it is disabled" }
      : { entries };
  });
  if (dn === "") return [person];
  const password = await step({ name: "password" }, async () => {
    const { outcome, reason } = await directory.check(dn, login.password);
    return {
      ok: outcome === "right",
      code: outcome satisfies BindOutcome,
      ...(reason === undefined ? {} : { reason }),
    };
  });
  return [person, password];
}

/** Runs a step; what it throws is its reason. */
async function step(
  about: Pick<Step, "name" | "url">,
  run: () => Promise<Partial<Omit<Step, "name" | "url">> | undefined>,
): Promise<Step> {
  try {
    return { ...about, ok: true, ...(await run()) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = (cause as { code?: unknown }).code;
    return {
      ...about,
      ok: false,
      reason: error instanceof Error ? error.message : String(error),
      ...(code === undefined ? {} : { code: String(code) }),
    };
  }
}

async function withDirectory(
  settings: LdapSettings,
  domain: string,
  log: Logger,
  run: (directory: Directory) => Promise<void>,
): Promise<void> {
  const directory = new Directory(settings, { domain, log });
  try {
    await run(directory);
  } finally {
    directory.close();
  }
}
