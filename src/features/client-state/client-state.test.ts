import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";

const ours = { skipOn: ["prosody"], why: "each server chooses what it keeps back" };
const typing = (to: string, from: string) =>
  `<message to='${to}' type='chat' id='${from}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`;

scenario("an inactive client gets typing notices only when it wakes", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.receivesNothing();
  await juliet.sends(typing(`${romeo}`, "t1"));
  await juliet.settles();
  await romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  await romeo.receives("<message id='t1'/>");
  await romeo.receivesNothing();
});

scenario("a message wakes an inactive client, and what was held comes before it", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.settles();
  await juliet.sends(typing(`${romeo}`, "t1"));
  await juliet.sends(`<message to='${romeo}' type='chat' id='m1'><body>Hi</body></message>`);
  await romeo.receives("<message id='t1'/>");
  await romeo.receives("<message id='m1'><body>Hi</body></message>");
});

scenario("of a contact's presence only the last is kept for an inactive client", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.settles();
  for (const show of ["away", "xa", "dnd"])
    await juliet.sends(`<presence to='${romeo}'><show>${show}</show></presence>`);
  await juliet.settles();
  await romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  await romeo.receives(`<presence from='${juliet}'><show>dnd</show></presence>`);
  await romeo.receivesNothing();
});

scenario(
  "not more than so many stanzas are kept back",
  { ...ours, settings: { "client-state": { held: 3 } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/phone", { presence: false });
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
    await romeo.settles();
    for (let number = 0; number < 4; number++) await juliet.sends(typing(`${romeo}`, `t${number}`));
    for (let number = 0; number < 4; number++) await romeo.receives(`<message id='t${number}'/>`);
  },
);

const carbons = "urn:xmpp:carbons:2";
const state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
/** What comes for a telephone in a pocket, to it or as a copy, and whether it is woken. */
const coming: readonly [name: string, content: string, type: string, wakes: boolean][] = [
  ["a message", "<body>Hi</body>", "chat", true],
  ["a message with a state", `<body>Hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>`, "chat", true],
  ["a state", state, "chat", false],
  ["a state with a hint", `${state}<no-store xmlns='urn:xmpp:hints'/>`, "chat", false],
  ["a receipt", "<received xmlns='urn:xmpp:receipts' id='1'/>", "chat", true],
  ["a marker", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", "chat", true],
  ["a reaction", "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>", "chat", true],
  ["a retraction", "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>", "chat", true],
  ["a call", "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>", "chat", true],
  ["an announcement", "<body>Fire!</body>", "headline", true],
  [
    "news of what somebody has published",
    "<event xmlns='http://jabber.org/protocol/pubsub#event'/>",
    "headline",
    false,
  ],
];

/** Nothing of it has come, until the client wakes. A question to the server would wake it: somebody else asks. */
async function isHeld(phone: Client, other: Client, part: string): Promise<void> {
  for (let times = 0; times < 3; times++) await other.settles();
  assert.ok(!phone.wire.received.includes(part));
  await phone.sends("<active xmlns='urn:xmpp:csi:0'/>");
}

for (const [name, content, type, wakes] of coming) {
  scenario(`client state: ${name} ${wakes ? "wakes a client" : "waits"}`, ours, async ({ connect }) => {
    const phone = await connect("romeo@example.com/phone", { presence: false });
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await phone.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
    await phone.settles();
    await juliet.sends(`<message to='${phone}' type='${type}' id='m'>${content}</message>`);
    await juliet.settles();
    if (!wakes) await isHeld(phone, juliet, "id='m'");
    await phone.receives(`<message id='m'/>`);
    await phone.receivesNothing();
  });

  if (type !== "chat") continue;
  scenario(`client state: a copy of ${name} ${wakes ? "wakes a client" : "waits"}`, ours, async ({ connect }) => {
    const phone = await connect("romeo@example.com/phone", { presence: false });
    const desk = await connect("romeo@example.com/desk", { presence: false });
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await phone.exchange(`<iq type='set' id='c'><enable xmlns='${carbons}'/></iq>`, "<iq type='result' id='c'/>");
    await phone.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
    await phone.settles();
    await desk.sends(`<message to='${juliet}' type='chat' id='sent'>${content}</message>`);
    await juliet.sends(`<message to='${desk}' type='chat' id='received'>${content}</message>`);
    await desk.receives("<message id='received'/>");
    if (!wakes) await isHeld(phone, desk, carbons);
    await phone.receivesInAnyOrder(
      `<message><sent xmlns='${carbons}'/></message>`,
      `<message><received xmlns='${carbons}'/></message>`,
    );
    await phone.receivesNothing();
  });
}
