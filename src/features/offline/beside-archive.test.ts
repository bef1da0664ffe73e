import assert from "node:assert/strict";
import { sql } from "#core/database.ts";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";

const ours = { skipOn: ["prosody"], why: "it has no offline messages beside its archive" };
const absent = { presence: false };

async function write(from: Client, ...bodies: string[]): Promise<void> {
  for (const body of bodies) {
    await from.sends(`<message to='juliet@example.com' type='chat'><body>${body}</body></message>`);
  }
  await from.settles();
}

/** Bodies of a page of the archive. */
async function fetches(client: Client, content = ""): Promise<string[]> {
  await client.sends(`<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'>${content}</query></iq>`);
  const bodies: string[] = [];
  for (;;) {
    const stanza = await client.next();
    if (stanza.name === "iq") return bodies;
    if (stanza.name === "presence") continue;
    const message = stanza.elements[0]!.elements[0]!.elements.find((child) => child.name === "message")!;
    bodies.push(message.elements.find((child) => child.name === "body")!.text);
  }
}

async function rows({ assembly }: Stage): Promise<number> {
  const row = await assembly.hosts
    .get("example.com")!
    .db.one<{ count: number }>(sql`select count(*) as count from offline_message`);
  return row!.count;
}

scenario("a client that reads no archive gets all it missed, with the ids of the archive", ours, async (stage) => {
  await stage.account("juliet@example.com");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await write(romeo, "1", "2");
  const pidgin = await stage.connect("juliet@example.com/pidgin");
  for (const body of ["1", "2"]) {
    await pidgin.receives(
      `<message><body>${body}</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='…'/><delay xmlns='urn:xmpp:delay' from='example.com' stamp='…'/></message>`,
    );
  }
  await pidgin.receivesNothing();
});

scenario("a client that has read the archive gets nothing twice, and nobody gets it as new", ours, async (stage) => {
  await stage.account("juliet@example.com");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await write(romeo, "1", "2");
  const phone = await stage.connect("juliet@example.com/phone", absent);
  assert.deepEqual(await fetches(phone), ["1", "2"]);
  await phone.becomesAvailable();
  await phone.receivesNothing();
  await phone.disconnect();
  const pidgin = await stage.connect("juliet@example.com/pidgin");
  await pidgin.receivesNothing();
  while ((await rows(stage)) > 0);
});

scenario("what comes between the archive and the presence of a client is not lost", ours, async (stage) => {
  await stage.account("juliet@example.com");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await write(romeo, "1");
  const phone = await stage.connect("juliet@example.com/phone", absent);
  assert.deepEqual(await fetches(phone), ["1"]);
  await write(romeo, "2");
  await phone.becomesAvailable();
  await phone.receives("<message><body>2</body></message>");
  await phone.receivesNothing();
  while ((await rows(stage)) > 0);
});

scenario("what a client did not take from the archive stays for others", ours, async (stage) => {
  await stage.account("juliet@example.com");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await write(romeo, "1", "2", "3");
  const phone = await stage.connect("juliet@example.com/phone", absent);
  const last = "<set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set>";
  assert.deepEqual(await fetches(phone, last), ["3"]);
  await phone.becomesAvailable();
  await phone.receivesNothing();
  const pidgin = await stage.connect("juliet@example.com/pidgin");
  await pidgin.receives("<message><body>1</body></message>");
  await pidgin.receives("<message><body>2</body></message>");
  await pidgin.receivesNothing();
});

scenario("a question about the archive is no reading of it", ours, async (stage) => {
  await stage.account("juliet@example.com");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await write(romeo, "1");
  const phone = await stage.connect("juliet@example.com/phone", absent);
  await phone.exchange("<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>", "<iq type='result' id='m'/>");
  await phone.becomesAvailable();
  await phone.receives("<message><body>1</body></message>");
});

scenario(
  "what is not archived comes to every client",
  { ...ours, settings: { mam: { default: "never" } } },
  async (stage) => {
    await stage.account("juliet@example.com");
    const romeo = await stage.connect("romeo@example.com/orchard");
    await write(romeo, "1");
    const phone = await stage.connect("juliet@example.com/phone", absent);
    assert.deepEqual(await fetches(phone), []);
    await phone.becomesAvailable();
    await phone.receives("<message><body>1</body></message>");
  },
);

scenario(
  "with the archive, the oldest make room; nothing is refused or lost",
  { ...ours, settings: { offline: { messages: 3 } } },
  async (stage) => {
    await stage.account("juliet@example.com");
    const romeo = await stage.connect("romeo@example.com/orchard");
    await write(romeo, "1", "2", "3", "4", "5");
    await romeo.receivesNothing();
    const pidgin = await stage.connect("juliet@example.com/pidgin");
    for (const body of ["3", "4", "5"]) await pidgin.receives(`<message><body>${body}</body></message>`);
    await pidgin.receivesNothing();
    assert.deepEqual(await fetches(pidgin), ["1", "2", "3", "4", "5"]);
  },
);

scenario(
  "what a client was handed and did not acknowledge before it was lost stays in its place",
  ours,
  async (stage) => {
    await stage.account("juliet@example.com");
    const romeo = await stage.connect("romeo@example.com/orchard");
    await write(romeo, ...Array.from({ length: 60 }, (_, index) => `${index}`));
    for (const taken of [20, 10, 0]) {
      const pidgin = await stage.connect("juliet@example.com/pidgin", absent);
      await pidgin.exchange("<enable xmlns='urn:xmpp:sm:3'/>", "<enabled xmlns='urn:xmpp:sm:3'/>");
      await pidgin.sends("<presence/>");
      const handed = [];
      while (handed.length < (taken === 0 ? 30 : 50 - taken)) {
        const stanza = await pidgin.next();
        if (stanza.name === "message") handed.push(stanza);
      }
      await pidgin.sends(`<a xmlns='urn:xmpp:sm:3' h='${taken + 1}'/>`); // and its presence
      await pidgin.settles();
      await pidgin.drop();
    }
    const next = await stage.connect("juliet@example.com/next");
    for (let number = 30; number < 60; number++) await next.receives(`<message><body>${number}</body></message>`);
    await next.receivesNothing();
    while ((await rows(stage)) > 0);
  },
);
