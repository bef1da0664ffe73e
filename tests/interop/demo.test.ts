// needs: python3-slixmpp
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

/** The first message in a minute: what `./run --demo` prints is all that a client needs. */

const root = join(import.meta.dirname, "..", "..");
const program = join(import.meta.dirname, "slixmpp", "first_message.py");

test("./run --demo: two people log in with what it prints, and one writes to the other", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-demo-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const demo = spawn("setpriv", ["--pdeathsig", "TERM", join(root, "run"), "--demo", "--data", folder, "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = once(demo, "exit");
  context.after(async () => {
    demo.kill("SIGTERM");
    await gone;
  });
  const said = await saidUntil(demo, /^Stop: /m);

  const people = [...said.matchAll(/^ {2}(\S+@\S+) +(\S+-\S+)$/gm)].map(([, address, password]) => ({
    address,
    password,
  }));
  assert.ok(people.length >= 2, said);
  const value = (pattern: RegExp) => pattern.exec(said)?.[1] ?? assert.fail(`${pattern} is not in\n${said}`);
  const server = value(/^ {2}server +(\S+)/m);
  const certificate = value(/^ {2}certificate self-signed: (\S+)$/m);
  const fingerprint = value(/^ +((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/m);
  const ports = {
    starttls: value(/^ {2}port +.*?(\d+) with STARTTLS/m),
    direct: value(/^ {2}port +.*?(\d+) with direct TLS/m),
  };

  for (const [kind, port] of Object.entries(ports)) {
    const given = { server, port: Number(port), kind, certificate: resolve(root, certificate), fingerprint, people };
    const { stdout } = await promisify(execFile)("/usr/bin/python3", ["-B", program, JSON.stringify(given)]);
    assert.equal(stdout, "It was read: Hello, is this Parloir?\n");
  }
});

/** What a process prints, until it has printed something; fails if it ends before. */
async function saidUntil(child: ChildProcess, enough: RegExp): Promise<string> {
  let said = "";
  let complaints = "";
  child.stderr!.on("data", (part) => {
    complaints += part;
  });
  for await (const part of child.stdout!.iterator({ destroyOnReturn: false })) {
    said += part;
    if (!enough.test(said)) continue;
    child.stdout!.resume();
    return said;
  }
  assert.fail(`it ended:\n${said}${complaints}`);
}
