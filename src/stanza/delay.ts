import type { Jid } from "#jid/jid.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { formatDateTime, parseDateTime } from "./time.ts";

/** Delayed Delivery (XEP-0203). */
export const delay: Tag = tag("urn:xmpp:delay", "delay");

/** A stamp that says when `by` first had the stanza (XEP-0203 §2). */
export function delayed(by: Jid, since: Date): Element {
  return delay({ from: by.toString(), stamp: formatDateTime(since) });
}

/** When the stanza was first sent, by its first valid stamp. */
export function delayOf(element: Element): Date | undefined {
  const stamp = element.child(delay)?.attrs.stamp;
  return stamp === undefined ? undefined : parseDateTime(stamp);
}
