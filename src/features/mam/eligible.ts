import { hints, store, unstored } from "#stanza/hints.ts";
import { body, type Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";

const subject = tag("jabber:client", "subject");
const mucUser = tag("http://jabber.org/protocol/muc#user", "x");
const mucEvents: ReadonlySet<string> = new Set(["invite", "decline"]);

/** Payloads by namespace that are part of a conversation without a body; those with names only under these names. */
const conversation: ReadonlyMap<string, ReadonlySet<string> | undefined> = new Map([
  ["urn:xmpp:receipts", new Set(["received"])],
  ["urn:xmpp:chat-markers:0", new Set(["received", "displayed", "acknowledged"])],
  ["urn:xmpp:reactions:0", undefined],
  ["urn:xmpp:message-retract:0", undefined],
  ["urn:xmpp:message-retract:1", undefined],
  ["urn:xmpp:message-correct:0", undefined],
  ["jabber:x:conference", undefined],
  ["jabber:x:oob", undefined],
  ["urn:xmpp:sfs:0", undefined],
  ["urn:xmpp:omemo:1", new Set(["encrypted"])],
  ["urn:xmpp:omemo:2", new Set(["encrypted"])],
  ["eu.siacs.conversations.axolotl", new Set(["encrypted"])],
  ["urn:xmpp:openpgp:0", undefined],
  ["urn:xmpp:jingle-message:0", undefined],
]);

/**
 * Whether a message belongs in an archive (XEP-0313 §6.1.1): what people write, and what changes or acknowledges it; not
 * what only means something at the moment. Hints of the sender come first (XEP-0334 §4).
 */
export function worthKeeping({ element, type }: Stanza): boolean {
  if (type !== "chat" && type !== "normal") return false;
  let kept = false;
  const children = element.elements;
  for (let index = 0; index < children.length; index++) {
    const child = children[index]!;
    if (child.ns === hints && unstored(element)) return false;
    kept ||= isContent(child);
  }
  return kept;
}

/**
 * Whether a message to a room belongs in the room's archive (XEP-0313 §6.1.2). Receipts do not: each occupant would add one
 * for each message.
 */
export function worthKeepingInRoom(element: Element): boolean {
  if (unstored(element)) return false;
  return element.elements.some((child) => isContent(child) && !isReceipt(child));
}

function isReceipt({ ns, name }: Element): boolean {
  return ns === "urn:xmpp:receipts" || (ns === "urn:xmpp:chat-markers:0" && name !== "displayed");
}

function isContent(child: Element): boolean {
  if (child.is(body) || child.is(store)) return true;
  if (child.is(subject)) return true;
  if (conversation.has(child.ns)) return conversation.get(child.ns)?.has(child.name) ?? true;
  return child.is(mucUser) && child.elements.some(({ name }) => mucEvents.has(name));
}
