import type { Jid } from "#jid/jid.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

/** The payload of roster stanzas (RFC 6121 §2.1.1). */
export const query: Tag = tag("jabber:iq:roster", "query");
const itemTag = tag("jabber:iq:roster", "item");
const groupTag = tag("jabber:iq:roster", "group");

/** Who gets whose presence (RFC 6121 §2.1.2.5): `to`: the user the contact's, `from`: the contact the user's. */
export type Subscription = "none" | "to" | "from" | "both";

/** A contact in somebody's roster (RFC 6121 §2.1.2): an immutable value. */
export interface Item {
  readonly contact: Jid;
  /** What the user calls the contact; "" if nothing. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly subscription: Subscription;
  /** The user asked for the contact's presence, and has no answer yet (§2.1.2.2). */
  readonly ask: boolean;
  /** The user allowed the contact in advance to subscribe (§2.1.2.1, §3.4). */
  readonly approved: boolean;
  /** The version of the roster that came with the last change of this item. */
  readonly version: number;
}

/** What may be changed of an item; the version is given to it when it is kept. */
export type ItemChange = Omit<Item, "version">;

/** A request of a contact that the user has not answered yet (RFC 6121 §3.1.3); no part of what clients see as roster. */
export interface SubscriptionRequest {
  readonly contact: Jid;
  /** The whole stanza as XML: it is shown again each time the user comes. */
  readonly stanza: string;
}

/** Somebody's contacts, as kept in memory. Read it at once, or ask again: it changes. */
export interface Roster {
  readonly account: Jid;
  /** By the contact's address. */
  readonly items: ReadonlyMap<string, Item>;
  /** By the contact's address. */
  readonly requests: ReadonlyMap<string, SubscriptionRequest>;
  /** 0 as long as nothing was ever in it. */
  readonly version: number;
  /** The version at which an item was removed last; 0 if that was never. */
  readonly removed: number;
}

const noGroups: readonly string[] = Object.freeze([]);

/** What a contact is before anything is known: an item that is not kept yet. */
export function unknown(contact: Jid): ItemChange {
  return { contact, name: "", groups: noGroups, subscription: "none", ask: false, approved: false };
}

/** Whether the contact may see the user's presence. */
export function hears(item: ItemChange | undefined): boolean {
  return item !== undefined && (item.subscription === "from" || item.subscription === "both");
}

/** Whether the user gets the contact's presence. */
export function heard(item: ItemChange | undefined): boolean {
  return item !== undefined && (item.subscription === "to" || item.subscription === "both");
}

/** An item as clients see it. */
export function describe(item: ItemChange): Element {
  const attributes = {
    jid: item.contact.toString(),
    name: item.name === "" ? undefined : item.name,
    subscription: item.subscription,
    ask: item.ask ? "subscribe" : undefined,
    approved: item.approved ? "true" : undefined,
  };
  return itemTag(attributes, ...item.groups.map((group) => groupTag({}, group)));
}

/** What is said of a contact that is gone (RFC 6121 §2.5.2). */
export function describeRemoved(contact: Jid): Element {
  return itemTag({ jid: contact.toString(), subscription: "remove" });
}

/** The element names that a roster set is read by. */
export const tags = { item: itemTag, group: groupTag } as const;
