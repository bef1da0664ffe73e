import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { acknowledging } from "#core/session.ts";
import { ask, field, form, messageOf, refuses, rsm, textOf } from "#features/mam/archive.fixture.ts";
import { mam } from "#features/mam/index.ts";
import { removeUnused } from "#features/mam/upkeep.ts";
import { Jid } from "#jid/jid.ts";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { configures, enters, opens, request, room, seen } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"], why: "its module is not loaded" };
const stanzaIdOf = (message: Element) => message.elements.find(({ name }) => name === "stanza-id")!.attrs.id!;
const itemOf = (result: Element) =>
  messageOf(result).elements.find(({ ns }) => ns === "http://jabber.org/protocol/muc#user")?.elements[0];

/** Says something in the room; gives its id there. */
async function says(client: Client, text: string, extra = ""): Promise<string> {
  await client.sends(`<message to='${room}' type='groupchat'><body>${text}</body>${extra}</message>`);
  return stanzaIdOf(await client.receives(`<message type='groupchat'><body>${text}</body></message>`));
}

/** Romeo owns the room, Juliet is in it; Nurse is not. */
async function verona({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  return { romeo, juliet, nurse };
}

/** Takes all that has come to clients. */
async function skips(...clients: Client[]): Promise<void> {
  for (const client of clients) {
    await client.sends("<iq type='get' id='skip'><ping xmlns='urn:xmpp:ping'/></iq>");
    while ((await client.next()).attrs.id !== "skip");
  }
}

/** The owner changes the configuration; all messages that tell of it are taken. */
async function changes(
  owner: Client,
  fields: Readonly<Record<string, string>>,
  told: readonly Client[],
): Promise<void> {
  await configures(owner, fields);
  while ((await owner.next()).attrs.id !== "configure");
  await skips(owner, ...told);
}

scenario("XEP-0313 §6.1.2: what is said in a room is in its archive, once", ours, async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  const first = await says(romeo, "one");
  await juliet.receives("<message><body>one</body></message>");
  const second = await says(juliet, "two");
  const { ids, bodies, results, fin, set } = await ask(juliet, "", " queryid='q1'", room);
  assert.deepEqual(bodies, ["one", "two"]);
  assert.deepEqual(ids, [first, second]);
  assert.equal(fin.attrs.complete, "true");
  assert.equal(textOf(set, "count"), "2");
  assert.equal(results[0]!.attrs.from ?? "", room);
  assert.equal(results[0]!.elements[0]!.attrs.queryid, "q1");
  const message = messageOf(results[0]!.elements[0]!);
  assert.equal(message.attrs.from, `${room}/Romeo`);
  assert.equal(message.attrs.to, undefined);
  assert.ok(message.elements.some(({ name, ns }) => name === "occupant-id" && ns === "urn:xmpp:occupant-id:0"));
  assert.deepEqual((await ask(nurse, "", "", room)).bodies, ["one", "two"]); // an open room
});

scenario("XEP-0313 §6.1.2: subjects, reactions and the like are there, passing things are not", ours, async (stage) => {
  const { romeo, juliet } = await verona(stage);
  const contents = [
    "<subject>Love</subject>",
    "<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>+</reaction></reactions>",
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
    "<a xmlns='urn:a'/><store xmlns='urn:xmpp:hints'/>",
  ];
  const passing = [
    "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "<received xmlns='urn:xmpp:receipts' id='x'/>",
    "<received xmlns='urn:xmpp:chat-markers:0' id='x'/>",
    "<body>secret</body><no-store xmlns='urn:xmpp:hints'/>",
    "<body>secret</body><no-permanent-store xmlns='urn:xmpp:hints'/>",
  ];
  for (const content of [...contents, ...passing]) {
    await romeo.exchange(
      `<message to='${room}' type='groupchat'>${content}</message>`,
      `<message type='groupchat'>${content}</message>`,
    );
  }
  await romeo.sends(`<message to='${room}/Juliet' type='chat'><body>just you</body></message>`);
  await romeo.settles();
  const { results } = await ask(juliet, "", "", room);
  const payloads = results.map(({ elements: [result] }) => messageOf(result!).elements[0]!.name);
  assert.deepEqual(payloads, ["subject", "reactions", "displayed", "a"]);
});

scenario("XEP-0313 §6.1.2: real addresses for those who may know them now", ours, async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await says(juliet, "Hi", "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='forged@example.com'/></x>");
  const items = async (client: Client) =>
    (await ask(client, "", "", room)).results.map((one) => itemOf(one.elements[0]!));
  const [known] = await items(romeo);
  assert.deepEqual(
    [known!.attrs.jid, known!.attrs.affiliation, known!.attrs.role],
    ["juliet@example.net/balcony", "none", "participant"],
  );
  assert.deepEqual(await items(juliet), [undefined]);
  await changes(romeo, { "muc#roomconfig_whois": "anyone" }, [juliet]);
  for (const client of [juliet, nurse]) {
    assert.equal((await items(client))[0]!.attrs.jid, "juliet@example.net/balcony");
  }
});

scenario("XEP-0313 §4.1.1: with a nickname, or an address for those who may know it", ours, async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await says(romeo, "one");
  await juliet.receives("<message><body>one</body></message>");
  await says(juliet, "two");
  const withAddress = (jid: string) => form(field("with", jid));
  const found = async (client: Client, jid: string) => (await ask(client, withAddress(jid), "", room)).bodies;
  assert.deepEqual(await found(juliet, `${room}/Romeo`), ["one"]);
  assert.deepEqual(await found(juliet, `${room}/Nobody`), []);
  assert.deepEqual(await found(juliet, "juliet@example.net"), ["two"]);
  assert.deepEqual(await found(romeo, "juliet@example.net"), ["two"]);
  assert.deepEqual(await found(romeo, "nurse@example.com"), []);
  for (const client of [juliet, nurse]) await refuses(client, withAddress("romeo@example.com"), "forbidden", room);
  await refuses(romeo, withAddress("romeo@example.com/orchard"), "feature-not-implemented", room);
});

scenario("XEP-0313 §4: filters, pages, flipped pages, words, ends as in archives of accounts", ours, async (stage) => {
  const { romeo, juliet } = await verona(stage);
  const ids: string[] = [];
  for (const word of ["alpha", "beta", "gamma", "delta"]) ids.push(await says(romeo, word));
  await juliet.settles();
  const bodies = async (content: string) => (await ask(romeo, content, "", room)).bodies;
  assert.deepEqual(await bodies(rsm("<max>2</max>")), ["alpha", "beta"]);
  assert.deepEqual(await bodies(rsm("<max>2</max>", `<after>${ids[1]}</after>`)), ["gamma", "delta"]);
  assert.deepEqual(await bodies(rsm("<max>2</max>", `<before>${ids[2]}</before>`)), ["alpha", "beta"]);
  assert.deepEqual(await bodies(`${rsm("<max>2</max>", "<before/>")}<flip-page/>`), ["delta", "gamma"]);
  assert.deepEqual(await bodies(form(field("ids", ids[3]!, ids[0]!))), ["alpha", "delta"]);
  assert.deepEqual(await bodies(form(field("after-id", ids[0]!), field("before-id", ids[3]!))), ["beta", "gamma"]);
  assert.deepEqual(await bodies(form(field("end", "2021-01-01T00:00:00Z"))), []);
  assert.deepEqual(await bodies(form(field("start", "2021-01-01T00:00:00Z"))), ["alpha", "beta", "gamma", "delta"]);
  assert.deepEqual(await bodies(form(field("{urn:xmpp:fulltext:0}fulltext", "gam"))), ["gamma"]);
  assert.equal(textOf((await ask(romeo, rsm("<max>0</max>"), "", room)).set, "count"), "4");
  await refuses(romeo, form(field("ids", "00000000000")), "item-not-found", room);
  await romeo.exchange(
    `<iq type='get' id='m' to='${room}'><metadata xmlns='urn:xmpp:mam:2'/></iq>`,
    `<iq type='result' id='m'><metadata xmlns='urn:xmpp:mam:2'><start id='${ids[0]}' timestamp='…'/><end id='${ids[3]}' timestamp='…'/></metadata></iq>`,
  );
  await romeo.exchange(
    `<iq type='get' id='f' to='${room}'><query xmlns='urn:xmpp:mam:2'/></iq>`,
    "<iq type='result' id='f'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'><field var='with'/><field var='ids'/></x></query></iq>",
  );
});

scenario("XEP-0313 §6.1.2: who may not enter may not read", ours, async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await says(romeo, "one");
  await juliet.receives("<message><body>one</body></message>");
  const reads = async (client: Client) => assert.deepEqual((await ask(client, "", "", room)).bodies, ["one"]);
  const affiliates = async (jid: string, affiliation: string) => {
    await romeo.sends(request("set", "admin", `<item jid='${jid}' affiliation='${affiliation}'/>`));
    while ((await romeo.next()).attrs.id !== "q");
    await skips(romeo, juliet, nurse);
  };
  for (const field of [
    "muc#roomconfig_membersonly",
    "muc#roomconfig_passwordprotectedroom",
    "muc#roomconfig_publicroom",
  ]) {
    await affiliates("juliet@example.net", "none");
    await affiliates("nurse@example.com", "none");
    const hidden = field === "muc#roomconfig_publicroom";
    await changes(romeo, { [field]: hidden ? "0" : "1", "muc#roomconfig_roomsecret": "x" }, [juliet]);
    await refuses(nurse, "", "forbidden", room);
    await reads(romeo);
    await affiliates("nurse@example.com", "member");
    await reads(nurse);
    await changes(romeo, { [field]: hidden ? "1" : "0" }, [juliet]);
  }
  await affiliates("nurse@example.com", "outcast");
  await refuses(nurse, "", "forbidden", room);
  await nurse.exchange(
    `<iq type='get' id='m' to='${room}'><metadata xmlns='urn:xmpp:mam:2'/></iq>`,
    "<iq type='error' id='m'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  await refuses(nurse, "", "item-not-found", "nowhere@conference.example.com");
});

const info = `<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
const entered = (codes: number[]) => seen("Juliet", "role='participant'", codes);

scenario("XEP-0313 §7, XEP-0045 §10.2: a room says whether it has an archive; owners decide", ours, async (stage) => {
  const { romeo, juliet } = await verona(stage);
  await juliet.exchange(
    info,
    `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/>
      <feature var='urn:xmpp:mam:2#extended'/><feature var='urn:xmpp:sid:0'/></query></iq>`,
  );
  await says(romeo, "on");
  await changes(romeo, { "muc#roomconfig_enablelogging": "0" }, []);
  await juliet.receives("<message><body>on</body></message>");
  await juliet.receives(
    "<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='171'/></x></message>",
  );
  assert.match(await says(romeo, "off"), /^[0-9a-z]{11}$/);
  await juliet.receives("<message><body>off</body></message>");
  assert.doesNotMatch((await juliet.exchange(info, "<iq type='result' id='d'/>")).toString(), /urn:xmpp:mam/);
  await refuses(juliet, "", "service-unavailable", room);
  await changes(romeo, { "muc#roomconfig_enablelogging": "1" }, [juliet]);
  assert.deepEqual((await ask(juliet, "", "", room)).bodies, ["on"]);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await nurse.sends(`<presence to='${room}/Nurse'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await nurse.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Juliet'/>`,
    seen("Nurse", "role='participant'", [110, 170]),
  );
  for (const text of ["on", "off"])
    await nurse.receives(`<message><body>${text}</body><delay xmlns='urn:xmpp:delay'/></message>`);
});

for (const mam of [{ keep: "0 days" }, { "keep-rooms": "0 days" }]) {
  scenario(
    `where rooms are not archived newcomers get the past all the same: ${JSON.stringify(mam)}`,
    { settings: { mam }, ...ours },
    async (stage) => {
      const romeo = await stage.connect("romeo@example.com/orchard");
      await opens(romeo, "Romeo");
      assert.match(await says(romeo, "one"), /^[0-9a-z]{11}$/);
      assert.doesNotMatch((await romeo.exchange(info, "<iq type='result' id='d'/>")).toString(), /urn:xmpp:mam/);
      await romeo.exchange(`<presence to='${room}/Romeo' type='unavailable'/>`, "<presence type='unavailable'/>");
      const juliet = await stage.connect("juliet@example.net/balcony");
      await juliet.sends(`<presence to='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
      const self = await juliet.receives(entered([110]));
      assert.doesNotMatch(self.toString(), /code='170'/);
      await juliet.receives(`<message from='${room}/Romeo'><body>one</body><delay xmlns='urn:xmpp:delay'/></message>`);
    },
  );
}

scenario(
  "XEP-0424 §5, XEP-0425 §4: tombstones in the archive, also of what nobody remembers",
  { ...ours, settings: { muc: { history: 1 } } },
  async (stage) => {
    const { romeo, juliet } = await verona(stage);
    const rude = await says(juliet, "rude");
    const wrong = await says(juliet, "wrong");
    await says(juliet, "fine");
    await skips(romeo);
    await romeo.sends(`<iq type='set' id='q' to='${room}'><moderate id='${rude}' xmlns='urn:xmpp:message-moderate:1'>
    <retract xmlns='urn:xmpp:message-retract:1'/><reason>Rude</reason></moderate></iq>`);
    await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", "<message type='groupchat'/>");
    await juliet.receives(
      `<message from='${room}'><retract xmlns='urn:xmpp:message-retract:1' id='${rude}'/></message>`,
    );
    const retract = (id: string) =>
      `<message to='${room}' type='groupchat' id='r'><retract id='${id}' xmlns='urn:xmpp:message-retract:1'/></message>`;
    await romeo.exchange(retract(wrong), "<message id='r'/>"); // it is not his
    await juliet.receives("<message id='r'/>");
    assert.deepEqual((await ask(romeo, form(field("ids", wrong)), "", room)).bodies, ["wrong"]);
    await juliet.exchange(retract(wrong), "<message id='r'/>");
    const engine = stage.assembly.hosts.get("example.com")!.view("test");
    await engine.fire(acknowledging, undefined as never); // waits as an acknowledgement does
    const { results, ids } = await ask(romeo, "", "", room);
    const payloads = results.map(({ elements: [result] }) =>
      messageOf(result!)
        .elements.map(({ name }) => name)
        .join(" "),
    );
    assert.deepEqual(ids.slice(0, 2), [rude, wrong]);
    for (const index of [0, 1]) {
      assert.match(payloads[index]!, /retracted/);
      assert.match(payloads[index]!, /occupant-id/);
      assert.doesNotMatch(payloads[index]!, /body/);
    }
    assert.match(results[0]!.toString(), /<moderated .*<reason>Rude</);
    assert.match(results[1]!.toString(), /<retracted [^>]*id='r'/);
    assert.equal(payloads.filter((one) => /\bretract\b/.test(one)).length, 3); // what takes them back is kept, too
    const words = form(field("{urn:xmpp:fulltext:0}fulltext", "rude"));
    assert.deepEqual((await ask(romeo, words, "", room)).ids, []);
  },
);

scenario("a destroyed room takes its archive along; the next of its name begins empty", ours, async (stage) => {
  const { romeo, juliet } = await verona(stage);
  const old = await says(romeo, "one");
  await juliet.receives("<message><body>one</body></message>");
  await romeo.sends(request("set", "owner", "<destroy/>"));
  await juliet.receives("<presence type='unavailable'/>");
  await romeo.receivesInAnyOrder("<presence type='unavailable'/>", "<iq type='result' id='q'/>");
  await opens(romeo, "Romeo");
  assert.deepEqual((await ask(romeo, "", "", room)).bodies, []);
  await refuses(romeo, rsm(`<after>${old}</after>`), "item-not-found", room);
  await says(romeo, "new");
  assert.deepEqual((await ask(romeo, "", "", room)).bodies, ["new"]);
  const { archive } = stage.assembly.hosts.get("example.com")!.view("test").use(mam);
  while ((await archive.usage(Jid.parse(room))).messages > 1) await new Promise((resolve) => setTimeout(resolve, 5));
});

scenario("what a deleted account has said stays in the archives of rooms", ours, async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await nurse.sends(`<message to='juliet@example.net' type='chat'><body>private</body></message>`);
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  await says(nurse, "public");
  const host = stage.assembly.hosts.get("example.com")!;
  await host.fire(removing, { account: nurse.jid.bare });
  await removeUnused(host.view("test").use(mam).archive);
  await skips(romeo, juliet);
  assert.deepEqual((await ask(nurse)).bodies, []);
  assert.deepEqual((await ask(juliet)).bodies, ["private"]);
  assert.deepEqual((await ask(romeo, form(field("with", "nurse@example.com")), "", room)).bodies, ["public"]);
});

scenario("while nothing can be kept, what would be archived is refused", ours, async (stage) => {
  const { romeo } = await verona(stage);
  const { archive } = stage.assembly.hosts.get("example.com")!.view("test").use(mam);
  Object.defineProperty(archive.writer, "troubled", { get: () => true });
  await romeo.exchange(
    `<message to='${room}' type='groupchat' id='1'><body>Hi</body></message>`,
    "<message type='error' id='1'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
  );
});

scenario(
  "what is too old to be kept is shown to nobody, removed or not",
  { ...ours, settings: { mam: { "keep-rooms": "1 ms" } } },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await says(romeo, "old");
    await skips(juliet);
    await new Promise((resolve) => setTimeout(resolve, 10)); // ids may run ahead of the clock
    await nurse.sends(`<presence to='${room}/Nurse'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    await nurse.receivesInAnyOrder(
      `<presence from='${room}/Romeo'/>`,
      `<presence from='${room}/Juliet'/>`,
      seen("Nurse", "role='participant'", [110]),
    );
    await nurse.receives("<message><subject/></message>");
    assert.deepEqual((await ask(nurse, "", "", room)).bodies, []);
  },
);
