import type { Host } from "#core/host.ts";
import { presenting } from "#core/packet.ts";
import { delivering, type Fact, fact, type Session } from "#core/session.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import type { Bridge } from "./bridge.ts";
import { fileProfile } from "./tags.ts";

const capabilities = tag("http://jabber.org/protocol/caps", "c");

/** What libpurple calls itself: Pidgin, Finch, Adium. */
const libpurple = "http://pidgin.im/";
const calls = "urn:xmpp:jingle:apps:rtp:audio";

/** Whether a client offers files by Stream Initiation only, and not at all where it reads that the other one has none. */
const strict: Fact<boolean> = fact("offers-files-by-si", false);

export function isStrict(session: Session): boolean {
  return session.get(strict);
}

/**
 * Lets libpurple offer files to everybody. It offers none where the presence announces a client that takes none (XEP-0115),
 * and asks that client before the first file where the presence announces nothing. So an announcement that is known to
 * have neither files nor calls is left out for libpurple; when it asks, the bridge answers.
 */
export function letOldClientsAsk(host: Host, bridge: Bridge): void {
  host.on(presenting, "amend", ({ stanza, origin }) => {
    const node = stanza.element.child(capabilities)?.attrs.node;
    if (node !== undefined) origin.set(strict, node === libpurple);
  });
  host.on(delivering, "amend", (packet) => {
    const { stanza, session } = packet;
    if (stanza.kind !== "presence" || stanza.type !== "" || !session.get(strict)) return;
    const features = featuresIn(host, bridge, stanza);
    if (features === undefined || features.has(fileProfile) || features.has(calls) || !bridge.leads(session)) return;
    packet.stanza = stanza.map((element) => element.without(capabilities));
  });
}

function featuresIn({ server }: Host, bridge: Bridge, { from, element }: Stanza): ReadonlySet<string> | undefined {
  const capabilitiesThere = bridge.capabilitiesAt(from.domain);
  const sender = server.router.hosts.get(from.domain)?.sessions.find(from);
  return capabilitiesThere?.announcedIn(element) ?? (sender && capabilitiesThere?.featuresOf(sender));
}
