import type { Explanation } from "#core/federation.ts";
import { SettingsError } from "#core/settings.ts";
import { type Language, languageOf } from "#stanza/text.ts";
import { CommandError } from "../admin/command.ts";
import { federationExplain } from "../admin/federation.ts";
import type { Configuration } from "../configuration.ts";
import { ask } from "../control/client.ts";
import type { Context, Login } from "../doctor/check.ts";
import { brokenConfiguration, configurationCheck } from "../doctor/checks/configuration.ts";
import { checks } from "../doctor/checks.ts";
import { directoryOf, userOf } from "../doctor/directory.ts";
import { examine, type Found, isHealthy, serviceState } from "../doctor/doctor.ts";
import { report, reportAsJson } from "../doctor/report.ts";
import { systemResolver } from "../doctor/resolver.ts";
import { thisSystem } from "../doctor/system.ts";
import type { DoctorOptions } from "./doctor.ts";
import { configurationOf, repeated } from "./options.ts";
import { knownPassword, type Terminal } from "./terminal.ts";

/** How long the service, the DNS or the directory may take for one answer. */
const timeoutMs = 5_000;

/** Examines the installation and tells what was found. Resolves with whether all is well. */
export async function isWell(terminal: Terminal, options: DoctorOptions): Promise<boolean> {
  const findings = await findingsOf(terminal, options);
  const { env } = process;
  const spoken = options.lang ?? languageOf(env.LC_ALL || env.LC_MESSAGES || env.LANG);
  if (options.json === true) terminal.output.write(reportAsJson(findings));
  else terminal.output.write(`${report(findings, spoken)}${loginReport(findings, options.login, spoken)}`);
  return isHealthy(findings);
}

async function findingsOf(terminal: Terminal, options: DoctorOptions): Promise<readonly Found[]> {
  let configuration: Configuration;
  try {
    configuration = configurationOf(options);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { name: check, title } = configurationCheck;
    return brokenConfiguration(error, options.config).map((finding) => ({ check, title, ...finding }));
  }
  return examine(checks, await contextOf(terminal, configuration, options));
}

async function contextOf(terminal: Terminal, configuration: Configuration, options: DoctorOptions): Promise<Context> {
  const directory = directoryOf(configuration);
  if (options.login !== undefined && directory === undefined)
    throw new CommandError("usage", "--login: there is no directory (ldap) in the configuration");
  const login = options.login === undefined ? undefined : await loginOf(terminal, configuration, options.login);
  const system = thisSystem();
  const service = await serviceState(configuration.data, system, timeoutMs);
  return {
    configuration,
    service,
    system,
    resolver: systemResolver(timeoutMs),
    options: repeated(options),
    timeoutMs,
    ...(service.state === "running" ? { explain: (domain) => explanationOf(configuration.data, domain) } : {}),
    ...(directory === undefined ? {} : { directory }),
    ...(login === undefined ? {} : { login }),
  };
}

/** What the service sees on the way to a domain; undefined where it does not say. */
async function explanationOf(folder: string, domain: string): Promise<Explanation | undefined> {
  try {
    const reply = await ask(folder, { command: federationExplain.name, arguments: { domain } }, 4 * timeoutMs);
    return reply?.result as Explanation | undefined;
  } catch {
    return undefined; // how the service is, is told elsewhere
  }
}

async function loginOf(terminal: Terminal, configuration: Configuration, name: string): Promise<Login> {
  return { user: userOf(configuration, name), password: await knownPassword(terminal, name) };
}

/** Says that a login works, where it was tried: otherwise the findings say why not. */
function loginReport(findings: readonly Found[], login: string | undefined, spoken: Language): string {
  const failed = findings.some(({ check, severity }) => severity === "error" && /^(?:ldap|configuration)$/.test(check));
  if (login === undefined || failed) return "";
  const works = { en: `The login of ${login} works.\n`, fr: `La connexion de ${login} fonctionne.\n` };
  return works[spoken];
}
