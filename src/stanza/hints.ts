import { type Element, type Tag, tag } from "#xml/element.ts";

/** Message Processing Hints (XEP-0334). */
export const hints = "urn:xmpp:hints";
export const noPermanentStore: Tag = tag(hints, "no-permanent-store");
export const noStore: Tag = tag(hints, "no-store");
export const noCopy: Tag = tag(hints, "no-copy");
export const store: Tag = tag(hints, "store");

/** Whether its sender asks that a message be kept nowhere (XEP-0334 §4.1, §4.2). */
export function unstored(message: Element): boolean {
  return message.child(noStore) !== undefined || message.child(noPermanentStore) !== undefined;
}
