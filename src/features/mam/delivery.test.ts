import assert from "node:assert/strict";
import { sql } from "#core/database.ts";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Archive } from "./archive.ts";
import { mam } from "./mam.ts";

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };

function archiveOf({ assembly }: Stage, domain = "example.com"): Archive {
  return assembly.hosts.get(domain)!.view("test").use(mam).archive;
}

async function stored(archive: Archive): Promise<{ messages: number; entries: number }> {
  await archive.writer.settle();
  const count = async (query: ReturnType<typeof sql>) => (await archive.db.one<{ count: number }>(query))!.count;
  return {
    messages: await count(sql`select count(*) as count from archive_message`),
    entries: await count(sql`select count(*) as count from archive_entry`),
  };
}

async function archivedBodies(client: Client): Promise<string[]> {
  await client.sends("<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'/></iq>");
  const bodies: string[] = [];
  for (;;) {
    const stanza = await client.next();
    if (stanza.name === "iq") return bodies;
    if (stanza.name !== "message" || stanza.elements[0]?.name !== "result") continue;
    const message = stanza.elements[0].elements[0]!.elements.find((child) => child.name === "message")!;
    bodies.push(message.elements.find((child) => child.name === "body")!.text);
  }
}

scenario(
  "on the wire, too, a message is kept once: to clients, to who is away, between domains",
  ours,
  async (stage) => {
    const archive = archiveOf(stage);
    assert.equal(archiveOf(stage, "example.net"), archive);
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.net/balcony");
    await stage.connect("juliet@example.net/chamber");
    await stage.account("nurse@example.com");
    await romeo.sends(`<message to='${juliet}' type='chat'><body>1</body></message>`);
    await romeo.sends("<message to='juliet@example.net' type='chat'><body>2</body></message>");
    await romeo.sends("<message to='nurse@example.com' type='chat'><body>3</body></message>");
    await romeo.sends("<message to='juliet@elsewhere.example' type='chat'><body>4</body></message>");
    await romeo.sends("<message to='romeo@example.com' type='chat'><body>5</body></message>");
    await romeo.settles();
    assert.deepEqual(await stored(archive), { messages: 5, entries: 8 });
    assert.deepEqual(await archivedBodies(juliet), ["1", "2"]);
  },
);

scenario("a message that a lost connection did not take is archived once, and comes once", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const phone = await stage.connect("juliet@example.com/phone");
  await phone.exchange("<enable xmlns='urn:xmpp:sm:3'/>", "<enabled xmlns='urn:xmpp:sm:3'/>");
  await romeo.sends("<message to='juliet@example.com' type='chat'><body>Hi</body></message>");
  const first = await phone.receives("<message><body>Hi</body></message>");
  await phone.drop();
  const host = stage.assembly.hosts.get("example.com")!;
  while (host.sessions.of(phone.jid).length > 0) await new Promise(setImmediate);
  const pidgin = await stage.connect("juliet@example.com/pidgin");
  const again = await pidgin.receives("<message><body>Hi</body></message>");
  const idsOf = (stanza: typeof first) =>
    stanza.elements.filter(({ name }) => name === "stanza-id").map(({ attrs }) => attrs.id);
  assert.deepEqual(idsOf(again), idsOf(first));
  assert.equal(idsOf(first).length, 1);
  await pidgin.receivesNothing();
  assert.deepEqual(await stored(archiveOf(stage)), { messages: 1, entries: 2 });
});

scenario("while nothing can be kept, senders are told to wait; what is not kept goes through", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  Object.defineProperty(archiveOf(stage).writer, "troubled", { get: () => true });
  await romeo.exchange(
    `<message to='${juliet}' type='chat' id='1'><body>Hi</body></message>`,
    `<message type='error' id='1'><body>Hi</body><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  );
  await romeo.sends(
    `<message to='${juliet}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  await juliet.receives("<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
});
