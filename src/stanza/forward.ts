import { type Element, type Tag, tag } from "#xml/element.ts";

/** Stanza Forwarding (XEP-0297). */
export const forwarded: Tag = tag("urn:xmpp:forward:0", "forwarded");

/** A stanza wrapped for somebody else's eyes, with the stamp of its moment where one is given (XEP-0297 §3). */
export function forward(stanza: Element, stamp?: Element): Element {
  return stamp ? forwarded({}, stamp, stanza) : forwarded({}, stanza);
}
