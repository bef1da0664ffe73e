import type { Feature } from "#core/feature.ts";
import { arriving, type Packet, sending } from "#core/packet.ts";
import { Jid, JidError } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { type Archive, stanzaId } from "./archive.ts";
import { mam } from "./mam.ts";

/** Unique and Stable Stanza IDs (XEP-0359): an id of a message that says it is from an account here, is; forged ones go. */
// Listed after carbons: their copies of what was sent have the id of the sender's archive, the message itself has not.
export const stanzaIds: Feature = {
  name: "stanza-ids",
  xeps: [{ number: 359, version: "0.7.0" }],
  setup(host) {
    const { archive, recording } = host.use(mam);
    const { hosts } = host.server.router;
    const isOurs = (domain: string) => hosts.has(domain);
    const isOwn = (domain: string) => domain === host.domain;
    host.offer(stanzaId.ns);
    host.offer(stanzaId.ns, "account");
    host.on(sending, "amend", (packet) => removeForged(packet, archive, isOurs));
    // What comes from a room here has the room's own.
    host.on(arriving, "amend", (packet) => removeForged(packet, archive, isOwn));
    if (recording !== undefined) host.on(sending, "copy", (packet) => recording.unmark(packet));
  },
};

/** XEP-0359 §3, rules 2 and 3: those that seem to be ours; others stay. */
function removeForged(packet: Packet, archive: Archive, claims: (domain: string) => boolean): void {
  const { stanza } = packet;
  if (stanza.kind !== "message" || stanza.element.child(stanzaId) === undefined) return;
  const forged = (child: Element) =>
    child.is(stanzaId) && !archive.isGenuine(child) && claims(domainOf(child.attrs.by ?? ""));
  if (!stanza.element.elements.some(forged)) return;
  packet.stanza = stanza.map((element) =>
    element.holding(...element.children.filter((child) => typeof child === "string" || !forged(child))),
  );
}

function domainOf(address: string): string {
  try {
    return Jid.parse(address).domain;
  } catch (problem) {
    if (problem instanceof JidError) return "";
    throw problem;
  }
}
