import { recipients } from "#core/delivery.ts";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { arriving, type Packet, sending } from "#core/packet.ts";
import { fact, type Session } from "#core/session.ts";
import { forward } from "#stanza/forward.ts";
import { noCopy } from "#stanza/hints.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";

const namespace = "urn:xmpp:carbons:2";
const enable = tag(namespace, "enable");
const disable = tag(namespace, "disable");
const sent = tag(namespace, "sent");
const received = tag(namespace, "received");
const excluded = tag(namespace, "private");

const enabled = fact("carbons", false);

/** What makes a message of type normal part of a conversation (XEP-0280 §6.1). */
const conversation: ReadonlySet<string> = new Set([
  "urn:xmpp:receipts",
  "urn:xmpp:chat-markers:0",
  "http://jabber.org/protocol/chatstates",
  "jabber:x:conference",
  "urn:xmpp:jingle-message:0",
  "urn:xmpp:reactions:0",
  "urn:xmpp:message-retract:1",
]);
const mucUser = tag("http://jabber.org/protocol/muc#user", "x");

/** Message Carbons (XEP-0280): all clients of a person see the whole conversation, what came and what was sent. */
export const carbons: Feature = {
  name: "carbons",
  xeps: [{ number: 280, version: "1.0.1" }],
  setup(host) {
    host.iq("set", enable, "self", (_iq, _payload, origin) => origin?.set(enabled, true));
    host.iq("set", disable, "self", (_iq, _payload, origin) => origin?.set(enabled, false));
    host.offer(namespace, "host"); // §5: clients look for it at the server
    host.on(sending, "copy", (packet) => copySent(host, packet));
    host.on(arriving, "copy", (packet) => copyReceived(host, packet));
  },
};

function copySent(host: Host, packet: Packet): void {
  const { stanza, origin } = packet;
  if (origin === undefined || stanza.kind !== "message") return;
  const sessions = host.sessions.of(stanza.from);
  if (sessions.length > 1 && eligible(stanza)) {
    const toSelf = stanza.from.bare.equals(stanza.to.bare) ? recipients(host, stanza.to) : [];
    copy(sent, stanza, sessions, (session) => session === origin || toSelf.includes(session)); // §6.3: never to the sender
  }
  unmark(packet);
}

function copyReceived(host: Host, packet: Packet): void {
  const { stanza } = packet;
  if (stanza.kind !== "message" || stanza.to.local === "") return;
  const sessions = host.sessions.of(stanza.to);
  if (sessions.length > 1 && eligible(stanza) && !isRoomPrivate(stanza)) {
    const direct = recipients(host, stanza.to);
    const originals = direct.length > 0 || stanza.type !== "chat" ? direct : recipients(host, stanza.to.bare);
    const sender = stanza.from.bare.equals(stanza.to.bare) ? stanza.from.resource : undefined;
    copy(received, stanza, sessions, (session) => originals.includes(session) || session.jid.resource === sender);
  }
}

/** §6.1: conversations, but not what its sender wants kept to one device. */
function eligible({ element, type }: Stanza): boolean {
  if (type === "groupchat" || type === "headline") return false;
  if (element.child(excluded) || element.child(noCopy)) return false;
  if (element.child(sent) || element.child(received)) return false; // §11: never a copy of a copy
  if (type === "chat" || element.child(body)) return true;
  return element.elements.some((child) => conversation.has(child.ns) || child.is(mucUser));
}

/** §6.1: a private message of a room came to one occupant, that is one client. */
function isRoomPrivate({ element, from, type }: Stanza): boolean {
  return type === "chat" && !from.isBare && element.child(mucUser) !== undefined && element.child(body) !== undefined;
}

function copy(
  wrap: typeof sent,
  stanza: Stanza,
  sessions: readonly Session[],
  spared: (session: Session) => boolean,
): void {
  let shared: Element | undefined;
  for (const session of sessions) {
    if (!session.get(enabled) || spared(session)) continue;
    shared ??= message({ type: stanza.element.attrs.type }, wrap({}, forward(stanza.element.without(excluded))));
    session.send(Stanza.of("message", shared, session.jid.bare, session.jid)); // §8, §9: from the own bare JID
  }
}

/** §6.3: the mark is for the servers; it goes no further than it must. */
function unmark(packet: Packet): void {
  const { stanza } = packet;
  if (stanza.element.child(excluded) && !stanza.element.child(noCopy)) {
    packet.stanza = stanza.map((element) => element.without(excluded).append(noCopy()));
  }
}
