import { type Database, list, type Query, sql } from "#core/database.ts";

/**
 * One row per message and one per owner: a message between two accounts of this server is kept once. Both rows have the
 * same id. Addresses are numbers, so that the index of owners, which is in the order of reading, stays small.
 */
export const migrations: readonly string[] = [
  `create table archive_address (id integer primary key, jid text not null unique);
   create table archive_message (id integer primary key, stanza text not null);
   create table archive_entry (
     owner integer not null,
     id integer not null,
     peer integer not null,
     resource text,
     primary key (owner, id)) without rowid;
   create index archive_entry_peer on archive_entry (owner, peer, id);
   create table archive_preferences (
     account text primary key,
     standard text not null,
     always text not null,
     never text not null)`,
];

/** Of an entry: whose archive it is in, whom it came from or went to. Numbers where they are known, else bare JIDs. */
export interface Entry {
  readonly id: number;
  readonly owner: number | string;
  readonly peer: number | string;
  /** Of the peer. */
  readonly resource: string;
}

export function insertMessage(id: number, stanza: string): Query {
  return sql`insert into archive_message (id, stanza) values (${id}, ${stanza})`;
}

export function insertAddress(jid: string): Query {
  return sql`insert into archive_address (jid) values (${jid}) on conflict do nothing`;
}

export function insertEntry({ id, owner, peer, resource }: Entry): Query {
  const rest = resource === "" ? null : resource;
  if (typeof owner === "number" && typeof peer === "number") {
    return sql`insert into archive_entry (owner, id, peer, resource) values (${owner}, ${id}, ${peer}, ${rest})`;
  }
  return sql`insert into archive_entry (owner, id, peer, resource)
    select own.id, ${id}, other.id, ${rest} from archive_address own, archive_address other
    where ${typeof owner === "number" ? sql`own.id = ${owner}` : sql`own.jid = ${owner}`}
      and ${typeof peer === "number" ? sql`other.id = ${peer}` : sql`other.jid = ${peer}`}`;
}

export interface AddressRow {
  readonly id: number;
  readonly jid: string;
}

export function findAddresses(db: Database, jids: readonly string[]): Promise<AddressRow[]> {
  return db.all<AddressRow>(sql`select id, jid from archive_address where jid in ${list(jids)}`);
}

/** The highest id there is, 0 for none. */
export async function lastId(db: Database): Promise<number> {
  const row = await db.one<{ id: number | null }>(sql`select max(id) as id from archive_message`);
  return row?.id ?? 0;
}

/** The next owner by number whose archive holds anything. */
export async function nextOwner(db: Database, after: number): Promise<number | undefined> {
  const row = await db.one<{ owner: number }>(
    sql`select owner from archive_entry where owner > ${after} order by owner limit 1`,
  );
  return row?.owner;
}

/** What is to be forgotten: entries of an owner below an id, the oldest first, at most so many. */
export interface Forgetting {
  readonly owner: number;
  readonly below: number;
  readonly most: number;
  /** Whether there is an index of words. */
  readonly searchable: boolean;
}

/** Forgets entries, and messages that nobody else has; true once there are no more. */
export async function forgetEntries(db: Database, { owner, below, most, searchable }: Forgetting): Promise<boolean> {
  const row = await db.one<{ id: number }>(
    sql`select id from archive_entry where owner = ${owner} and id < ${below} order by id limit 1 offset ${most}`,
  );
  const end = row?.id ?? below;
  // The only other archive that a message can be in is that of the peer.
  const orphans = sql`select mine.id from archive_entry mine where mine.owner = ${owner} and mine.id < ${end}
    and not exists (select 1 from archive_entry theirs
      where theirs.owner = mine.peer and theirs.id = mine.id and theirs.owner <> mine.owner)`;
  await db.batch([
    ...(searchable ? [sql`delete from archive_text where rowid in (${orphans})`] : []),
    sql`delete from archive_message where id in (${orphans})`,
    sql`delete from archive_entry where owner = ${owner} and id < ${end}`,
  ]);
  return row === undefined;
}
