import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };
const form = (...fields: string[]) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>${fields.join("")}</x>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
const rsm = (...parts: string[]) => `<set xmlns='http://jabber.org/protocol/rsm'>${parts.join("")}</set>`;

interface Answer {
  /** Of the messages, in the order in which they came. */
  readonly ids: readonly string[];
  readonly bodies: readonly string[];
  readonly results: readonly Element[];
  readonly fin: Element;
  readonly set: Element;
}

let questions = 0;

/** Sends a query, and takes the messages and the result. */
async function ask(client: Client, content = "", attributes = ""): Promise<Answer> {
  const id = `query${++questions}`;
  await client.sends(`<iq type='set' id='${id}'><query xmlns='urn:xmpp:mam:2'${attributes}>${content}</query></iq>`);
  const results: Element[] = [];
  for (;;) {
    const stanza = await client.next();
    if (stanza.name === "iq") {
      assert.equal(stanza.attrs.type, "result", stanza.toString());
      assert.equal(stanza.attrs.id, id);
      const fin = stanza.elements[0]!;
      const found = results.map((message) => message.elements[0]!);
      return {
        ids: found.map((result) => result.attrs.id!),
        bodies: found.map((result) => bodyOf(result)),
        results,
        fin,
        set: fin.elements[0]!,
      };
    }
    if (stanza.name === "message" && stanza.elements[0]?.name === "result") results.push(stanza);
  }
}

function bodyOf(result: Element): string {
  const message = result.elements[0]!.elements.find((child) => child.name === "message")!;
  return message.elements.find((child) => child.name === "body")?.text ?? "";
}

function textOf(set: Element, name: string): string | undefined {
  return set.elements.find((child) => child.name === name)?.text;
}

async function refuses(client: Client, content: string, condition: string): Promise<void> {
  await client.exchange(
    `<iq type='set' id='refused'><query xmlns='urn:xmpp:mam:2'>${content}</query></iq>`,
    `<iq type='error' id='refused'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
}

async function write(from: Client, to: string, ...bodies: string[]): Promise<void> {
  for (const body of bodies) await from.sends(`<message to='${to}' type='chat'><body>${body}</body></message>`);
  await from.settles();
}

scenario("archive: what came and what was sent is there, wrapped and stamped (XEP-0313 §4)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.sends(`<message to='${juliet}' type='chat' id='1'><body>Call me but love</body></message>`);
  const got = await juliet.receives(
    "<message id='1'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='…'/></message>",
  );
  const id = got.elements.find((child) => child.name === "stanza-id")!.attrs.id!;
  await juliet.sends(`<message to='${romeo}' type='chat' id='2'><body>What man art thou</body></message>`);
  const reply = await romeo.receives("<message id='2'/>");
  for (const mark of reply.elements) assert.notEqual(mark.attrs.by, "juliet@example.com");
  const { ids, results, fin, set } = await ask(juliet, "", " queryid='f27'");
  assert.equal(results.length, 2);
  assert.equal(ids[0], id);
  const [first] = results;
  assert.equal(first!.attrs.from ?? "juliet@example.com", "juliet@example.com");
  const result = first!.elements[0]!;
  assert.equal(result.attrs.queryid, "f27");
  const forwarded = result.elements[0]!;
  assert.equal(forwarded.ns, "urn:xmpp:forward:0");
  const delay = forwarded.elements.find((child) => child.name === "delay")!;
  assert.ok(Math.abs(Date.parse(delay.attrs.stamp!) - Date.now()) < 600_000);
  const message = forwarded.elements.find((child) => child.name === "message")!;
  assert.deepEqual(
    [message.ns, message.attrs.from, message.attrs.to, message.attrs.type, message.attrs.id],
    ["jabber:client", romeo.toString(), juliet.toString(), "chat", "1"],
  );
  assert.equal(fin.attrs.complete, "true");
  assert.equal(textOf(set, "first"), ids[0]);
  assert.equal(textOf(set, "last"), ids[1]);
  const sent = await ask(romeo);
  assert.deepEqual(sent.bodies, ["Call me but love", "What man art thou"]);
});

scenario("archive: an empty one is complete and has no ends", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const { results, fin, set } = await ask(romeo);
  assert.equal(results.length, 0);
  assert.equal(fin.attrs.complete, "true");
  assert.equal(textOf(set, "first"), undefined);
  await romeo.exchange(
    "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
    "<iq type='result' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
  );
});

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

scenario("archive: its ends (§5)", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0", "1", "2");
  const { ids } = await ask(romeo);
  await romeo.exchange(
    "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
    `<iq type='result' id='m'><metadata xmlns='urn:xmpp:mam:2'><start id='${ids[0]}' timestamp='…'/><end id='${ids[2]}' timestamp='…'/></metadata></iq>`,
  );
});

scenario(
  "archive: nobody reads that of others, nor learns whether it exists (§8.1)",
  ours,
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (const to of ["juliet@example.com", "nobody@example.com", "juliet@example.net"]) {
      for (const request of [
        "<iq type='set' id='1' to=''><query xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><query xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><metadata xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><prefs xmlns='urn:xmpp:mam:2'/></iq>",
      ]) {
        await romeo.exchange(
          request.replace("to=''", `to='${to}'`),
          `<iq type='error' from='${to}' id='1'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
        );
      }
    }
  },
);

scenario("archive: accounts say that they have one (§7)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='get' id='d' to='romeo@example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/><feature var='urn:xmpp:mam:2#extended'/><feature var='urn:xmpp:sid:0'/></query></iq>",
  );
});

const kept: readonly [what: string, message: string][] = [
  ["a message of type normal", "<message to='juliet@example.com'><body>x</body></message>"],
  [
    "what its sender wants stored",
    "<message to='juliet@example.com' type='chat'><a xmlns='urn:a'/><store xmlns='urn:xmpp:hints'/></message>",
  ],
  [
    "that something was received",
    "<message to='juliet@example.com'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
  ],
  [
    "that something was read",
    "<message to='juliet@example.com' type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>",
  ],
  [
    "a reaction",
    "<message to='juliet@example.com' type='chat'><reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>+</reaction></reactions></message>",
  ],
  [
    "a retraction",
    "<message to='juliet@example.com' type='chat'><retract xmlns='urn:xmpp:message-retract:1' id='1'/></message>",
  ],
  [
    "an encrypted message",
    "<message to='juliet@example.com' type='chat'><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>",
  ],
  ["an invitation to a room", "<message to='juliet@example.com'><x xmlns='jabber:x:conference' jid='a@b'/></message>"],
];
const passing: readonly [what: string, message: string][] = [
  ["a headline", "<message to='juliet@example.com' type='headline'><body>x</body></message>"],
  [
    "a typing notice",
    "<message to='juliet@example.com' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  ],
  [
    "what must not be stored",
    "<message to='juliet@example.com' type='chat'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>",
  ],
  [
    "what must not be stored for long",
    "<message to='juliet@example.com' type='chat'><body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>",
  ],
  [
    "what may be answered",
    "<message to='juliet@example.com' type='chat'><request xmlns='urn:xmpp:receipts'/></message>",
  ],
  ["an error", "<message to='juliet@example.com' type='error'><body>x</body><error type='cancel'/></message>"],
];

scenario("archive: what belongs to conversations is kept, the rest not (§6.1.1)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const counts = async () => [(await ask(romeo)).results.length, (await ask(juliet)).results.length];
  let expected = 0;
  for (const [what, message] of [...kept, ...passing]) {
    await romeo.sends(message);
    await romeo.settles();
    if (kept.some(([name]) => name === what)) expected++;
    assert.deepEqual(await counts(), [expected, expected], what);
  }
});

scenario("archive: what is refused is in no archive of whom it was for (§6.1)", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<message to='juliet@example.com/nowhere' id='1'><body>x</body></message>",
    "<message type='error' id='1'/>",
  );
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='nurse@example.com'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  const nurse = await connect("nurse@example.com/kitchen");
  await nurse.exchange(
    "<message to='juliet@example.com' id='1' type='chat'><body>x</body></message>",
    "<message type='error' id='1'/>",
  );
  assert.deepEqual((await ask(juliet)).bodies, []);
});

scenario("archive: content to the letter", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends(
    "<message to='juliet@example.com' type='chat' id='1' xml:lang='fr'><body>&lt;où&gt; &amp; 👋 ]]&gt;</body><x:html xmlns:x='http://jabber.org/protocol/xhtml-im'><b xmlns='urn:b' a='&quot;&apos;'>1</b></x:html></message>",
  );
  await romeo.settles();
  const { results } = await ask(romeo);
  const message = results[0]!.elements[0]!.elements[0]!.elements.find((child) => child.name === "message")!;
  assert.equal(message.attrs["xml:lang"], "fr");
  assert.equal(message.elements[0]!.text, "<où> & 👋 ]]>");
  assert.equal(message.elements[1]!.ns, "http://jabber.org/protocol/xhtml-im");
  assert.equal(message.elements[1]!.elements[0]!.attrs.a, "\"'");
});

scenario("archive: carbons have its ids, strangers do not (§3.5)", ours, async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber", { presence: false });
  for (const client of [home, chamber]) {
    await client.exchange(
      "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
      "<iq type='result' id='c'/>",
    );
  }
  await orchard.sends(`<message to='${balcony}' type='chat'><body>Hi</body></message>`);
  await orchard.settles();
  const sent = (await ask(orchard)).ids[0]!;
  const got = (await ask(balcony)).ids[0];
  const copy = (kind: string, owner: string, id: string | undefined) =>
    `<message><${kind} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>Hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='${owner}@example.com' id='${id}'/></message></forwarded></${kind}></message>`;
  await home.receives(copy("sent", "romeo", sent));
  await chamber.receives(copy("received", "juliet", got));
  await orchard.sends(`<message to='${balcony}' type='chat'><body>Again</body></message>`);
  const message = await balcony.receives("<message><body>Again</body></message>");
  const marks = message.elements.filter((child) => child.name === "stanza-id").map(({ attrs }) => attrs.by);
  assert.deepEqual(marks, ["juliet@example.com"]);
});

scenario("stanza ids: forged ones are removed, others stay (XEP-0359 §3)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const forged = [
    "romeo@example.com",
    "juliet@example.com",
    "JULIET@example.com",
    "nurse@example.com",
    "example.com",
    "nurse@example.net",
  ];
  const marks = [...forged, "room@elsewhere.example"].map(
    (by) => `<stanza-id xmlns='urn:xmpp:sid:0' by='${by}' id='1'/>`,
  );
  for (const text of ["<body>x</body>", ""]) {
    await romeo.sends(
      `<message to='${juliet}' type='chat'>${text}${marks.join("")}<origin-id xmlns='urn:xmpp:sid:0' id='2'/></message>`,
    );
    const message = await juliet.receives("<message><origin-id xmlns='urn:xmpp:sid:0' id='2'/></message>");
    const left = message.elements.filter((child) => child.name === "stanza-id" && child.attrs.id === "1");
    assert.deepEqual(
      left.map(({ attrs }) => attrs.by),
      ["room@elsewhere.example"],
    );
  }
});

scenario("preferences: they are kept, and obeyed (XEP-0441)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    "<iq type='get' id='juliet2'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
    "<iq type='result' id='juliet2'><prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs></iq>",
  );
  const prefs = (standard: string, always: string[], never: string[]) => {
    const items = (jids: string[]) => jids.map((jid) => `<jid>${jid}</jid>`).join("");
    return `<prefs xmlns='urn:xmpp:mam:2' default='${standard}'><always>${items(always)}</always><never>${items(never)}</never></prefs>`;
  };
  const set = async (standard: string, always: string[] = [], never: string[] = []) => {
    const wanted = prefs(standard, always, never);
    await juliet.exchange(`<iq type='set' id='s'>${wanted}</iq>`, `<iq type='result' id='s'>${wanted}</iq>`);
    await juliet.exchange(
      "<iq type='get' id='g'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
      `<iq type='result' id='g'>${wanted}</iq>`,
    );
  };
  let number = 0;
  const keeps = async () => {
    const body = `message ${++number}`;
    await romeo.sends(`<message to='juliet@example.com' type='chat'><body>${body}</body></message>`);
    await juliet.receives(`<message><body>${body}</body></message>`);
    assert.equal((await ask(romeo)).bodies.at(-1), body); // his archive is his own
    return (await ask(juliet)).bodies.includes(body);
  };
  assert.equal(await keeps(), true);
  await set("never");
  assert.equal(await keeps(), false);
  await set("never", ["romeo@example.com"]);
  assert.equal(await keeps(), true);
  await set("never", [`${romeo}`]);
  assert.equal(await keeps(), true);
  await set("never", ["romeo@example.com/elsewhere"]);
  assert.equal(await keeps(), false);
  await set("always", [], ["romeo@example.com"]);
  assert.equal(await keeps(), false);
  await set("roster");
  assert.equal(await keeps(), false);
  await juliet.exchange(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@example.com'/></query></iq>",
    "<iq type='result' id='r'/>",
  );
  assert.equal(await keeps(), true);
  for (const [wrong, condition] of [
    ["<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>", "bad-request"],
    ["<prefs xmlns='urn:xmpp:mam:2' default='never'><never><jid>@</jid></never></prefs>", "jid-malformed"],
  ]) {
    await juliet.exchange(
      `<iq type='set' id='w'>${wrong}</iq>`,
      `<iq type='error' id='w'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    );
  }
});

scenario(
  "preferences: what the administrator sets is where people begin",
  { ...ours, settings: { mam: { default: "never" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await romeo.sends(`<message to='${juliet}' type='chat'><body>x</body></message>`);
    const message = await juliet.receives("<message/>");
    assert.equal(
      message.elements.some((child) => child.name === "stanza-id"),
      false,
    );
    assert.deepEqual((await ask(romeo)).bodies, []);
  },
);

scenario("search: words in any case, without their accents, also begun (XEP-0431)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await write(romeo, "juliet@example.com", "Où est la réunion ?", "La réunion est à 15 h", "merci");
  await write(nurse, "romeo@example.com", "pas de réunion");
  const search = async (client: Client, text: string, ...more: string[]) =>
    (await ask(client, form(field("{urn:xmpp:fulltext:0}fulltext", text), ...more))).bodies;
  assert.deepEqual(await search(romeo, "REUNION"), ["Où est la réunion ?", "La réunion est à 15 h", "pas de réunion"]);
  assert.deepEqual(await search(juliet, "reunion"), ["Où est la réunion ?", "La réunion est à 15 h"]);
  assert.deepEqual(await search(nurse, "reunion"), ["pas de réunion"]);
  assert.deepEqual(await search(romeo, "réunion 15"), ["La réunion est à 15 h"]);
  assert.deepEqual(await search(romeo, "mer"), ["merci"]);
  assert.deepEqual(await search(romeo, "reunion", field("with", "nurse@example.com")), ["pas de réunion"]);
  assert.deepEqual(await search(romeo, 'o1 OR " NEAR( merci)*'), []);
  assert.deepEqual(await search(romeo, "?!"), []);
  assert.equal((await search(romeo, "")).length, 4);
});

scenario(
  "archive: 0 days, and there is none",
  { ...ours, settings: { mam: { keep: "0 days" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await romeo.sends(
      `<message to='${juliet}' type='chat'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='${juliet.jid.bare}' id='1'/></message>`,
    );
    const message = await juliet.receives("<message><body>x</body></message>");
    assert.equal(message.elements.length, 1);
    await refuses(romeo, "", "service-unavailable");
    const info = await romeo.exchange(
      "<iq type='get' id='d' to='romeo@example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result' id='d'/>",
    );
    assert.equal(info.toString().includes("urn:xmpp:mam"), false);
  },
);

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
