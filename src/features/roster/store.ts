import { type Database, list, type Query, sql } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import type { Addresses } from "./addresses.ts";
import type { Item, Subscription, SubscriptionRequest } from "./item.ts";

/** Accounts are kept as bare JIDs; times as milliseconds since the epoch; groups as a JSON list. */
export const migrations: readonly string[] = [
  `create table roster_item (
     account text not null, contact text not null, name text not null, subscription text not null,
     ask integer not null, approved integer not null, groups text not null, version integer not null,
     primary key (account, contact));
   create table roster_request (
     account text not null, contact text not null, stanza text not null, received integer not null,
     primary key (account, contact));
   create table roster_version (account text not null primary key, version integer not null, removed integer not null)`,
];

/** Everything that is kept of one account's roster. */
export interface StoredRoster {
  readonly items: Item[];
  readonly requests: SubscriptionRequest[];
  version: number;
  removed: number;
}

interface Row {
  readonly account: string;
  readonly contact: string;
  readonly kind: string;
  readonly name: string;
  readonly ask: number;
  readonly approved: number;
  readonly groups: string;
  readonly version: number;
}

/** The rosters of several accounts, in one query. An address that is no JID any more is left out. */
export async function readRosters(
  db: Database,
  accounts: readonly string[],
  addresses: Addresses,
): Promise<Map<string, StoredRoster>> {
  const result = new Map<string, StoredRoster>();
  for (const account of accounts) result.set(account, { items: [], requests: [], version: 0, removed: 0 });
  const wanted = list(accounts);
  const rows = await db.all<Row>(sql`
    select account, contact, subscription as kind, name, ask, approved, groups, version
      from roster_item where account in ${wanted}
    union all select account, contact, 'request', stanza, 0, 0, '', 0 from roster_request where account in ${wanted}
    union all select account, '', 'version', '', 0, 0, '', version from roster_version where account in ${wanted}
    union all select account, '', 'removed', '', 0, 0, '', removed from roster_version where account in ${wanted}`);
  const shared = { addresses, groups: new Map([["[]", noGroups]]) };
  for (const row of rows) {
    const roster = result.get(row.account);
    if (roster !== undefined) take(roster, row, shared);
  }
  return result;
}

const noGroups: readonly string[] = Object.freeze([]);

/** What items share in memory. */
interface Shared {
  readonly addresses: Addresses;
  /** Lists of groups by their text: most contacts are in the same few groups. */
  readonly groups: Map<string, readonly string[]>;
}

function take(roster: StoredRoster, row: Row, shared: Shared): void {
  if (row.kind === "version") roster.version = row.version;
  else if (row.kind === "removed") roster.removed = row.version;
  else {
    const contact = shared.addresses.of(row.contact);
    if (contact === undefined) return;
    if (row.kind === "request") roster.requests.push({ contact, stanza: row.name });
    else roster.items.push(toItem(contact, row, shared.groups));
  }
}

function toItem(contact: Jid, row: Row, groups: Shared["groups"]): Item {
  return {
    contact,
    name: row.name,
    groups: readGroups(row.groups, groups),
    subscription: row.kind as Subscription,
    ask: row.ask === 1,
    approved: row.approved === 1,
    version: row.version,
  };
}

function readGroups(text: string, known: Shared["groups"]): readonly string[] {
  const found = known.get(text) ?? (JSON.parse(text) as string[]);
  known.set(text, found);
  return found;
}

export function putItem(account: string, item: Item): Query {
  const { name, subscription, ask, approved, version } = item;
  const groups = JSON.stringify(item.groups);
  return sql`
    insert into roster_item (account, contact, name, subscription, ask, approved, groups, version)
    values (${account}, ${item.contact.toString()}, ${name}, ${subscription}, ${ask}, ${approved}, ${groups}, ${version})
    on conflict (account, contact) do update set name = excluded.name, subscription = excluded.subscription,
      ask = excluded.ask, approved = excluded.approved, groups = excluded.groups, version = excluded.version`;
}

export function deleteItem(account: string, contact: string): Query {
  return sql`delete from roster_item where account = ${account} and contact = ${contact}`;
}

export function putVersion(account: string, version: number, removed: number): Query {
  return sql`
    insert into roster_version (account, version, removed) values (${account}, ${version}, ${removed})
    on conflict (account) do update set version = excluded.version, removed = excluded.removed`;
}

export function putRequest(account: string, request: SubscriptionRequest, received: number): Query {
  return sql`
    insert into roster_request (account, contact, stanza, received)
    values (${account}, ${request.contact.toString()}, ${request.stanza}, ${received})
    on conflict (account, contact) do update set stanza = excluded.stanza, received = excluded.received`;
}

export function deleteRequest(account: string, contact: string): Query {
  return sql`delete from roster_request where account = ${account} and contact = ${contact}`;
}

/** Removes all that an account had. */
export function deleteRoster(account: string): Query[] {
  return [
    sql`delete from roster_item where account = ${account}`,
    sql`delete from roster_request where account = ${account}`,
    sql`delete from roster_version where account = ${account}`,
  ];
}
