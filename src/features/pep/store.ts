import { type Database, list, type Query, sql } from "#core/database.ts";
import type { Configuration } from "./configuration.ts";

export const migrations = [
  `create table pep_node (
    account text not null,
    name text not null,
    configuration text not null,
    affiliations text not null,
    subscribers text not null,
    primary key (account, name)
  )`,
  `create table pep_item (
    account text not null,
    node text not null,
    id text not null,
    xml text not null,
    bytes integer not null,
    published integer not null,
    primary key (account, node, id)
  )`,
  "create index pep_item_order on pep_item (account, node, published)",
];

/** Whom a node treats otherwise than its access model says. */
export type Affiliation = "member" | "outcast";

/** A node of an account. */
export interface Node {
  readonly name: string;
  readonly configuration: Configuration;
  /** By bare JID. */
  readonly affiliations: Readonly<Record<string, Affiliation>>;
  /** JIDs that asked for notifications. */
  readonly subscribers: readonly string[];
}

/** An item as it is kept; `xml` is its payload, "" if it has none. */
export interface Item {
  readonly id: string;
  readonly xml: string;
  /** Milliseconds since 1970, larger for each next item of a node. */
  readonly published: number;
}

/** The last item of a node of somebody; a large one without its payload, since many are read at once. */
export interface LastItem extends Omit<Item, "xml"> {
  readonly account: string;
  readonly node: Node;
  readonly xml: string | null;
}

/** Bytes of a payload that is read together with many others. */
const large = 4096;

/** Whether an item is here with its payload. */
export function isWhole(item: Omit<Item, "xml"> & { readonly xml: string | null }): item is Item {
  return item.xml !== null;
}

interface NodeRow {
  readonly name: string;
  readonly configuration: string;
  readonly affiliations: string;
  readonly subscribers: string;
}

function toNode({ name, configuration, affiliations, subscribers }: NodeRow): Node {
  return {
    name,
    configuration: JSON.parse(configuration) as Configuration,
    affiliations: JSON.parse(affiliations) as Record<string, Affiliation>,
    subscribers: JSON.parse(subscribers) as string[],
  };
}

/** All nodes of an account, by name. */
export async function readNodes(db: Database, account: string): Promise<Map<string, Node>> {
  const rows = await db.all<NodeRow>(
    sql`select name, configuration, affiliations, subscribers from pep_node where account = ${account} order by name`,
  );
  return new Map(rows.map((row) => [row.name, toNode(row)]));
}

export function putNode(account: string, { name, configuration, affiliations, subscribers }: Node): Query {
  return sql`insert into pep_node (account, name, configuration, affiliations, subscribers)
    values (${account}, ${name}, ${JSON.stringify(configuration)}, ${JSON.stringify(affiliations)}, ${JSON.stringify(subscribers)})
    on conflict (account, name) do update set configuration = excluded.configuration,
      affiliations = excluded.affiliations, subscribers = excluded.subscribers`;
}

/** The node and all it holds. */
export function deleteNode(account: string, name: string): Query[] {
  return [deleteItems(account, name), sql`delete from pep_node where account = ${account} and name = ${name}`];
}

export function putItem(account: string, node: string, { id, xml, published }: Item): Query {
  return sql`insert into pep_item (account, node, id, xml, bytes, published)
    values (${account}, ${node}, ${id}, ${xml}, ${Buffer.byteLength(xml)}, ${published})
    on conflict (account, node, id) do update set
      xml = excluded.xml, bytes = excluded.bytes, published = excluded.published`;
}

/** Drops the oldest items of a node beyond so many. */
export function trimItems(account: string, node: string, most: number): Query {
  return sql`delete from pep_item where account = ${account} and node = ${node} and id not in (
    select id from pep_item where account = ${account} and node = ${node} order by published desc limit ${most})`;
}

/** Drops the items of a node that were published before a moment. */
export function expireItems(account: string, node: string, before: number): Query {
  return sql`delete from pep_item where account = ${account} and node = ${node} and published < ${before}`;
}

export function deleteItem(account: string, node: string, id: string): Query {
  return sql`delete from pep_item where account = ${account} and node = ${node} and id = ${id}`;
}

export function deleteItems(account: string, node: string): Query {
  return sql`delete from pep_item where account = ${account} and node = ${node}`;
}

export function deleteAccount(account: string): Query[] {
  return [sql`delete from pep_item where account = ${account}`, sql`delete from pep_node where account = ${account}`];
}

/** The ids of the items of a node that were published `since`, oldest first. */
export async function itemIds(db: Database, account: string, node: string, since: number): Promise<string[]> {
  const rows = await db.all<{ id: string }>(sql`select id from pep_item
    where account = ${account} and node = ${node} and published >= ${since} order by published`);
  return rows.map(({ id }) => id);
}

/** Some items of a node, oldest first; ids that are not there are left out. */
export function itemsById(db: Database, account: string, node: string, ids: readonly string[]): Promise<Item[]> {
  return db.all<Item>(sql`select id, xml, published from pep_item
    where account = ${account} and node = ${node} and id in ${list(ids)} order by published`);
}

/** The newest item of a node, if it was published `since`. */
export function lastItem(db: Database, account: string, node: string, since: number): Promise<Item | undefined> {
  return db.one<Item>(sql`select id, xml, published from pep_item
    where account = ${account} and node = ${node} and published >= ${since} order by published desc limit 1`);
}

/** The newest item of each of these nodes of these accounts, whether or not its time is over. */
export async function lastItems(
  db: Database,
  accounts: readonly string[],
  nodes: readonly string[],
): Promise<LastItem[]> {
  const rows = await db.all<NodeRow & Omit<LastItem, "node">>(
    sql`select n.account, n.name, n.configuration, n.affiliations, n.subscribers, i.id, i.published,
        case when i.bytes <= ${large} then i.xml end as xml
      from pep_node n join pep_item i on i.account = n.account and i.node = n.name
      where n.account in ${list(accounts)} and n.name in ${list(nodes)} and i.published = (
        select max(published) from pep_item where account = n.account and node = n.name)`,
  );
  return rows.map((row) => ({
    account: row.account,
    node: toNode(row),
    id: row.id,
    xml: row.xml,
    published: row.published,
  }));
}

/** The nodes of accounts that may name an address, as a subscriber or otherwise: none is left out. */
export function nodesNaming(
  db: Database,
  bare: string,
): Promise<{ readonly account: string; readonly name: string }[]> {
  // In JSON a backslash is two; the other characters that `like` or JSON treat in a special way stand for any one.
  const pattern = `%"${bare.replaceAll("\\", "%").replaceAll(/[^\w@.%-]/gu, "_")}%`;
  return db.all(
    sql`select account, name from pep_node where subscribers like ${pattern} or affiliations like ${pattern}`,
  );
}

/** What an account keeps: bytes of payloads, without one item that is to be replaced. */
export async function bytesBeside(db: Database, account: string, node: string, id: string): Promise<number> {
  const row = await db.one<{ bytes: number | null }>(
    sql`select sum(bytes) as bytes from pep_item where account = ${account} and not (node = ${node} and id = ${id})`,
  );
  return row?.bytes ?? 0;
}

/** The time of the newest item of an account; 0 if it has none. */
export async function lastPublished(db: Database, account: string): Promise<number> {
  const row = await db.one<{ last: number | null }>(
    sql`select max(published) as last from pep_item where account = ${account}`,
  );
  return row?.last ?? 0;
}
