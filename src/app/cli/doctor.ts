import { type Command, InvalidArgumentError } from "commander";
import type { Language } from "#stanza/text.ts";
import type { CommonOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export interface DoctorOptions extends CommonOptions {
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
    .action(async (options: DoctorOptions) => {
      const { isWell } = await import("./examination.ts"); // much that no other command needs
      if (!(await isWell(terminal, options))) throw new UnhealthyError("something is wrong");
    });
}

/** @throws InvalidArgumentError */
export function language(text: string): Language {
  if (text === "fr" || text === "en") return text;
  throw new InvalidArgumentError("expected fr or en.");
}
