/**
 * Runs the checks and tests, one after the other: types, lint, tests beside the code and in tests/, real clients and
 * servers. The last line is `N passed, N failed, N skipped`; the exit code says whether anything failed.
 *
 * Arguments: none or `all` for everything; `quick` for what needs no other program; or names of test files.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { missingPackages } from "./test/packages.ts";
import { runFiles } from "./test/run-files.ts";
import { Tally } from "./test/tally.ts";

const root = join(import.meta.dirname, "..");
const tool = (name: string) => join(root, "node_modules", ".bin", name);

/** A check that is a program of its own counts as one test. */
function check(tally: Tally, name: string, command: readonly string[]): void {
  const [program = "", ...rest] = command;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { cwd: root, encoding: "utf8" });
  if (status === 0) tally.passed(name);
  else tally.failed(name, `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`.trimEnd());
}

function testFiles(): string[] {
  const all = globSync(["src/**/*.test.ts", "tests/**/*.test.ts"], { cwd: root });
  return all.filter((file) => !file.startsWith("tests/interop/")).sort();
}

/** Real programs: one at a time, since they use ports and processor alike; a suite that lacks its programs is skipped. */
async function runInterop(tally: Tally): Promise<void> {
  for (const file of globSync("tests/interop/*.test.ts", { cwd: root }).sort()) {
    const missing = missingPackages(join(root, file));
    if (missing.length === 0) await runFiles(tally, root, [file], { concurrency: 1, minutes: 10 });
    else if (process.env.CI) tally.failed(file, `packages are missing: ${missing.join(", ")}`);
    else tally.skipped(file, `packages are missing: ${missing.join(", ")}`);
  }
}

async function main(words: readonly string[]): Promise<number> {
  const tally = new Tally((text) => void process.stdout.write(text));
  const [mode = "all"] = words;
  if (mode !== "all" && mode !== "quick") {
    await runFiles(tally, root, words, { minutes: 10 });
    return tally.finish();
  }
  tally.part("types");
  check(tally, "types", [tool("tsc"), "--noEmit"]);
  tally.part("lint");
  check(tally, "lint", [tool("biome"), "check", "--max-diagnostics=50"]);
  tally.part("tests");
  await runFiles(tally, root, testFiles(), { minutes: 5 });
  if (mode === "all") {
    tally.part("real clients and servers");
    await runInterop(tally);
  }
  return tally.finish();
}

process.exitCode = await main(process.argv.slice(2));
