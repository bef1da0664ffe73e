import type { z } from "zod";
import type { Correspondence, Explanation } from "#core/federation.ts";
import type { Jid } from "#jid/jid.ts";
import type { Accounts } from "#sasl/authenticator.ts";
import { type AccountCondition, AccountError } from "#sasl/error.ts";
import type { ArchiveAdministration } from "./archives.ts";
import type { FileAdministration } from "./files.ts";
import type { Status } from "./status.ts";

/** Why a command did nothing. `usage`: its arguments are wrong. */
export type Refusal = "usage" | "not-found" | "conflict" | "refused" | "not-running";

/** Told to the operator as it is: says what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: Refusal;

  constructor(code: Refusal, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
  }
}

/** The running service, as far as commands need it. */
export interface Running {
  status(): Status;
  /** The other servers it deals with. */
  federation(): readonly Correspondence[];
  /** Goes the way from a domain of ours to another one. @throws CommandError where `local` is none of ours */
  explain(local: string, domain: string): Promise<Explanation>;
}

/** What a command works on. */
export interface Administration {
  readonly domains: readonly string[];
  /** Whether the accounts of a domain are administered elsewhere: in a directory. */
  elsewhere?(domain: string): boolean;
  /** The accounts of one of the domains. @throws CommandError if its source of accounts is administered elsewhere. */
  accounts(domain: string): Accounts;
  /** Ends the sessions of a deleted account and removes all that is kept of it. Resolves with the number of sessions. */
  forget(account: Jid): Promise<number>;
  /** Locks an account or unlocks it. Resolves with the number of sessions ended. @throws CommandError not-found */
  lock(account: Jid, locked: boolean): Promise<number>;
  /** Works on uploaded files. @throws CommandError not-found if none are kept */
  files<T>(work: (files: FileAdministration) => Promise<T>): Promise<T>;
  /** Works on archives. */
  archives<T>(work: (archives: ArchiveAdministration) => Promise<T>): Promise<T>;
  /** Undefined while the service is stopped: the command has the database for itself. */
  readonly running?: Running;
}

/**
 * Something an operator can do, whoever asks: the command line, or later HTTP. Arguments and result are plain JSON.
 * A command must not print, prompt or read files.
 */
export interface Command<Arguments = unknown, Result = unknown> {
  /** As typed: "user add". */
  readonly name: string;
  /** One sentence for the manual. */
  readonly summary: string;
  /** Whether it changes anything: then it is logged. */
  readonly changes: boolean;
  readonly arguments: z.ZodType<Arguments>;
  run(administration: Administration, given: Arguments): Promise<Result>;
}

/** A command, its types taken from its schema. */
export function command<Arguments, Result>(definition: Command<Arguments, Result>): Command<Arguments, Result> {
  return definition;
}

/** Any command: who runs it has checked its arguments with its own schema. */
// biome-ignore lint/suspicious/noExplicitAny: a list of commands with different arguments
export type AnyCommand = Command<any, unknown>;

/** Runs a command on arguments from outside. @throws CommandError */
export async function execute(
  commands: readonly AnyCommand[],
  administration: Administration,
  request: { readonly command: string; readonly arguments: unknown },
): Promise<unknown> {
  const found = commands.find((one) => one.name === request.command);
  if (found === undefined) throw new CommandError("usage", `there is no command ${JSON.stringify(request.command)}`);
  const given = found.arguments.safeParse(request.arguments);
  if (!given.success) {
    const [issue] = given.error.issues;
    throw new CommandError("usage", `${found.name}: ${issue?.path.join(".") || "arguments"}: ${issue?.message}`);
  }
  try {
    return await found.run(administration, given.data);
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    throw new CommandError(refusals[error.condition], error.message, { cause: error });
  }
}

const refusals: Readonly<Record<AccountCondition, Refusal>> = {
  conflict: "conflict",
  "item-not-found": "not-found",
  "not-acceptable": "refused",
};
