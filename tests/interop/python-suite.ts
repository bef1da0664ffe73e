import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";

const python = "/usr/bin/python3"; // Debian's: it has Debian's packages

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/**
 * The checks of a library in Python, `<library>/main.py`, against our whole service: real TLS, real SASL. Each check is a
 * test, with accounts of its own, `romeo-<check>` and `juliet-<check>`.
 */
export function testChecks(library: string, domain: string): void {
  const program = join(import.meta.dirname, library, "main.py");
  test(library, async (context) => {
    const { checks } = JSON.parse(execFileSync(python, ["-B", program, "--list"], { encoding: "utf8" })) as {
      checks: string[];
    };
    const service = await startService({ domains: [domain], settings: { accounts: { iterations: 4096 } } });
    try {
      for (const name of checks) {
        for (const who of ["romeo", "juliet"]) await service.addUser(`${who}-${name}@${domain}`, "pencil");
      }
      const child = runChecks(service, { program, domain, names: checks });
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
}

interface Checks {
  readonly program: string;
  readonly domain: string;
  readonly names: readonly string[];
}

function runChecks(service: RunningService, { program, domain, names }: Checks): ChildProcess {
  const { host, port, directPort } = service;
  const where = ["--host", host, "--port", `${port}`, "--direct", `${directPort}`, "--domain", domain];
  const words = [program, ...where, "--certificate", service.certificate(domain), ...names];
  return spawn("setpriv", ["--pdeathsig", "KILL", python, "-B", ...words], { stdio: ["ignore", "pipe", "pipe"] });
}
