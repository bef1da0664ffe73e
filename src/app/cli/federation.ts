import type { Command } from "commander";
import type { Correspondence, Explanation } from "#core/federation.ts";
import { type Language, languageOf } from "#stanza/text.ts";
import { CommandError } from "../admin/command.ts";
import { federationExplain, federationList } from "../admin/federation.ts";
import { ask } from "../control/client.ts";
import { language, UnhealthyError } from "./doctor.ts";
import { type CommonOptions, configurationOf } from "./options.ts";
import { elapsed } from "./status.ts";
import type { Terminal } from "./terminal.ts";

type Options = CommonOptions & { readonly json?: boolean };
type ExplainOptions = Options & { readonly from?: string; readonly lang?: Language };

/** `parloir federation list` and `explain`; `parloir federation` alone lists. */
export function addFederationCommands(
  program: Command,
  terminal: Terminal,
  common: (command: Command) => Command,
): void {
  const federation = program.command("federation").description("Other servers: list, explain.");
  common(federation.command("list", { isDefault: true }).description(federationList.summary))
    .option("--json", "As JSON.")
    .action((options: Options) => list(terminal, options));
  common(federation.command("explain <domain>").description(federationExplain.summary))
    .option("--from <domain>", "In the name of which domain of ours. Default: the first.")
    .option("--lang <language>", "fr or en. Default: that of the environment (LANG).", language)
    .option("--json", "As JSON.")
    .action((domain: string, options: ExplainOptions) => explain(terminal, domain, options));
}

/** @throws CommandError; UnhealthyError where messages cannot go there */
async function explain(terminal: Terminal, domain: string, options: ExplainOptions): Promise<void> {
  const { data } = configurationOf(options);
  const { from, lang, json } = options;
  const given = from === undefined ? { domain } : { domain, from };
  const reply = await ask(data, { command: federationExplain.name, arguments: given });
  if (reply === undefined) throw new CommandError("not-running", `not running (data folder ${data})`);
  const { explanationReport, isReached } = await import("../doctor/explanation.ts"); // words that no other command needs
  const found = reply.result as Explanation;
  const { env } = process;
  const spoken = lang ?? languageOf(env.LC_ALL || env.LC_MESSAGES || env.LANG);
  terminal.output.write(json === true ? `${JSON.stringify(found, undefined, 2)}\n` : explanationReport(found, spoken));
  if (!isReached(found)) throw new UnhealthyError("messages cannot go there");
}

/** @throws CommandError not-running */
async function list(terminal: Terminal, options: Options): Promise<void> {
  const { data } = configurationOf(options);
  const reply = await ask(data, { command: federationList.name, arguments: {} });
  if (reply === undefined) throw new CommandError("not-running", `not running (data folder ${data})`);
  const found = reply.result as readonly Correspondence[];
  if (options.json === true) terminal.output.write(`${JSON.stringify(found, undefined, 2)}\n`);
  else if (found.length === 0) terminal.output.write("No other server is connected.\n");
  else for (const one of found) terminal.output.write(`${describe(one)}\n`);
}

/** "far.example  with one.example  both  open  dialback, encrypted  for 3 min 2 s". */
function describe({ domain, local, direction, state, ...one }: Correspondence): string {
  const since = Date.parse(one.since) - Date.now();
  const proof = `${one.authentication === "none" ? "not authenticated" : one.authentication}${one.encrypted ? ", encrypted" : ", NOT ENCRYPTED"}`;
  const parts = {
    open: [proof, `for ${elapsed(-since)}`],
    connecting: [],
    resting: [`for another ${elapsed(Math.max(0, since))}`],
  }[state];
  const waiting = one.waiting > 0 ? [`${one.waiting} waiting`] : [];
  const error = one.error === undefined ? [] : [`failed at ${one.error.step}: ${one.error.why}`];
  return [domain, `with ${local}`, direction, state, ...parts, ...waiting, ...error].join("  ");
}
