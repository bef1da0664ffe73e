// needs: python3-slixmpp
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { startService } from "#test/harness/service.ts";

/** slixmpp resumes its sessions (XEP-0198), after its connection was cut and after the service was started again. */

const python = "/usr/bin/python3"; // Debian's: it has Debian's packages
const program = join(import.meta.dirname, "slixmpp", "resumption.py");

test("slixmpp resumes its session after a cut and after a restart", { timeout: 60_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-resume-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const accounts = { iterations: 4096 };
  let service = await startService({ folder, settings: { accounts } });
  context.after(() => service.kill());
  for (const who of ["romeo", "juliet"]) await service.addUser(`${who}-resumption@example.com`, "pencil");
  const { host, port, directPort } = service;
  const words = ["-B", program, host, `${port}`, `${directPort}`, "example.com", service.certificate()];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", python, ...words], { stdio: "pipe" });
  const complaints: string[] = [];
  child.stderr.on("data", (part) => complaints.push(String(part)));
  const told: object[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(JSON.parse(line));
    if (told.length > 1) continue;
    await service.stop();
    const listen = [
      { port, address: host, tls: "starttls" },
      { port: directPort, address: host, tls: "direct" },
    ];
    service = await startService({ folder, settings: { accounts, listen } });
    child.stdin.end("done\n");
  }
  assert.deepEqual(told, [{ please: "restart" }, { done: true }], complaints.join(""));
});
