import type { Jid } from "#jid/jid.ts";
import { heard, hears, type Item, type ItemChange, type Roster, type Subscription, unknown } from "./item.ts";

/** A contact that somebody has without having added it: what the institution says of it. An immutable value. */
export interface SharedContact {
  readonly contact: Jid;
  /** "" if nothing is known. */
  readonly name: string;
  /** Empty where the account does not see the contact: the contact only sees the account. */
  readonly groups: readonly string[];
  readonly subscription: Exclude<Subscription, "none">;
}

/**
 * Contacts of whole groups of people, beside those that each has added. They are never written into anybody's roster:
 * rosters are shown together with them. All is known in memory, so that nothing here waits. Addresses may be full JIDs.
 */
export interface SharedContacts {
  /** 16 hexadecimal digits that change with what an account is shown; "" as long as that is nothing. */
  version(account: Jid): string;
  /** What two accounts are to each other, seen by the first; undefined if that is nothing. */
  find(account: Jid, contact: Jid): SharedContact | undefined;
  /** The contacts that an account sees, each once. */
  visible(account: Jid): Iterable<SharedContact>;
  /** Whether an account gets the presence of a contact. */
  sees(account: Jid, contact: Jid): boolean;
  /** Those with sessions whose presence an account gets, each once. */
  present(account: Jid): Iterable<Jid>;
  /** Those with sessions who get the presence of an account, each once. */
  audience(account: Jid): Iterable<Jid>;
}

const nobody: readonly never[] = Object.freeze([]);

/** Where there are no such contacts. */
export const nothingShared: SharedContacts = Object.freeze({
  version: () => "",
  find: () => undefined,
  visible: () => nobody,
  sees: () => false,
  present: () => nobody,
  audience: () => nobody,
});

/** The version of a roster together with what is shared with its owner, as clients are told it. */
export function versionOf(own: number, shared: string): string {
  return shared === "" ? String(own) : `${own}-${shared}`;
}

/** A version that a client remembers. */
export interface KnownVersion {
  readonly own: number;
  readonly shared: string;
}

/** Reads a version; undefined if it is none of ours, or one that was given while more pushes were to follow. */
export function readVersion(ver: string | undefined): KnownVersion | undefined {
  const match = ver === undefined ? null : /^(\d{1,15})(?:-([0-9a-f]{16}))?$/.exec(ver);
  return match === null ? undefined : { own: Number(match[1]), shared: match[2] ?? "" };
}

/** A contact as its account sees it: one's own name first, all groups, either subscription. Undefined if it sees none. */
export function together(own: ItemChange | undefined, shared: SharedContact | undefined): ItemChange | undefined {
  if (shared === undefined) return own;
  if (own === undefined) return shared.subscription === "from" ? undefined : { ...unknown(shared.contact), ...shared };
  const to = heard(own) || shared.subscription !== "from";
  const from = hears(own) || shared.subscription !== "to";
  return {
    ...own,
    name: own.name === "" ? shared.name : own.name,
    groups: [...new Set([...own.groups, ...shared.groups])],
    subscription: to && from ? "both" : to ? "to" : "from",
    ask: own.ask && !to,
  };
}

/** All contacts as an account sees them. */
export function* allContacts(roster: Roster, shared: SharedContacts): Iterable<ItemChange> {
  const { account, items } = roster;
  for (const item of items.values()) yield together(item, shared.find(account, item.contact))!;
  for (const contact of shared.visible(account)) {
    if (!items.has(contact.contact.toString())) yield together(undefined, contact)!;
  }
}

/**
 * What is kept of a change that a client makes of a contact: clients send back what they see, which is partly shared.
 * That part is not the user's own.
 */
export function ownPart(
  wanted: { readonly name: string; readonly groups: readonly string[] },
  old: Item | undefined,
  shared: SharedContact | undefined,
): { readonly name: string; readonly groups: readonly string[] } {
  if (shared === undefined) return { name: wanted.name, groups: wanted.groups };
  return {
    name: wanted.name === shared.name && wanted.name !== old?.name ? "" : wanted.name,
    groups: wanted.groups.filter((group) => !shared.groups.includes(group) || old?.groups.includes(group)),
  };
}
