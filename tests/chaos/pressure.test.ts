/** Clients that do not read, or do not acknowledge: what the server keeps for them is bounded, and nothing is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "#app/control/client.ts";
import { attribute, XmppServer } from "#test/bench/load/login.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { ArchiveReader } from "./archive.ts";
import { ManagedClient } from "./client.ts";
import { MessageLedger } from "./ledger.ts";

const domain = "example.com";
const hall = `hall@conference.${domain}`;
const text = "x".repeat(10_000);

/** What the kernel may hold of a connection beside what the service does, in bytes: both buffers at their largest. */
const inKernel = 16 << 20;
/** What the service may: `limits.unsent`. */
const unsent = 256 << 10;

async function stage(context: TestContext, settings: object = {}) {
  const service = await startService({
    settings: {
      c2s: { encryption: "optional", rate: "0 B" },
      log: { level: "warn" },
      accounts: { iterations: 4096 },
      limits: { unsent: `${unsent >> 10} KiB` },
      muc: { rate: 0, "room-rate": 0 },
      ...settings,
    },
  });
  context.after(() => service.stop());
  for (const name of ["romeo", "juliet", "nurse"]) await service.addUser(`${name}@${domain}`, "pencil");
  const ledger = new MessageLedger();
  const server = new XmppServer(service, domain, "pencil");
  const place = { server: Promise.resolve(server), generation: 1 };
  const client = async (user: string, options: { rooms?: readonly string[]; absence?: () => number } = {}) => {
    const made = new ManagedClient({ place, user, ledger, patience: 60_000, ...options });
    context.after(() => made.stop());
    await made.start();
    return made;
  };
  return { service, server, ledger, client };
}

async function sessions(service: RunningService): Promise<number> {
  const answer = await ask(join(service.folder, "data"), { command: "status", arguments: {} });
  return (answer!.result as { domains: { sessions: number }[] }).domains[0]!.sessions;
}

async function settled(client: ManagedClient): Promise<void> {
  await client.ask("get", "<ping xmlns='urn:xmpp:ping'/>", domain);
}

/** What the client that reads nothing is sent, number by number. */
const floods: Readonly<Record<string, (romeo: ManagedClient, number: number) => void>> = {
  chat: (romeo, number) =>
    romeo.say(`f${number}`, "online", `nurse@${domain}`, { extra: `<x xmlns='urn:x'>${text}</x>` }),
  "messages of a room": (romeo, number) =>
    romeo.say(`f${number}`, "room", hall, { recipients: ["romeo", "juliet"], extra: `<x xmlns='urn:x'>${text}</x>` }),
  presence: (romeo) =>
    romeo.send(`<presence to='nurse@${domain}/bench'><status>${text.slice(0, 5_000)}</status></presence>`),
};

for (const [what, flood] of Object.entries(floods)) {
  test(`a client that reads nothing is flooded with ${what}: its session ends, the others go on`, {
    timeout: 60_000,
  }, async (context) => {
    const { service, server, ledger, client } = await stage(context);
    const romeo = await client("romeo", { rooms: [`${hall}/romeo`] });
    await romeo.ask(
      "set",
      "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>",
      hall,
    );
    const juliet = await client("juliet", { rooms: [`${hall}/juliet`] });
    const nurse = await server.login("nurse", { tls: false, presence: true });
    nurse.link.send(`<presence to='${hall}/nurse'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    while (!/ from=['"]hall@[^'"]*\/nurse['"]/.test(await nurse.link.next()));
    nurse.link.stall(true);
    let number = 0;
    while ((await sessions(service)) === 3) {
      for (let left = 50; left > 0; left--) flood(romeo, number++);
      await settled(romeo);
      assert.ok(number * text.length < unsent + 2 * inKernel, `${number} stanzas wait for a client that reads nothing`);
    }
    nurse.link.drop();
    await romeo.acknowledged();
    await settled(juliet);
    // What was written to her connection and never read is in her archive.
    for (const { id, number: name } of (await new ArchiveReader().next(await client("nurse"))) ?? [])
      ledger.archived(id, ["nurse"], name);
    assert.deepEqual(ledger.details("online", "room").lost, []);
    assert.deepEqual(ledger.count("room").archiveOnly, 0);
    assert.deepEqual(ledger.wrong, []);
    assert.equal(service.log, "", "the service complained");
  });
}

const limited = { "stream-management": { unacknowledged: 100 } };

/** What the next client of an account is sent, one without stream management. */
async function atNextLogin(server: XmppServer, ledger: MessageLedger, user: string): Promise<void> {
  const { link } = await server.login(user, { tls: false, presence: true, resource: "next" });
  const ping = () => link.send(`<iq type='get' id='settled' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  ping();
  for (let tries = 0, complete = false; ; ) {
    const stanza = await link.next();
    if (stanza.startsWith("<iq")) {
      if (complete || ++tries > 200) break;
      complete = ledger.details("online").lost.length === 0;
      await sleep(20); // the rest comes page by page; and nothing after it
      ping();
    }
    if (stanza.startsWith("<message"))
      ledger.came(attribute(stanza, "id")!, user, { session: -1, archived: undefined });
  }
  await link.close("</stream:stream>");
}

test("a client that never acknowledges: its session ends with a word, and everything comes at the next login", {
  timeout: 60_000,
}, async (context) => {
  const { service, server, ledger, client } = await stage(context, limited);
  const romeo = await client("romeo");
  const juliet = await client("juliet", { absence: () => 60_000 });
  juliet.mute = true;
  for (let number = 0; number < 200; number++) romeo.say(`f${number}`, "online", `juliet@${domain}`);
  await romeo.acknowledged();
  await juliet.broken;
  assert.match(juliet.farewell ?? "", /<policy-violation [^>]*\/><text [^>]*>Too many stanzas/);
  await atNextLogin(server, ledger, "juliet");
  const { acknowledged, redelivered, ...others } = ledger.count("online");
  assert.deepEqual(others, { lost: 0, archiveOnly: 0, duplicated: 0, repeated: 0 });
  assert.equal(acknowledged, 200);
  assert.ok(redelivered > 90 && redelivered <= 101, `${redelivered} came again: those that were not acknowledged`);
  assert.equal(service.log, "", "the service complained");
});

test("a client that is away: what comes for it is kept up to the limit, then for the next login", {
  timeout: 60_000,
}, async (context) => {
  const { service, server, ledger, client } = await stage(context, limited);
  const romeo = await client("romeo");
  const juliet = await client("juliet", { absence: () => 60_000 });
  juliet.drop();
  await juliet.broken;
  await settled(romeo);
  for (let number = 0; number < 250; number++) romeo.say(`f${number}`, "online", `juliet@${domain}`);
  await romeo.acknowledged();
  assert.equal(await sessions(service), 1, "a session that owes too much is kept");
  await atNextLogin(server, ledger, "juliet");
  const { acknowledged, ...others } = ledger.count("online");
  assert.deepEqual(others, { lost: 0, archiveOnly: 0, duplicated: 0, redelivered: 0, repeated: 0 });
  assert.equal(acknowledged, 250);
  assert.equal(service.log, "", "the service complained");
});

for (const [count, settings] of [
  [1_000, {}],
  [2_500, { offline: { messages: 10_000 }, ...limited }],
] as const) {
  test(`a client that comes back to ${count} messages gets them in one session`, {
    timeout: 60_000,
  }, async (context) => {
    const { service, ledger, client } = await stage(context, settings);
    const romeo = await client("romeo");
    for (let number = 0; number < count; number++) {
      romeo.say(`f${number}`, "away", `juliet@${domain}`);
      if (number % 100 === 99) await romeo.acknowledged();
    }
    const juliet = await client("juliet");
    while (ledger.count("away").archiveOnly + ledger.count("away").lost > 0 && juliet.times.begun === 1)
      await sleep(20);
    await settled(juliet);
    assert.equal(juliet.times.begun, 1, juliet.farewell);
    const { acknowledged, ...others } = ledger.count("away");
    assert.deepEqual(others, { lost: 0, archiveOnly: 0, duplicated: 0, redelivered: 0, repeated: 0 });
    assert.equal(acknowledged, count);
    assert.equal(service.log, "", "the service complained");
  });
}
