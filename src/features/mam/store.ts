import { type Database, list, type Query, sql } from "#core/database.ts";

/**
 * A message between two accounts of this server is kept once, in the order of time: that is all that has to be on disk at
 * once. One that was said in a room is the room's: its peer is who said it, the resource the nickname. `archive_entry` says whose archives it is in, in the order of reading. It is derived: rows are added later, many at
 * a time, up to the id in `archive_indexed`; row by row, they would cost three times as much. Addresses are numbers, so that
 * both stay small.
 */
export const migrations: readonly string[] = [
  `create table archive_address (id integer primary key, jid text not null unique);
   create table archive_message (
     id integer primary key,
     owner integer not null,
     peer integer not null,
     resource text,
     ends integer not null,
     other_resource text,
     stanza text not null);
   create table archive_entry (
     owner integer not null,
     id integer not null,
     peer integer not null,
     resource text,
     primary key (owner, id)) without rowid;
   create index archive_entry_peer on archive_entry (owner, peer, id);
   create table archive_indexed (name text primary key, id integer not null);
   create table archive_preferences (
     account text primary key,
     standard text not null,
     always text not null,
     never text not null)`,
  // `keep` in milliseconds; null: for ever.
  "create table archive_retention (account text primary key, keep integer)",
  // With the resource, so that what was said with one is found without the entries.
  `drop index archive_entry_peer;
   create index archive_entry_peer on archive_entry (owner, peer, id, resource)`,
];

/** A message on its way to the disk. */
export interface Draft {
  readonly id: number;
  /** As XML text; "" once it is on disk, as many wait for the index after that. */
  stanza: string;
  /** What is indexed, where there is an index and a body. */
  readonly body: string | undefined;
  /** Whose archive it is in, and whom it came from or went to: bare JIDs. */
  readonly owner: string;
  readonly peer: string;
  /** Of the peer; "" for none. */
  readonly resource: string;
  /** The same message in the archive of the peer, with the resource of the owner; undefined if it is not there. */
  otherResource: string | undefined;
  /** The numbers of the addresses, once it is on disk; undefined where they were not known then. */
  numbers?: Numbered;
}

/** Addresses as numbers where they are known. */
export interface Numbered {
  readonly owner: number | undefined;
  readonly peer: number | undefined;
}

export function insertMessage({ id, stanza, ...draft }: Draft, { owner, peer }: Numbered): Query {
  const resource = draft.resource === "" ? null : draft.resource;
  const ends = draft.otherResource === undefined ? 1 : 2;
  const other = draft.otherResource || null;
  if (owner !== undefined && peer !== undefined) {
    return sql`insert into archive_message (id, owner, peer, resource, ends, other_resource, stanza)
      values (${id}, ${owner}, ${peer}, ${resource}, ${ends}, ${other}, ${stanza})`;
  }
  return sql`insert into archive_message (id, owner, peer, resource, ends, other_resource, stanza)
    select ${id}, own.id, theirs.id, ${resource}, ${ends}, ${other}, ${stanza}
    from archive_address own, archive_address theirs where own.jid = ${draft.owner} and theirs.jid = ${draft.peer}`;
}

/** The peer has it in its archive, too. */
export function addOtherEnd(id: number, otherResource: string): Query {
  return sql`update archive_message set ends = 2, other_resource = ${otherResource || null} where id = ${id}`;
}

export function insertAddress(jid: string): Query {
  return sql`insert into archive_address (jid) values (${jid}) on conflict do nothing`;
}

export interface Entry {
  readonly id: number;
  readonly owner: number;
  readonly peer: number;
  readonly resource: string;
}

export function insertEntry({ id, owner, peer, resource }: Entry): Query {
  return sql`insert into archive_entry (owner, id, peer, resource)
    values (${owner}, ${id}, ${peer}, ${resource === "" ? null : resource}) on conflict do nothing`;
}

export function markIndexed(id: number): Query {
  return sql`insert into archive_indexed (name, id) values ('entries', ${id})
    on conflict (name) do update set id = excluded.id`;
}

interface UnindexedRow {
  readonly id: number;
  readonly stanza: string;
  readonly owner: string;
  readonly peer: string;
  readonly resource: string | null;
  readonly ends: number;
  readonly other_resource: string | null;
}

/** Messages that a server which was killed has not indexed, the oldest first. */
export async function unindexed(db: Database, most: number): Promise<Omit<Draft, "body">[]> {
  const rows = await db.all<UnindexedRow>(
    sql`select m.id as id, m.stanza as stanza, own.jid as owner, theirs.jid as peer, m.resource as resource,
        m.ends as ends, m.other_resource as other_resource
      from archive_message m join archive_address own on own.id = m.owner join archive_address theirs on theirs.id = m.peer
      where m.id > coalesce((select id from archive_indexed where name = 'entries'), 0) order by m.id limit ${most}`,
  );
  return rows.map(({ resource, ends, other_resource, ...row }) => ({
    ...row,
    resource: resource ?? "",
    otherResource: ends === 2 ? (other_resource ?? "") : undefined,
  }));
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
export function nextOwner(db: Database, after: number): Promise<AddressRow | undefined> {
  return db.one<AddressRow>(
    sql`select a.id as id, a.jid as jid from archive_address a where a.id =
      (select owner from archive_entry where owner > ${after} order by owner limit 1)`,
  );
}

/** A message in the archive of an owner, as XML text. */
export async function readEntry(db: Database, owner: number, id: number): Promise<string | undefined> {
  const row = await db.one<{ stanza: string }>(
    sql`select m.stanza as stanza from archive_entry e join archive_message m on m.id = e.id
      where e.owner = ${owner} and e.id = ${id}`,
  );
  return row?.stanza;
}

export function replaceStanza(id: number, stanza: string): Query {
  return sql`update archive_message set stanza = ${stanza} where id = ${id}`;
}

/** What an archive holds; messages that somebody else has too count in full. */
export interface Usage {
  readonly messages: number;
  /** About: the average of its first and last messages stands for all. */
  readonly characters: number;
  /** Ids of the first message and the last. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** Entries that are looked at in one go, which takes about a millisecond: others want to read and write, too. */
const step = 10_000;
/** Messages at each end of an archive that are weighed. */
const weighed = 50;

/** Counts entries that are selected, a step at a time; `where` and ids as in a query of pages. */
export async function countEntries(db: Database, where: Query, low: number, high: number): Promise<number> {
  let count = 0;
  for (let after = low - 1; ; ) {
    const row = await db.one<{ count: number; last: number | null }>(countQuery(where, { after, high, most: step }));
    count += row?.count ?? 0;
    if (row?.last == null || row.count < step) return count;
    after = row.last;
  }
}

/** For tests of how it is executed: counts at most so many, and says which was the last. */
export function countQuery(
  where: Query,
  { after, high, most }: { readonly after: number; readonly high: number; readonly most: number },
): Query {
  return sql`select count(*) as count, max(id) as last from (select e.id as id from archive_entry e
    where ${where} and e.id > ${after} and e.id <= ${high} order by e.id limit ${most})`;
}

/** The lowest id of the newest `most` entries of an owner, however many there are: reads the index, a step at a time. */
export async function lowestOfNewest(db: Database, owner: number, most: number): Promise<number> {
  let high = Number.MAX_SAFE_INTEGER;
  for (let left = most; left > 0; left -= step) {
    const row = await db.one<{ id: number }>(nthNewestQuery(owner, high, Math.min(left, step)));
    if (row === undefined) return 0;
    high = row.id;
  }
  return high;
}

/** For tests of how it is executed: the nth entry below `high`, from the newest. */
export function nthNewestQuery(owner: number, high: number, nth: number): Query {
  return sql`select id from archive_entry where owner = ${owner} and id < ${high}
    order by id desc limit 1 offset ${nth - 1}`;
}

interface Weight {
  readonly messages: number;
  readonly characters: number | null;
  readonly first: number | null;
  readonly last: number | null;
}

export async function readUsage(db: Database, owner: number): Promise<Usage> {
  const ends = [sql`order by e.id`, sql`order by e.id desc`].map((order) =>
    db.one<Weight>(
      sql`select count(*) as messages, sum(length(stanza)) as characters, min(id) as first, max(id) as last from
        (select e.id as id, m.stanza as stanza from archive_entry e join archive_message m on m.id = e.id
          where e.owner = ${owner} ${order} limit ${weighed})`,
    ),
  );
  const [messages, oldest, newest] = await Promise.all([
    countEntries(db, sql`e.owner = ${owner}`, 0, Number.MAX_SAFE_INTEGER),
    ...ends,
  ]);
  const samples = (oldest?.messages ?? 0) + (newest?.messages ?? 0);
  const characters = (oldest?.characters ?? 0) + (newest?.characters ?? 0);
  return {
    messages,
    characters: samples === 0 ? 0 : Math.round((characters / samples) * messages),
    first: oldest?.first ?? undefined,
    last: newest?.last ?? undefined,
  };
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

/** Up to which id messages are in the index. */
export async function indexedTo(db: Database): Promise<number> {
  return (await db.one<{ id: number }>(sql`select id from archive_indexed where name = 'entries'`))?.id ?? 0;
}

/** The next addresses by number. */
export function addressesAfter(db: Database, after: number, most: number): Promise<AddressRow[]> {
  return db.all<AddressRow>(sql`select id, jid from archive_address where id > ${after} order by id limit ${most}`);
}

/** The numbers of all that an owner has messages of or to: one look into the index for each. */
export async function peersOf(db: Database, owner: number): Promise<number[]> {
  const rows = await db.all<{ peer: number }>(
    sql`with recursive peers (peer) as (
        select min(peer) from archive_entry where owner = ${owner}
        union all
        select (select min(e.peer) from archive_entry e where e.owner = ${owner} and e.peer > peers.peer) from peers
        where peers.peer is not null)
      select peer from peers where peer is not null`,
  );
  return rows.map(({ peer }) => peer);
}

/** Of addresses that nobody has in the index, those that no message after `indexed` has either. */
export function deleteAddresses(addresses: readonly AddressRow[], indexed: number): Query {
  return sql`delete from archive_address where id in ${list(addresses.map(({ id }) => id))}
    and id not in (select owner from archive_message where id > ${indexed})
    and id not in (select peer from archive_message where id > ${indexed})`;
}

/** Messages of all archives; what two of them have is one. */
export async function countMessages(db: Database): Promise<number> {
  return (await db.one<{ count: number }>(sql`select count(*) as count from archive_message`))?.count ?? 0;
}
