// needs: python3-nbxmpp
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";

/** nbxmpp, the library of Gajim, against our whole service: real TLS, the accepted certificate only, real SASL. */

const python = "/usr/bin/python3"; // Debian's: it has Debian's packages
const program = join(import.meta.dirname, "nbxmpp", "main.py");

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

test("nbxmpp", async (context) => {
  const { checks } = JSON.parse(execFileSync(python, ["-B", program, "--list"], { encoding: "utf8" })) as {
    checks: string[];
  };
  const service = await startService({ domains: ["localhost"], settings: { accounts: { iterations: 4096 } } });
  try {
    for (const name of checks) {
      for (const who of ["romeo", "juliet"]) await service.addUser(`${who}-${name}@localhost`, "pencil");
    }
    const child = runChecks(service, checks);
    const complaints: string[] = [];
    child.stderr!.on("data", (part) => complaints.push(String(part)));
    const told: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      const { name, error } = JSON.parse(line) as Outcome;
      told.push(name);
      await context.test(name, () => {
        if (error !== undefined) assert.fail(error);
      });
    }
    assert.deepEqual(told, checks, complaints.join(""));
  } finally {
    await service.stop();
  }
  assert.doesNotMatch(service.log, / error /);
});

function runChecks(service: RunningService, names: readonly string[]): ChildProcess {
  const { host, port, directPort } = service;
  const where = ["--host", host, "--port", `${port}`, "--direct", `${directPort}`, "--domain", "localhost"];
  const words = [program, ...where, "--certificate", service.certificate("localhost"), ...names];
  return spawn("setpriv", ["--pdeathsig", "KILL", python, "-B", ...words], { stdio: ["ignore", "pipe", "pipe"] });
}
