import { type Command, InvalidArgumentError } from "commander";
import { SettingsError } from "#core/settings.ts";
import { type Language, languageOf } from "#stanza/text.ts";
import { CommandError } from "../admin/command.ts";
import type { Configuration } from "../configuration.ts";
import type { Context, Login } from "../doctor/check.ts";
import { brokenConfiguration, configurationCheck } from "../doctor/checks/configuration.ts";
import { checks } from "../doctor/checks.ts";
import { directoryOf, userOf } from "../doctor/directory.ts";
import { examine, type Found, isHealthy, serviceState } from "../doctor/doctor.ts";
import { report, reportAsJson } from "../doctor/report.ts";
import { systemResolver } from "../doctor/resolver.ts";
import { thisSystem } from "../doctor/system.ts";
import { type CommonOptions, configurationOf, repeated } from "./options.ts";
import { knownPassword, type Terminal } from "./terminal.ts";

/** How long the service, the DNS or the directory may take for one answer. */
const timeoutMs = 5_000;

interface DoctorOptions extends CommonOptions {
  readonly login?: string;
  readonly lang?: Language;
  readonly json?: boolean;
}

/** Something is wrong, and has been told. */
export class UnhealthyError extends Error {
  override readonly name = "UnhealthyError";
}

/** `parloir doctor`. */
export function addDoctor(program: Command, terminal: Terminal, common: (command: Command) => Command): void {
  common(
    program
      .command("doctor")
      .description("Looks for what is wrong with the installation, and says what to do about it. It changes nothing."),
  )
    .option("--login <login>", "Tries the login of this person in the directory; the password is asked for.")
    .option("--lang <language>", "fr or en. Default: that of the environment (LANG).", language)
    .option("--json", "As JSON.")
    .action((options: DoctorOptions) => doctor(terminal, options));
}

/** @throws UnhealthyError if there is an error or a warning */
async function doctor(terminal: Terminal, options: DoctorOptions): Promise<void> {
  const findings = await findingsOf(terminal, options);
  const { env } = process;
  const spoken = options.lang ?? languageOf(env.LC_ALL || env.LC_MESSAGES || env.LANG);
  terminal.output.write(options.json === true ? reportAsJson(findings) : report(findings, spoken));
  if (!isHealthy(findings)) throw new UnhealthyError("something is wrong");
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
  return {
    configuration,
    service: await serviceState(configuration.data, system, timeoutMs),
    system,
    resolver: systemResolver(timeoutMs),
    options: repeated(options),
    timeoutMs,
    ...(directory === undefined ? {} : { directory }),
    ...(login === undefined ? {} : { login }),
  };
}

async function loginOf(terminal: Terminal, configuration: Configuration, name: string): Promise<Login> {
  return { user: userOf(configuration, name), password: await knownPassword(terminal, name) };
}

function language(text: string): Language {
  if (text === "fr" || text === "en") return text;
  throw new InvalidArgumentError("expected fr or en.");
}
