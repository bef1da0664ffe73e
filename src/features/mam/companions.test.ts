import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { ask, messageOf } from "./archive.fixture.ts";

// What goes along with messages, and what becomes of it: each kind as its XEP, and those of archives, carbons and offline
// messages say.

const ours = { skipOn: ["prosody"], why: "the XEPs leave choices here" };
const body = "<body>Hi</body>";

interface Kind {
  readonly name: string;
  readonly content: string;
  /** Default: chat. */
  readonly type?: "normal";
  /** The archives of both ends have it (XEP-0313 §6.1.1). */
  readonly archived: boolean;
  /** The other clients of both ends get copies (XEP-0280 §6.1). */
  readonly copied: boolean;
  /** Somebody who is away gets it later (XEP-0160 §3). */
  readonly waits: boolean;
}

const all = { archived: true, copied: true, waits: true };
const kinds: readonly Kind[] = [
  { name: "a request for a receipt (XEP-0184)", content: `${body}<request xmlns='urn:xmpp:receipts'/>`, ...all },
  { name: "a receipt", content: "<received xmlns='urn:xmpp:receipts' id='1'/>", ...all },
  { name: "a receipt of type normal", content: "<received xmlns='urn:xmpp:receipts' id='1'/>", type: "normal", ...all },
  { name: "a message to be marked (XEP-0333)", content: `${body}<markable xmlns='urn:xmpp:chat-markers:0'/>`, ...all },
  { name: "a marker", content: "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", type: "normal", ...all },
  { name: "a correction (XEP-0308)", content: `${body}<replace xmlns='urn:xmpp:message-correct:0' id='1'/>`, ...all },
  {
    name: "a reaction (XEP-0444)",
    content: "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>+</reaction></reactions>",
    ...all,
  },
  {
    name: "no reaction any more, with a hint (XEP-0334)",
    content: "<reactions xmlns='urn:xmpp:reactions:0' id='1'/><store xmlns='urn:xmpp:hints'/>",
    type: "normal",
    ...all,
  },
  {
    name: "a reply (XEP-0461) with what others show of it (XEP-0428)",
    content: `<body>> Hi\nHi</body><reply xmlns='urn:xmpp:reply:0' id='1' to='romeo@example.com'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='5'/></fallback>`,
    ...all,
  },
  { name: "a retraction (XEP-0424)", content: "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>", ...all },
  {
    name: "a retraction with a fallback",
    content: `<retract xmlns='urn:xmpp:message-retract:1' id='1'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>${body}<store xmlns='urn:xmpp:hints'/>`,
    ...all,
  },
  {
    name: "a state with a message (XEP-0085)",
    content: `${body}<active xmlns='http://jabber.org/protocol/chatstates'/>`,
    ...all,
  },
  {
    name: "a state alone",
    content: "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    archived: false,
    copied: true,
    waits: false,
  },
  {
    name: "what is not to be stored (XEP-0334)",
    content: `${body}<no-store xmlns='urn:xmpp:hints'/>`,
    archived: false,
    copied: true,
    waits: false,
  },
  {
    name: "what is off the record (XEP-0334 §4.1)",
    content: `${body}<no-permanent-store xmlns='urn:xmpp:hints'/>`,
    archived: false,
    copied: true,
    waits: true,
  },
  {
    name: "what is not to be copied",
    content: `${body}<no-copy xmlns='urn:xmpp:hints'/>`,
    archived: true,
    copied: false,
    waits: true,
  },
];

const idsOf = ({ elements }: Element) =>
  elements.filter(({ name }) => name === "stanza-id").map(({ attrs }) => `${attrs.by} ${attrs.id}`);

/** The message in a copy. */
function copied(copy: Element, way: string): Element {
  const wrapped = copy.elements.find(({ name }) => name === way);
  assert.ok(wrapped, `${copy}`);
  return wrapped.elements[0]!.elements[0]!;
}

async function enable(client: Client): Promise<void> {
  await client.exchange(
    "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
    "<iq type='result' id='c'/>",
  );
}

/** What a client has in its archive: ids as they are in stanzas, and the messages. */
async function archiveOf(client: Client): Promise<{ ids: string[]; messages: string[] }> {
  const { ids, results } = await ask(client);
  return {
    ids: ids.map((id) => `${client.jid.bare} ${id}`),
    messages: results.map((message) => messageOf(message.elements[0]!).attrs.id ?? ""),
  };
}

for (const { name, content, type, archived, copied: isCopied, waits } of kinds) {
  const message = (to: string, id: string) =>
    `<message to='${to}' id='${id}'${type === "normal" ? "" : " type='chat'"}>${content}</message>`;

  scenario(`beside messages: ${name}: where it goes, its copies and their ids`, ours, async ({ connect }) => {
    const orchard = await connect("romeo@example.com/orchard");
    const home = await connect("romeo@example.com/home");
    const balcony = await connect("juliet@example.com/balcony");
    const chamber = await connect("juliet@example.com/chamber");
    await enable(home);
    await enable(chamber);
    await orchard.sends(message(`${balcony}`, "m"));
    const direct = await balcony.receives(`<message id='m'>${content}</message>`);
    const copies: { sent: string[]; received: string[] } = { sent: [], received: [] };
    if (isCopied) {
      copies.sent = idsOf(copied(await home.receives("<message from='romeo@example.com'/>"), "sent"));
      copies.received = idsOf(copied(await chamber.receives("<message from='juliet@example.com'/>"), "received"));
    }
    for (const client of [orchard, home, balcony, chamber]) await client.receivesNothing();
    const sent = await archiveOf(orchard);
    const received = await archiveOf(balcony);
    assert.deepEqual([sent.messages, received.messages], archived ? [["m"], ["m"]] : [[], []]);
    assert.deepEqual(idsOf(direct), received.ids, "who gets it knows where it is in the archive");
    assert.deepEqual(copies, isCopied ? { sent: sent.ids, received: received.ids } : { sent: [], received: [] });
  });

  scenario(`beside messages: ${name}: for somebody who is away`, ours, async ({ connect, account }) => {
    await account("juliet@example.com");
    const orchard = await connect("romeo@example.com/orchard");
    await orchard.sends(message("juliet@example.com", "m"));
    await orchard.receivesNothing();
    const phone = await connect("juliet@example.com/phone", { presence: false });
    assert.deepEqual((await archiveOf(phone)).messages, archived ? ["m"] : []);
    await phone.becomesAvailable();
    // What was read in the archive does not come again, to nobody; what is not archived came to wait, or is gone.
    if (waits && !archived) await phone.receives("<message id='m'/>");
    await phone.receivesNothing();
    const pidgin = await connect("juliet@example.com/pidgin");
    await pidgin.receivesNothing();
    await phone.disconnect();
    await pidgin.disconnect();
    await orchard.sends(message("juliet@example.com", "n"));
    await orchard.receivesNothing();
    const again = await connect("juliet@example.com/pidgin");
    if (waits) await again.receives(`<message id='n'>${content}<delay xmlns='urn:xmpp:delay' stamp='…'/></message>`);
    await again.receivesNothing();
  });
}
