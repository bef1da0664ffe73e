import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";

// The delivery rules of RFC 6121 §8.5, row by row: who is there, where the message goes, what becomes of it.

const ns = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
const negative = "<presence><priority>-1</priority></presence>";
const ours = { skipOn: ["prosody"], why: "the RFC leaves a choice here" };

type Fate = "delivered" | "kept" | "dropped" | "refused";

async function sent(from: Client, to: string, type: string): Promise<void> {
  await from.sends(`<message to='${to}' type='${type}' id='m'><body>Hi</body></message>`);
}

async function becomes(fate: Fate, from: Client, to: string, recipients: Client[], stage: Stage): Promise<void> {
  if (fate === "refused")
    await from.receives(
      `<message type='error' id='m'><error type='cancel'><service-unavailable ${ns}/></error></message>`,
    );
  else await from.receivesNothing();
  for (const client of recipients) {
    if (fate === "delivered") await client.receives(`<message from='${from}' id='m'><body>Hi</body></message>`);
    else await client.receivesNothing();
  }
  if (fate !== "kept") return;
  const later = await stage.connect(`${to.split("/")[0]}/later`);
  await later.receives(
    `<message from='${from}' id='m'><body>Hi</body><delay xmlns='urn:xmpp:delay' from='…' stamp='…'/></message>`,
  );
}

const nobodyThere: readonly [type: string, fate: Fate][] = [
  ["normal", "kept"],
  ["chat", "kept"],
  ["headline", "dropped"],
  ["groupchat", "refused"],
  ["error", "dropped"],
];
for (const [type, fate] of nobodyThere) {
  scenario(`to a bare address, nobody connected, type ${type}: ${fate}`, ours, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    await stage.account("juliet@example.com");
    await sent(romeo, "juliet@example.com", type);
    await becomes(fate, romeo, "juliet@example.com", [], stage);
  });
}

for (const [type, fate] of nobodyThere) {
  scenario(`to a bare address, only negative priorities, type ${type}: ${fate}`, ours, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony", { presence: negative });
    await sent(romeo, "juliet@example.com", type);
    await becomes(fate, romeo, "juliet@example.com", [juliet], stage);
  });
}

const someThere: readonly [type: string, fate: Fate][] = [
  ["normal", "delivered"],
  ["chat", "delivered"],
  ["headline", "delivered"],
  ["groupchat", "refused"],
  ["error", "dropped"],
];
for (const [type, fate] of someThere) {
  scenario(`to a bare address, two clients there, type ${type}: ${fate}`, ours, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const balcony = await stage.connect("juliet@example.com/balcony");
    const chamber = await stage.connect("juliet@example.com/chamber");
    const hidden = await stage.connect("juliet@example.com/hidden", { presence: negative });
    await sent(romeo, "juliet@example.com", type);
    await becomes(fate, romeo, "juliet@example.com", [balcony, chamber], stage);
    await hidden.receivesNothing();
  });
}

for (const type of ["normal", "chat", "headline", "groupchat", "error"]) {
  scenario(`to a full address that is there, type ${type}: delivered to it alone`, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const balcony = await stage.connect("juliet@example.com/balcony", { presence: negative });
    const chamber = await stage.connect("juliet@example.com/chamber");
    await sent(romeo, `${balcony}`, type);
    await balcony.receives(`<message from='${romeo}' to='${balcony}' type='${type}'><body>Hi</body></message>`);
    await chamber.receivesNothing();
  });
}

const resourceGone: readonly [type: string, fate: Fate][] = [
  ["normal", "refused"],
  ["chat", "delivered"],
  ["headline", "refused"],
  ["groupchat", "refused"],
  ["error", "dropped"],
];
for (const [type, fate] of resourceGone) {
  scenario(`to a full address that is gone, another client there, type ${type}: ${fate}`, ours, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const chamber = await stage.connect("juliet@example.com/chamber");
    await sent(romeo, "juliet@example.com/balcony", type);
    await becomes(fate, romeo, "juliet@example.com", [chamber], stage);
  });
}

scenario("to a full address that is gone, nobody connected, type chat: kept", async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await stage.account("juliet@example.com");
  await sent(romeo, "juliet@example.com/balcony", "chat");
  await becomes("kept", romeo, "juliet@example.com", [], stage);
});

for (const [type, fate] of [
  ["normal", "refused"],
  ["chat", "refused"],
  ["error", "dropped"],
] as const) {
  scenario(`to an address that does not exist, type ${type}: ${fate}`, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    await sent(romeo, "nobody@example.com", type);
    await becomes(fate, romeo, "nobody@example.com", [], stage);
  });
}

scenario("a message without 'to' goes to one's own clients", ours, async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  await orchard.sends("<message id='1'><body>Note</body></message>");
  await home.receives("<message id='1'><body>Note</body></message>");
});

scenario("an unknown type of message is a normal one", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.sends("<message to='juliet@example.com' type='shout' id='1'><body>Hi</body></message>");
  await juliet.receives("<message id='1'><body>Hi</body></message>");
});

scenario("a request to a client is answered by that client", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.sends(`<iq to='${juliet}' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>`);
  await juliet.receives(`<iq from='${romeo}' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>`);
  await juliet.sends(
    `<iq to='${romeo}' type='result' id='1'><query xmlns='jabber:iq:version'><name>x</name></query></iq>`,
  );
  await romeo.receives(
    `<iq from='${juliet}' type='result' id='1'><query xmlns='jabber:iq:version'><name>x</name></query></iq>`,
  );
});

scenario("a request to a client that is gone is refused; a result is dropped", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await connect("juliet@example.com/chamber");
  await romeo.exchange(
    "<iq to='juliet@example.com/balcony' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>",
    `<iq type='error' id='1'><error type='cancel'><service-unavailable ${ns}/></error></iq>`,
  );
  await romeo.sends("<iq to='juliet@example.com/balcony' type='result' id='2'/>");
  await romeo.receivesNothing();
});

const unanswerable: readonly [name: string, iq: string][] = [
  ["an unknown request to the server", "<iq to='example.com' type='get' id='1'><nonsense xmlns='urn:nonsense'/></iq>"],
  ["an unknown request to oneself", "<iq type='get' id='1'><nonsense xmlns='urn:nonsense'/></iq>"],
  [
    "an unknown request to somebody",
    "<iq to='juliet@example.com' type='get' id='1'><nonsense xmlns='urn:nonsense'/></iq>",
  ],
  ["a request to nobody", "<iq to='nobody@example.com' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>"],
];
for (const [name, iq] of unanswerable) {
  scenario(`${name} is refused with service-unavailable`, async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(iq, `<iq type='error' id='1'><error type='cancel'><service-unavailable ${ns}/></error></iq>`);
  });
}

const malformed: readonly [name: string, iq: string][] = [
  ["without an id", "<iq to='example.com' type='get'><ping xmlns='urn:xmpp:ping'/></iq>"],
  ["without a type", "<iq to='example.com' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"],
  ["of an unknown type", "<iq to='example.com' type='want' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"],
  ["without a payload", "<iq to='example.com' type='get' id='1'/>"],
  [
    "with two payloads",
    "<iq to='example.com' type='get' id='1'><ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/></iq>",
  ],
];
for (const [name, iq] of malformed) {
  scenario(`an IQ ${name} is a bad request`, ours, async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(iq, `<iq type='error'><error type='modify'><bad-request ${ns}/></error></iq>`);
  });
}

scenario("to a domain that is not ours: the sender is told why", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<message to='nurse@elsewhere.example' type='chat' id='1' xml:lang='fr'><body>Hi</body></message>",
    `<message type='error' id='1' from='nurse@elsewhere.example'><error type='cancel'><remote-server-not-found ${ns}/><text ${ns} xml:lang='fr'>…</text></error></message>`,
  );
});

scenario("two domains of one server write to each other", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await romeo.sends("<message to='juliet@example.net' type='chat'><body>Hi</body></message>");
  await juliet.receives(`<message from='${romeo}'><body>Hi</body></message>`);
});
