import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import type { Tally } from "./tally.ts";

export interface RunOptions {
  /** Files at the same time; default one for each processor. */
  readonly concurrency?: number;
  /** What one file may take. */
  readonly minutes: number;
}

interface Outcome {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: { readonly type?: string; readonly error?: Error & { readonly failureType?: string } };
}

/** Runs test files, each in a process of its own, and counts every test in them. */
export async function runFiles(
  tally: Tally,
  root: string,
  files: readonly string[],
  options: RunOptions,
): Promise<void> {
  if (files.length === 0) return;
  // The processes share what the compiler made of the sources.
  process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "node");
  const said = new Map<string, string>();
  const stream = run({
    files: files.map((file) => join(root, file)),
    cwd: root,
    concurrency: options.concurrency ?? availableParallelism(),
    timeout: options.minutes * 60_000,
  });
  for await (const { type, data } of stream) {
    if (type === "test:pass") count(tally, root, data as Outcome);
    else if (type === "test:fail") fail(tally, root, data as Outcome, said);
    else if (type === "test:stdout" || type === "test:stderr") {
      said.set(data.file, `${said.get(data.file) ?? ""}${data.message}`.slice(-8000));
    }
  }
}

function title(root: string, { file, line, name }: Outcome): string {
  return file === undefined ? name : `${relative(root, file)}${line === undefined ? "" : `:${line}`} ${name}`;
}

function count(tally: Tally, root: string, outcome: Outcome): void {
  const { skip, todo, details } = outcome;
  if (details.type === "suite") return;
  const excuse = skip ?? todo;
  if (excuse === undefined || excuse === false) tally.passed(title(root, outcome));
  else tally.skipped(title(root, outcome), typeof excuse === "string" && excuse !== "" ? excuse : "no reason given");
}

function fail(tally: Tally, root: string, outcome: Outcome, said: ReadonlyMap<string, string>): void {
  const { error } = outcome.details;
  // A test around tests fails with them; they have been told already.
  if (error?.failureType === "subtestsFailed") return;
  const output = outcome.file === undefined ? undefined : said.get(outcome.file);
  const cause = error?.cause ?? error;
  const why = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  tally.failed(title(root, placed(root, outcome, why)), output ? `${why}\n--- said by the file:\n${output}` : why);
}

/** A scenario is registered by the harness: the file that says what it expects is in the stack. */
function placed(root: string, outcome: Outcome, stack: string): Outcome {
  if (outcome.file === undefined || outcome.file.endsWith(".test.ts")) return outcome;
  const found = /\(?(?:file:\/\/)?(\/[^\s():]+\.test\.ts):(\d+)/.exec(stack);
  return found === null ? outcome : { ...outcome, file: join(root, relative(root, found[1]!)), line: Number(found[2]) };
}
