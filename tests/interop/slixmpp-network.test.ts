// needs: python3-slixmpp
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { randomFrom } from "#test/crash/workload.ts";
import { BadNetwork, type Faults } from "#test/harness/proxy.ts";
import { startService } from "#test/harness/service.ts";

/**
 * slixmpp with stream management over TLS on a network that breaks: what was acknowledged arrives, nothing comes twice; so in a room.
 * (What was not, slixmpp 1.8.3 forgets when it resumes; so it is not counted.)
 */

const seconds = Number(process.env.CHAOS_SECONDS ?? 2);
const random = randomFrom(Number(process.env.CHAOS_SEED ?? 1));
const faults: Faults = { piece: 700, cutAfter: 40_000, cuts: ["reset", "close"] };

interface Outcome {
  readonly acknowledged: readonly string[];
  readonly received: readonly string[];
  readonly romeo: Readonly<Record<string, number>>;
  readonly juliet: Readonly<Record<string, number>>;
}

test("slixmpp on a network that breaks", { timeout: 60_000 + seconds * 2_000 }, async (context) => {
  const service = await startService({
    settings: { log: { level: "warn" }, accounts: { iterations: 4096 }, muc: { rate: 0 } },
  });
  context.after(() => service.stop());
  for (const name of ["romeo", "juliet"]) await service.addUser(`${name}@example.com`, "pencil");
  const network = await BadNetwork.start(service, { faults: {}, random });
  context.after(() => network.close());
  const program = join(import.meta.dirname, "slixmpp", "network.py");
  const where = ["--host", service.host, "--port", `${network.port}`, "--domain", "example.com"];
  const words = ["/usr/bin/python3", "-B", program, ...where, "--certificate", service.certificate()];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...words], { stdio: "pipe" });
  const complaints: string[] = [];
  child.stderr.on("data", (part) => complaints.push(String(part)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "there", complaints.join(""));
  network.faults = faults;
  child.stdin.write("begin\n");
  await sleep(seconds * 1_000);
  network.heal();
  child.stdin.write("enough\n");
  const { acknowledged, received, romeo, juliet } = JSON.parse(
    (await lines.next()).value ?? assert.fail(complaints.join("")),
  ) as Outcome;
  if (process.env.CHAOS_SECONDS) console.log(acknowledged.length, received.length, romeo, juliet);
  assert.ok(acknowledged.length > 0 && romeo.resumed! + juliet.resumed! > 0);
  assert.equal(romeo.failed! + juliet.failed!, 0, "a session could not be resumed");
  assert.deepEqual(
    acknowledged.filter((id) => !received.includes(id)),
    [],
    "acknowledged, but not received",
  );
  assert.equal(new Set(received).size, received.length, "a message came twice");
  assert.equal(service.log, "", "the service complained");
});
