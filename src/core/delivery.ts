import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { body, isRequest, type Message, type Stanza } from "#stanza/stanza.ts";
import type { Host } from "./host.ts";
import type { LocalHost } from "./local-host.ts";
import { type Packet, unclaimed } from "./packet.ts";
import { available, priority, type Session } from "./session.ts";

const nobody: readonly Session[] = [];

/**
 * The sessions that get a message: the one of a full JID, else all available ones with a priority that is not negative
 * (RFC 6121 §8.5.2.1.1 leaves the choice; all, so that a client without carbons misses nothing).
 */
export function recipients(host: Pick<Host, "sessions">, to: Jid): readonly Session[] {
  if (!to.isBare) {
    const session = host.sessions.find(to);
    return session === undefined ? nobody : [session];
  }
  const all = host.sessions.of(to);
  for (let index = 0; index < all.length; index++) {
    if (!reachable(all[index]!)) return all.filter(reachable);
  }
  return all;
}

function reachable(session: Session): boolean {
  return session.get(available) && session.get(priority) >= 0;
}

/** Delivers what arrived at a host and that no handler took: the rules of RFC 6121 §8.5. */
export function deliver(host: LocalHost, packet: Packet): void | Promise<void> {
  const { stanza } = packet;
  if (stanza.to.isDomain || host.where === "service") return toHost(host, packet);
  if (stanza.is("message")) return deliverMessage(host, packet);
  if (!stanza.to.isBare) {
    const session = host.sessions.find(stanza.to);
    if (session) return session.send(stanza);
    if (isRequest(stanza)) throw new StanzaError("service-unavailable", notConnected); // §8.5.3.2.3
    return; // presence, results and errors: ignored (§8.5.3.2.2)
  }
  if (stanza.is("iq")) return host.answer(packet, stanza); // §8.5.2.1.3, §8.5.2.2.3
  if (stanza.type === "" || stanza.type === "unavailable") {
    for (const session of host.sessions.of(stanza.to)) if (session.get(available)) session.send(stanza); // §8.5.2.1.2
  }
}

function toHost(host: LocalHost, packet: Packet): void | Promise<void> {
  const { stanza } = packet;
  if (stanza.is("iq")) return host.answer(packet, stanza);
  if (stanza.is("message") && stanza.type !== "error") throw new StanzaError("service-unavailable", nobodyHere);
}

function deliverMessage(host: LocalHost, packet: Packet): void | Promise<void> {
  const { stanza } = packet;
  const { to, type } = stanza;
  if (!to.isBare) {
    const session = host.sessions.find(to);
    if (session) return session.send(stanza); // §8.5.3.1
    if (type === "error") return;
    if (type !== "chat") throw new StanzaError("service-unavailable", notConnected); // §8.5.3.2.1
  }
  if (type === "error") return; // §8.5.2.1.1
  if (type === "groupchat") throw new StanzaError("service-unavailable", notARoom); // §8.5.2.1.1
  const sessions = recipients(host, to.bare);
  if (sessions.length === 0) return undelivered(host, packet);
  for (let index = 0; index < sessions.length; index++) sessions[index]!.send(stanza);
}

/** What is known of a stanza that is rescued. */
export interface Rescue {
  /** The message went to all clients of the account: those that are there have it. */
  readonly shared?: boolean;
  /** There are more than a client may be given at once: what is for another client is handed out to it in its time. */
  readonly many?: boolean;
}

/**
 * A stanza that its session could not take any more: a message goes to the account's other clients, or is kept for
 * later, however much is kept already; a request is refused; the rest meant that session alone. What arrived once is not
 * handled as arriving again.
 */
export async function rescue(
  host: Pick<Host, "fire" | "server" | "sessions">,
  stanza: Stanza,
  { shared = false, many = false }: Rescue = {},
): Promise<void> {
  const { router } = host.server;
  if (isRequest(stanza)) return router.bounce({ stanza }, new StanzaError("service-unavailable", notConnected));
  if (!stanza.is("message") || stanza.type === "error" || stanza.type === "groupchat" || stanza.type === "headline")
    return;
  if (stanza.from.bare.equals(stanza.to.bare) && stanza.element.child(body) === undefined) return; // a copy of theirs
  const account = stanza.to.bare;
  const others = recipients(host, account);
  const again = stanza.toward(account);
  if (others.length > 0 && (shared || !many)) {
    if (!shared) for (const session of others) session.send(again);
    return;
  }
  try {
    if (await host.fire(unclaimed, { stanza: again, promised: true })) return;
  } catch (problem) {
    return router.bounce({ stanza }, problem); // its sender believed that it had come
  }
  await router.bounce({ stanza }, new StanzaError("service-unavailable", notStored));
}

async function undelivered(host: LocalHost, packet: Packet): Promise<void> {
  const stanza = packet.stanza as Message;
  if (host.sessions.of(stanza.to).length === 0 && !(await host.accounts.exists(stanza.to.local))) {
    throw new StanzaError("service-unavailable", packet.origin ? unknownPerson : undefined); // §8.5.1
  }
  if (await host.fire(unclaimed, packet)) return;
  if (stanza.type === "headline") return; // §8.5.2.2.1
  throw new StanzaError("service-unavailable", notStored);
}

const unknownPerson = {
  en: "Nobody has this address here. Check the spelling of the login.",
  fr: "Personne n'a cette adresse ici. Vérifiez l'orthographe du login.",
};
const notStored = {
  en: "This person is not connected, and the message could not be kept for later.",
  fr: "Cette personne n'est pas connectée, et le message n'a pas pu être conservé.",
};
const notConnected = {
  en: "This client is not connected any more.",
  fr: "Ce client n'est plus connecté.",
};
const notARoom = {
  en: "This is the address of a person, not of a room.",
  fr: "C'est l'adresse d'une personne, pas celle d'un salon.",
};
const nobodyHere = {
  en: "The server itself reads no messages. Write to a person or to a room.",
  fr: "Le serveur lui-même ne lit pas de messages. Écrivez à une personne ou à un salon.",
};
