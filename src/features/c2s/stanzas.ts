import type { LocalHost } from "#core/local-host.ts";
import { presenting } from "#core/packet.ts";
import type { LocalSession } from "#core/session.ts";
import { escapeLocal } from "#jid/escaping.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { checkShape, type Kind, type Presence, Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { Element } from "#xml/element.ts";

/** A stanza of a client: stamped with its address, checked, and sent on its way (RFC 6120 §8.1.2, §8.1.1). */
export function receive(session: LocalSession, host: LocalHost, element: Element, kind: Kind): void | Promise<void> {
  const { from, to: text } = element.attrs;
  if (from !== undefined && !isOwn(from, session.jid)) {
    throw new StreamError("invalid-from", "A client speaks for itself only"); // §8.1.2.1
  }
  const { router } = host.server;
  if (text === undefined || text === "") {
    const stanza = Stanza.of(kind, element, session.jid, session.jid.bare);
    if (stanza.is("presence")) return present(host, session, stanza);
    return send(host, session, stanza); // §10.3: without `to`, to one's own account
  }
  const addressee = Jid.tryParse(text);
  if (addressee === undefined) return malformed(session, host, element, kind);
  const stanza = Stanza.of(kind, element, session.jid, host.server.faces.canonical(addressee));
  if (kind === "message") return router.send({ stanza, origin: session });
  return send(host, session, stanza);
}

function send(host: LocalHost, origin: LocalSession, stanza: Stanza): void | Promise<void> {
  const packet = { stanza, origin };
  try {
    checkShape(stanza);
  } catch (problem) {
    return host.server.router.bounce(packet, problem);
  }
  return host.server.router.send(packet);
}

/** Presence without `to` is for the server: it tells those who are subscribed (RFC 6121 §4.2). */
function present(host: LocalHost, origin: LocalSession, stanza: Presence): void | Promise<void> {
  const { router } = host.server;
  const event = { stanza, origin };
  try {
    checkShape(stanza);
    const outcome = host.fire(presenting, event);
    if (outcome instanceof Promise)
      return outcome.then(
        () => {},
        (problem) => router.bounce(event, problem),
      );
  } catch (problem) {
    return router.bounce(event, problem);
  }
}

function isOwn(from: string, jid: Jid): boolean {
  if (from === jid.toString() || from === jid.bare.toString()) return true;
  try {
    const claimed = Jid.parse(from);
    return claimed.equals(jid) || claimed.equals(jid.bare);
  } catch {
    return false;
  }
}

/** RFC 6120 §8.3.3.8: the error names the address as it was written. */
function malformed(session: LocalSession, host: LocalHost, element: Element, kind: Kind): void {
  const stanza = Stanza.of(kind, element, session.jid, host.jid);
  if (stanza.type === "error" || stanza.type === "result") return;
  const spelt = element.attrs.to === undefined ? undefined : escapedRoom(host, element.attrs.to);
  const words = spelt === undefined ? badAddress : writeInstead(spelt);
  session.connection.deliver(stanza.error(new StanzaError("jid-malformed", words), session.lang));
}

/** How the name of a room of ours that holds spaces or the like is written as an address (XEP-0106 §4). */
function escapedRoom(host: LocalHost, text: string): string | undefined {
  const slash = text.indexOf("/", text.lastIndexOf("@") + 1);
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.lastIndexOf("@");
  if (at <= 0 || bare.length > mostEscaped) return undefined;
  const room = Jid.tryParse(`${escapeLocal(bare.slice(0, at).trim())}@${bare.slice(at + 1)}`);
  if (room === undefined) return undefined;
  const { faces, router } = host.server;
  return router.hosts.get(faces.canonical(room).domain)?.where === "service" ? room.toString() : undefined;
}

/** The longest text that is looked at; an address has at most 1 023 bytes before the slash. */
const mostEscaped = 1_023;

function writeInstead(address: string) {
  return {
    en: `An address cannot hold these characters. Write ${address} instead: the name is shown as you meant it.`,
    fr: `Une adresse ne peut pas contenir ces caractères. Écrivez plutôt ${address} : le nom s'affichera comme vous le vouliez.`,
  };
}

const badAddress = {
  en: "This is not a valid address. An address looks like login@domain.",
  fr: "Cette adresse n'est pas valide. Une adresse a la forme login@domaine.",
};
