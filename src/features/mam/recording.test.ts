import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { ask } from "./archive.fixture.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };

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
