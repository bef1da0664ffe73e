import type { Readable, Writable } from "node:stream";
import { CommandError } from "../admin/command.ts";

/** What a command line talks to. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  /** What was asked for. */
  readonly output: Writable;
  /** Prompts and errors. */
  readonly errors: Writable;
}

const maxInput = 4096;

/**
 * A new password: typed twice without being shown, or the first line of standard input where that is no terminal.
 * @throws CommandError if nothing was typed, or two different things.
 */
export async function newPassword(terminal: Terminal, account: string): Promise<string> {
  if (terminal.input.isTTY !== true) return nonEmpty(firstLine(await readAll(terminal.input)));
  const password = nonEmpty(await typed(terminal, `Password for ${account}: `));
  if ((await typed(terminal, "Once more: ")) !== password) {
    throw new CommandError("usage", "the two passwords are not the same; nothing was changed");
  }
  return password;
}

/**
 * A password that exists: typed once without being shown, or the first line of standard input where that is no terminal.
 * @throws CommandError if nothing was typed.
 */
export async function knownPassword(terminal: Terminal, account: string): Promise<string> {
  if (terminal.input.isTTY !== true) return nonEmpty(firstLine(await readAll(terminal.input)));
  return nonEmpty(await typed(terminal, `Password for ${account}: `));
}

function nonEmpty(password: string): string {
  if (password === "") throw new CommandError("usage", "no password was given: type it, or send it to standard input");
  return password;
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}

async function readAll(input: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of input) {
    parts.push(Buffer.from(part));
    length += part.length;
    if (length > maxInput) throw new CommandError("usage", "standard input is too long for a password");
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Reads a line from a terminal without showing it. */
async function typed({ input, errors }: Terminal, prompt: string): Promise<string> {
  errors.write(prompt);
  input.setRawMode?.(true);
  try {
    return await line(input);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    errors.write("\n");
  }
}

function line(input: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const typed: string[] = [];
  const read = (part: Buffer | string) => {
    for (const key of part.toString()) {
      if (key === "\r" || key === "\n" || key === "\u0004") return resolve(typed.join(""));
      if (key === "\u0003") return reject(new CommandError("usage", "interrupted; nothing was changed"));
      if (key === "\u007f" || key === "\b") typed.pop();
      else if (key >= " ") typed.push(key);
    }
  };
  input.on("data", read);
  input.resume();
  return promise.finally(() => input.off("data", read));
}
