import { type Element, type Tag, tag } from "#xml/element.ts";

/** The namespaces of XEP-0045 §16.1. */
export const muc = "http://jabber.org/protocol/muc";
export const mucUser = "http://jabber.org/protocol/muc#user";
export const mucAdmin = "http://jabber.org/protocol/muc#admin";
export const mucOwner = "http://jabber.org/protocol/muc#owner";

/** What a client sends to enter a room (§19.1). */
export const entry: Tag = tag(muc, "x");
export const entryPassword: Tag = tag(muc, "password");
export const entryHistory: Tag = tag(muc, "history");

/** What a room says to people (§19.2). */
export const user: Tag = tag(mucUser, "x");
export const userItem: Tag = tag(mucUser, "item");
export const userActor: Tag = tag(mucUser, "actor");
export const userReason: Tag = tag(mucUser, "reason");
export const userDestroy: Tag = tag(mucUser, "destroy");
export const userPassword: Tag = tag(mucUser, "password");
export const invite: Tag = tag(mucUser, "invite");
export const decline: Tag = tag(mucUser, "decline");
export const continuation: Tag = tag(mucUser, "continue");
const statusTag = tag(mucUser, "status");

/** What moderators and admins ask (§19.3). */
export const adminQuery: Tag = tag(mucAdmin, "query");
export const adminItem: Tag = tag(mucAdmin, "item");
export const adminReason: Tag = tag(mucAdmin, "reason");

/** What owners ask (§19.4). */
export const ownerQuery: Tag = tag(mucOwner, "query");
export const ownerDestroy: Tag = tag(mucOwner, "destroy");
export const ownerReason: Tag = tag(mucOwner, "reason");
export const ownerPassword: Tag = tag(mucOwner, "password");

/** Retraction of messages (XEP-0424); what is left of one. */
export const retraction = "urn:xmpp:message-retract:1";
export const retracted: Tag = tag(retraction, "retracted");

/** A status code of §16.6.2. */
export function status(code: number): Element {
  return statusTag({ code: code.toString() });
}
