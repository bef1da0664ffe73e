import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { Ledger } from "#test/harness/federation/ledger.ts";
import { Wire } from "#test/harness/wire.ts";
import { awaits, type Cast, lacking, neighbourhood } from "./neighbours.ts";

/** Programs that people really use, at both ends; external components of another server; who sends too much. */

const skip = lacking("dnsmasq-base", "prosody", "ejabberd");
const python = "/usr/bin/python3";
const noSlixmpp =
  spawnSync(python, ["-c", "import slixmpp"]).status === 0
    ? false
    : "Debian's package is not installed: python3-slixmpp";

describe("clients and components elsewhere", { skip, timeout: 90_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let cast: Cast;
  before(async () => {
    const s2s = { rate: "64 KiB", burst: "128 KiB" };
    cast = await neighbourhood({ after: (end) => ends.push(end) }, { ours: { settings: { s2s } } });
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const name of ["prosody", "ejabberd"] as const) {
    test(`slixmpp here and at ${name}`, { skip: noSlixmpp }, async () => {
      const { ours, internet } = cast;
      const theirs = cast[name];
      await ours.connect("romeo").then((client) => client.disconnect());
      await theirs.connect("juliet").then((client) => client.disconnect());
      const servers = [
        { host: ours.service.host, port: ours.service.port, domain: ours.domain },
        { host: theirs.address, port: 5222, domain: theirs.domain },
      ].map((server) => ({ ...server, direct: 0, certificate: internet.authorities }));
      const program = join(import.meta.dirname, "..", "interop", "slixmpp", "elsewhere.py");
      const { stdout } = await promisify(execFile)(python, ["-B", program, JSON.stringify(servers)], {
        timeout: 40_000,
      });
      assert.equal(stdout, "done\n");
    });
  }

  test("a component of another server is reached, and reaches people here", async () => {
    const romeo = await cast.ours.connect("mercutio");
    const wire = new Wire(await connectTcp({ host: cast.prosody.address, port: 5347, timeoutMs: 5_000 }));
    const domain = "component.prosody.example";
    wire.writes(
      `<?xml version='1.0'?><stream:stream to='${domain}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    const { attrs } = await wire.next("the header");
    const digest = createHash("sha1").update(`${attrs.id}secret`).digest("hex");
    wire.writes(`<handshake>${digest}</handshake>`);
    assert.equal((await wire.next("the handshake")).name, "handshake");
    await romeo.sends(`<message to='bot@${domain}' type='chat' id='1'><body>Hi</body></message>`);
    const got = await wire.next("the message");
    assert.deepEqual([got.attrs.from, got.attrs.to, got.attrs.id], [`${romeo}`, `bot@${domain}`, "1"]);
    wire.writes(`<message from='bot@${domain}' to='${romeo}' type='chat'><body>Ho</body></message>`);
    await awaits(romeo, `<message from='bot@${domain}'><body>Ho</body></message>`);
    wire.transport.destroy();
    await romeo.disconnect();
  });

  test("a server that sends too much is read slowly; others are not held up, and nothing is lost", async () => {
    const [benvolio, juliet] = [await cast.ours.connect("benvolio"), await cast.ejabberd.connect("rosaline")];
    const victim = await cast.ours.connect("paris");
    const nurse = await cast.prosody.connect("nurse");
    const ledger = new Ledger();
    const reading = [ledger.reads(victim), ledger.reads(nurse)];
    for (let count = 0; count < 300; count++) await ledger.send(nurse, `${victim}`, "x".repeat(1000));
    for (let count = 0; count < 5; count++) {
      await juliet.sends(`<message to='${benvolio}' type='chat' id='${count}'><body>meanwhile</body></message>`);
      await awaits(benvolio, `<message from='${juliet}' id='${count}'/>`);
    }
    assert.ok(ledger.missing.length > 0, "the flood is not over");
    assert.deepEqual(await ledger.settles(), []);
    assert.equal(ledger.bounced.size, 0);
    for (const client of [benvolio, juliet, victim, nurse]) client.wire.transport.destroy();
    await Promise.all(reading);
  });
});
