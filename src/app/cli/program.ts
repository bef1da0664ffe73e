import { Command, CommanderError, InvalidArgumentError } from "commander";
import { DatabaseError } from "#core/database.ts";
import { SettingsError } from "#core/settings.ts";
import { CommandError } from "../admin/command.ts";
import { readVersion } from "../version.ts";
import { addArchiveCommands } from "./archive.ts";
import { addDoctor, UnhealthyError } from "./doctor.ts";
import { addFederationCommands } from "./federation.ts";
import { addFilesCommands } from "./files.ts";
import { type CommonOptions, configurationOf, type StartOptions } from "./options.ts";
import { start } from "./start.ts";
import { showStatus } from "./status.ts";
import type { Terminal } from "./terminal.ts";
import { addUserCommands } from "./user.ts";

/** What a process ends with. */
export const exit = { done: 0, failed: 1, usage: 2 } as const;

/** Runs a command line, without the program's name. Resolves with the exit code; what went wrong has been said. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync([...words], { from: "user" });
    return exit.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage;
    if (error instanceof UnhealthyError) return exit.failed;
    terminal.errors.write(`${explain(error)}\n`);
    return error instanceof CommandError && error.code === "usage" ? exit.usage : exit.failed;
  }
}

/** Errors that tell an operator what to do stand alone; anything else is a bug and shows where it happened. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SettingsError) return `The configuration has errors:\n${error.message.replaceAll(/^/gm, "  ")}`;
  if (error instanceof DatabaseError) return `parloir: database: ${error.message}`;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
    return String(error.stack);
  return `parloir: ${error.message}`;
}

function program(terminal: Terminal): Command {
  const all = new Command("parloir")
    .description("The command line of a Parloir installation.")
    .version(readVersion(), "--version", "Says the version.")
    .helpOption("--help", "Says how to use a command.")
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError("(--help says more)")
    .configureOutput({
      writeOut: (text) => void terminal.output.write(text),
      writeErr: (text) => void terminal.errors.write(text),
    });
  addStart(all, terminal);
  addUserCommands(all, terminal, common);
  addFilesCommands(all, terminal, common);
  addArchiveCommands(all, terminal, common);
  addFederationCommands(all, terminal, common);
  const config = all.command("config").description("The configuration file: check.");
  common(
    config.command("check").description("Says what is wrong in the configuration file, or that nothing is."),
  ).action((options: CommonOptions) => {
    const { file } = configurationOf(options);
    terminal.output.write(
      file === undefined ? "There is no configuration file; the defaults hold.\n" : `${file}: no errors\n`,
    );
  });
  common(all.command("status").description("Says whether the service runs, who is connected, and what it has counted."))
    .option("--json", "As JSON.")
    .action((options: CommonOptions & { json?: boolean }) => showStatus(terminal, options));
  addDoctor(all, terminal, common);
  return all;
}

function addStart(all: Command, terminal: Terminal): void {
  common(all.command("start").description("Starts the service; it runs until it gets SIGINT (Ctrl-C) or SIGTERM."))
    .option("--port <number>", "Port for STARTTLS; direct TLS gets the next one. 0: any free ports.", portNumber)
    .option("--guide", "Makes an administrator's account where there is no account yet, and prints how to connect.")
    .option("--demo", "Makes demo accounts, prints their passwords and how to connect.")
    .action((options: StartOptions) => start(terminal, options));
}

function common(command: Command): Command {
  return command
    .option("--config <file>", "Configuration file. Default: parloir.yaml of the installation, if it is there.")
    .option("--data <folder>", "Data folder, instead of the one in the configuration.");
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_534) return port;
  throw new InvalidArgumentError("expected a number from 0 to 65534.");
}
