import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { ask, field, form, refuses, rsm, textOf, write } from "./archive.fixture.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };

scenario("archive: pages forwards, backwards, from the end, and flipped (§4.3)", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0", "1", "2", "3", "4", "5", "6");
  const first = await ask(romeo, rsm("<max>3</max>"));
  assert.deepEqual(first.bodies, ["0", "1", "2"]);
  assert.notEqual(first.fin.attrs.complete, "true");
  const second = await ask(romeo, rsm("<max>3</max>", `<after>${textOf(first.set, "last")}</after>`));
  assert.deepEqual(second.bodies, ["3", "4", "5"]);
  const third = await ask(romeo, rsm("<max>3</max>", `<after>${textOf(second.set, "last")}</after>`));
  assert.deepEqual(third.bodies, ["6"]);
  assert.equal(third.fin.attrs.complete, "true");
  const last = await ask(romeo, rsm("<max>3</max>", "<before/>"));
  assert.deepEqual(last.bodies, ["4", "5", "6"]);
  const before = await ask(romeo, rsm("<max>3</max>", `<before>${textOf(last.set, "first")}</before>`));
  assert.deepEqual(before.bodies, ["1", "2", "3"]);
  assert.notEqual(before.fin.attrs.complete, "true");
  const start = await ask(romeo, rsm("<max>3</max>", `<before>${textOf(before.set, "first")}</before>`));
  assert.deepEqual(start.bodies, ["0"]);
  assert.equal(start.fin.attrs.complete, "true");
  const flipped = await ask(romeo, `${rsm("<max>3</max>", "<before/>")}<flip-page/>`);
  assert.deepEqual(flipped.bodies, ["6", "5", "4"]);
  assert.equal(textOf(flipped.set, "first"), last.ids[0]);
});

scenario("archive: counts are exact, without messages too (XEP-0059 §2.7)", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0", "1", "2", "3", "4");
  await write(romeo, "nurse@example.com", "for the nurse");
  await romeo.next("an error, as there is no nurse");
  const none = await ask(romeo, rsm("<max>0</max>"));
  assert.equal(textOf(none.set, "count"), "6");
  assert.equal(none.fin.attrs.complete, undefined);
  const page = await ask(romeo, form(field("with", "juliet@example.com")) + rsm("<max>2</max>"));
  assert.equal(textOf(page.set, "count"), "5");
  assert.equal(page.set.elements.find((child) => child.name === "first")!.attrs.index, "0");
  const last = await ask(romeo, rsm("<max>2</max>", "<before/>"));
  assert.equal(last.set.elements.find((child) => child.name === "first")!.attrs.index, "4");
  const next = await ask(romeo, rsm("<max>2</max>", `<after>${page.ids[1]}</after>`));
  assert.equal(textOf(next.set, "count"), "6");
});

scenario("archive: filters by address (§4.1.1)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await write(romeo, balcony.toString(), "to the balcony");
  await write(romeo, "juliet@example.com", "to the bare address");
  await write(nurse, "romeo@example.com", "from the nurse");
  await write(romeo, "romeo@example.com", "to myself");
  const bodies = async (address: string) => (await ask(romeo, form(field("with", address)))).bodies;
  assert.deepEqual(await bodies("juliet@example.com"), ["to the balcony", "to the bare address"]);
  assert.deepEqual(await bodies("nurse@example.com"), ["from the nurse"]);
  assert.deepEqual(await bodies("nobody@example.net"), []);
});

const exactly = { skipOn: ["prosody"], why: "it matches all resources" };

scenario("archive: a full address stands for itself alone (§4.1.1)", exactly, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber");
  await write(romeo, balcony.toString(), "to the balcony");
  await write(romeo, "juliet@example.com", "to the bare address");
  await write(chamber, "romeo@example.com", "from the chamber");
  const bodies = async (address: string) => (await ask(romeo, form(field("with", address)))).bodies;
  assert.deepEqual(await bodies(balcony.toString()), ["to the balcony"]);
  assert.deepEqual(await bodies(chamber.toString()), ["from the chamber"]);
  assert.equal((await bodies("juliet@example.com")).length, 3);
});

scenario("archive: with oneself is what was sent to oneself, once (§4.1.1)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  await connect("juliet@example.com/balcony");
  await write(romeo, "juliet@example.com", "to her");
  await romeo.sends("<message to='romeo@example.com' type='chat'><body>to myself</body></message>");
  await home.receives("<message><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example.com' id='…'/></message>");
  await romeo.settles();
  assert.deepEqual((await ask(home, form(field("with", "romeo@example.com")))).bodies, ["to myself"]);
  assert.deepEqual((await ask(home)).bodies, ["to her", "to myself"]);
});

scenario("archive: filters by time (§4.1.2)", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "old");
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // stamps of some servers count seconds
  await write(romeo, "juliet@example.com", "new");
  const all = await ask(romeo);
  const stamps = all.results.map(
    (message) => message.elements[0]!.elements[0]!.elements.find((child) => child.name === "delay")!.attrs.stamp!,
  );
  assert.deepEqual((await ask(romeo, form(field("start", stamps[1]!)))).bodies, ["new"]);
  assert.deepEqual((await ask(romeo, form(field("end", stamps[0]!.replace(/(\.\d+)?Z/, ".999Z"))))).bodies, ["old"]);
  assert.deepEqual(
    (await ask(romeo, form(field("start", "2010-06-07T00:00:00Z"), field("end", "2010-07-07T13:23:54Z")))).bodies,
    [],
  );
  assert.deepEqual((await ask(romeo, form(field("start", "2010-08-07T00:00:00Z")))).bodies, ["old", "new"]);
});

scenario("archive: filters by ids (§4.1.3)", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0", "1", "2", "3");
  const { ids } = await ask(romeo);
  const bodies = async (...fields: string[]) => (await ask(romeo, form(...fields))).bodies;
  assert.deepEqual(await bodies(field("after-id", ids[1]!)), ["2", "3"]);
  assert.deepEqual(await bodies(field("before-id", ids[1]!)), ["0"]);
  assert.deepEqual(await bodies(field("after-id", ids[0]!), field("before-id", ids[3]!)), ["1", "2"]);
  assert.deepEqual(await bodies(field("ids", ids[2]!, ids[0]!)), ["0", "2"]);
  const none = "00000000000";
  for (const name of ["after-id", "before-id", "ids"]) {
    await refuses(romeo, form(field(name, none)), "item-not-found");
    await refuses(romeo, form(field(name, "28482-98726-73623")), "item-not-found");
  }
});

scenario("archive: a page from an id that is not there (§4.3.2)", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0");
  await refuses(romeo, rsm("<max>10</max>", "<after>09af3-cc343-b409f</after>"), "item-not-found");
  await refuses(romeo, rsm("<max>10</max>", "<before>09af3-cc343-b409f</before>"), "item-not-found");
});

scenario("archive: ids of somebody else's archive are not there", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await write(romeo, "juliet@example.com", "0");
  await juliet.next();
  await write(nurse, "juliet@example.com", "1");
  const { ids } = await ask(juliet);
  await refuses(romeo, form(field("ids", ids[1]!)), "item-not-found");
  await refuses(romeo, rsm(`<after>${ids[1]}</after>`), "item-not-found");
});

scenario("archive: what the form may ask, and what it may not (§4.1.5)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='get' id='form1'><query xmlns='urn:xmpp:mam:2'/></iq>",
    `<iq type='result' id='form1'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'>
      <field type='hidden' var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>
      <field type='jid-single' var='with'/><field type='text-single' var='start'/><field type='text-single' var='end'/>
      <field type='text-single' var='before-id'/><field type='text-single' var='after-id'/>
      <field type='list-multi' var='ids'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'><open/></validate></field>
      <field type='boolean' var='include-groupchat'/>
      <field type='text-single' var='{urn:xmpp:fulltext:0}fulltext'/></x></query></iq>`,
  );
  await refuses(romeo, form(field("{http://example.com/}stanza-content", "x")), "feature-not-implemented");
  await refuses(romeo, form(field("start", "yesterday")), "bad-request");
  await refuses(romeo, form(field("with", "@")), "bad-request");
  assert.deepEqual((await ask(romeo, form(field("include-groupchat", "false")))).bodies, []);
});

scenario("archive: accounts say that they have one (§7)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='get' id='d' to='romeo@example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/><feature var='urn:xmpp:mam:2#extended'/><feature var='urn:xmpp:sid:0'/></query></iq>",
  );
});

scenario(
  "archive: pages have a size of their own",
  { ...ours, settings: { mam: { page: 3, "page-limit": 5 } } },
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    await write(romeo, "juliet@example.com", "0", "1", "2", "3", "4", "5", "6");
    assert.deepEqual((await ask(romeo)).bodies, ["0", "1", "2"]);
    assert.deepEqual((await ask(romeo, rsm("<max>100</max>"))).bodies, ["0", "1", "2", "3", "4"]);
    assert.deepEqual((await ask(romeo, rsm("<before/>"))).bodies, ["4", "5", "6"]);
    await refuses(romeo, rsm("<max>x</max>"), "bad-request");
    await refuses(romeo, rsm("<index>2</index>"), "feature-not-implemented");
  },
);
