import { type Database, list, type Query as Sql, sql } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import type { Archive } from "./archive.ts";
import { type Query, type Range, type Selection, unknownId } from "./query.ts";
import { matching } from "./search.ts";
import { countEntries, countQuery } from "./store.ts";

export interface StoredMessage {
  readonly id: number;
  /** As XML text. */
  readonly stanza: string;
}

export interface ArchivePage {
  /** In chronological order. */
  readonly messages: readonly StoredMessage[];
  /** Whether there is nothing beyond, in the direction of paging. */
  readonly complete: boolean;
  /** How many messages the selection has, where that was cheap to find out or was asked for. */
  readonly count: number | undefined;
  /** The position of the first one, where it is known. */
  readonly index: number | undefined;
}

/** Messages read at a time, and characters after which a page ends early: what is sent at once has a limit. */
const chunk = 50;
const mostCharacters = 2 ** 20;
/**
 * A page comes with a count up to here; beyond, a client has to ask for the count alone. Who goes on from a page has been
 * told: counting again what is on no page would cost more than the page.
 */
const quickCount = 5_000;
const quickCountAgain = 250;

const emptyPage: ArchivePage = { messages: [], complete: true, count: 0, index: undefined };

/**
 * Reads a page of an archive.
 * @throws StanzaError `item-not-found` if an id that the query names is not in the archive
 */
export async function readPage(archive: Archive, owner: number | undefined, query: Query): Promise<ArchivePage> {
  const { selection, range, named } = query;
  const peer = selection.with && (await archive.addresses.find(selection.with.bare.toString()));
  if (owner === undefined && named.length > 0) throw unknownId();
  if (owner === undefined) return emptyPage;
  const nobody = (selection.with !== undefined && peer === undefined) || selection.words?.length === 0;
  const where = conditions(owner, selection, peer);
  const [, { messages, complete }, count] = await Promise.all([
    checkIds(archive.db, owner, named),
    nobody ? nothing : readMessages(archive.db, where, bounded(selection, range)),
    nobody ? 0 : countMessages(archive.db, where, selection, range),
  ]);
  const found = range.backwards ? messages.toReversed() : messages;
  const index = range.continues || count === undefined ? undefined : range.backwards ? count - found.length : 0;
  return { messages: found, complete: range.max === 0 ? count === 0 : complete, count, index };
}

/** The first message of an archive from an id on, and the last. */
export async function readEnds(
  { db }: Pick<Archive, "db">,
  owner: number,
  from = 0,
): Promise<readonly [number, number] | undefined> {
  const [first, last] = await Promise.all([
    db.one<{ id: number }>(endsQuery(owner, from, false)),
    db.one<{ id: number }>(endsQuery(owner, from, true)),
  ]);
  return first && last ? [first.id, last.id] : undefined;
}

/** For tests of how it is executed. */
export function endsQuery(owner: number, from: number, last: boolean): Sql {
  const where = sql`owner = ${owner} and id >= ${from}`;
  return last
    ? sql`select id from archive_entry where ${where} order by id desc limit 1`
    : sql`select id from archive_entry where ${where} order by id limit 1`;
}

/** The last messages of an archive from an id on, in chronological order. */
export async function readLatest(archive: Archive, owner: Jid, from: number, most: number): Promise<StoredMessage[]> {
  await archive.writer.settle();
  const number = await archive.addresses.find(owner.toString());
  if (number === undefined) return [];
  const walk = { low: from, high: Number.MAX_SAFE_INTEGER, max: most, backwards: true };
  const { messages } = await readMessages(archive.db, sql`e.owner = ${number}`, walk);
  return messages.toReversed();
}

interface Walk {
  readonly low: number;
  readonly high: number;
  readonly max: number;
  readonly backwards: boolean;
}

interface Walked {
  /** In the direction of the walk. */
  readonly messages: readonly StoredMessage[];
  readonly complete: boolean;
}

const nothing: Walked = { messages: [], complete: true };

function bounded(selection: Selection, { low, high, max, backwards }: Range): Walk {
  return { low: Math.max(low, selection.low), high: Math.min(high, selection.high), max, backwards };
}

/** All that selects messages but their place. Exported for tests of how it is executed. */
export function conditions(owner: number, selection: Selection, peerNumber: number | undefined): Sql {
  const { with: peer, resource, ids, words } = selection;
  let where = sql`e.owner = ${owner}`;
  if (peerNumber !== undefined) where = sql`${where} and e.peer = ${peerNumber}`;
  if (peer && !peer.isBare) where = sql`${where} and e.resource = ${peer.resource}`; // §4.1.1: exactly this one
  if (resource !== undefined) where = sql`${where} and e.resource = ${resource}`;
  if (ids) where = sql`${where} and e.id in ${list(ids)}`;
  if (words) where = sql`${where} and e.id in (${matching(owner, words)})`;
  return where;
}

/** A page that got too large ends early, and is not complete. */
async function readMessages(db: Database, where: Sql, walk: Walk): Promise<Walked> {
  const found: StoredMessage[] = [];
  let { low, high } = walk;
  let characters = 0;
  while (found.length < walk.max) {
    const wanted = Math.min(chunk, walk.max - found.length);
    const rows = await db.all<StoredMessage>(pageQuery(where, { ...walk, low, high, max: wanted + 1 }));
    for (const row of rows.slice(0, wanted)) {
      if (characters > mostCharacters) return { messages: found, complete: false };
      characters += row.stanza.length;
      found.push(row);
    }
    if (rows.length <= wanted) return { messages: found, complete: true };
    const last = found.at(-1)!.id;
    if (walk.backwards) high = last - 1;
    else low = last + 1;
  }
  return { messages: found, complete: false };
}

/** For tests of how it is executed. */
export function pageQuery(where: Sql, { low, high, max, backwards }: Walk): Sql {
  const range = sql`e.id >= ${low} and e.id <= ${high}`;
  return backwards
    ? sql`select e.id as id, m.stanza as stanza from archive_entry e join archive_message m on m.id = e.id
        where ${where} and ${range} order by e.id desc limit ${max}`
    : sql`select e.id as id, m.stanza as stanza from archive_entry e join archive_message m on m.id = e.id
        where ${where} and ${range} order by e.id limit ${max}`;
}

/**
 * How many messages are selected, wherever the page is (XEP-0059 §2.7): exact, never estimated, and from the index alone.
 * Undefined for a page of more than five thousand, or for one of more than 250 that goes on from another, where XEP-0313 §4.3.2 lets us leave it out, so that a page of an archive
 * of a million is as quick as any. Who asks for the count alone gets it, in steps that let others in between.
 */
async function countMessages(
  db: Database,
  where: Sql,
  { low, high }: Selection,
  { max, continues }: Range,
): Promise<number | undefined> {
  if (max === 0) return countEntries(db, where, low, high);
  const quick = continues ? quickCountAgain : quickCount;
  const counting = countQuery(where, { after: low - 1, high, most: quick + 1 });
  const count = (await db.one<{ count: number }>(counting))?.count ?? 0;
  return count > quick ? undefined : count;
}

async function checkIds(db: Database, owner: number, named: readonly number[]): Promise<void> {
  const wanted = new Set(named);
  if (wanted.size === 0) return;
  const row = await db.one<{ count: number }>(namedQuery(owner, [...wanted]));
  if (row?.count !== wanted.size) throw unknownId();
}

/** For tests of how it is executed. */
export function namedQuery(owner: number, ids: readonly number[]): Sql {
  return sql`select count(*) as count from archive_entry where owner = ${owner} and id in ${list(ids)}`;
}
