// needs: prosody
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import type { Result } from "./prosody/results.ts";

/** The scenarios describe what the standards say, not what we do: another server must pass them too. */

const root = join(import.meta.dirname, "..", "..");
const files = globSync(["src/features/*/*.test.ts", "tests/scenarios/**/*.test.ts"], { cwd: root })
  .filter((file) => readFileSync(join(root, file), "utf8").includes("#test/harness/scenario.ts"))
  .sort();

test("scenarios on Prosody", async (context) => {
  const { results, errors } = await runOnProsody();
  // What a scenario does not expect of Prosody is not counted as skipped here: it is meant to run on ours.
  const expected = results.filter(({ skip }) => skip === undefined);
  assert.ok(expected.length > 0, `no scenario ran:\n${errors}`);
  for (const { name, file, error } of expected) {
    await context.test(`${relative(root, file)}: ${name}`, () => {
      if (error !== undefined) assert.fail(error);
    });
  }
});

async function runOnProsody(): Promise<{ results: readonly Result[]; errors: string }> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const reporter = join(import.meta.dirname, "prosody", "results.ts");
  const child = spawn(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${availableParallelism()}`,
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
      ...files,
    ],
    { cwd: root, env: { ...environment, TARGET: "prosody" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return { results: lines.map((line) => JSON.parse(line) as Result), errors };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}
