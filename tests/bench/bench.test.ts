import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const program = join(import.meta.dirname, "bench.ts");

/** The output of a run; fails where the bench does. */
function bench(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  assert.equal(status, 0, `${stderr}${stdout}`);
  return stdout;
}

test("the bench measures and verifies; figures are not judged here", { timeout: 120_000 }, () => {
  const modes = ["chat-tls", "login", "ping", "presence", "offline"];
  const said = bench("--rounds", "1", "--seconds", "0.1", ...modes);
  for (const what of [
    "chat message, TLS",
    "login, plain",
    "ping",
    "presence",
    "offline message, stored",
    "handed out",
  ]) {
    assert.match(said, new RegExp(`^.*${what}.* \\d+\\.?\\d* `, "m"));
  }
});
