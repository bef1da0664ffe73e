import { type Database, type Query, sql } from "#core/database.ts";
import { background, type Logger } from "#core/log.ts";
import type { Affiliation } from "./affiliations.ts";
import { approvalMigration } from "./approvals.ts";
import type { Config } from "./configuration.ts";
import { grantMigration } from "./directory-groups.ts";
import { hatMigration } from "./hats-store.ts";
import type { Seat } from "./occupants.ts";
import type { Room } from "./room.ts";

/** Rooms are kept by address, of which `service` is the domain; times in milliseconds since the epoch. */
export const migrations: readonly string[] = [
  `create table muc_room (
     room text not null primary key, service text not null, config text not null, subject text not null,
     subject_by text not null, empty_since integer);
   create index muc_room_service on muc_room (service);
   create table muc_affiliation (
     room text not null, jid text not null, affiliation text not null, nick text not null, reason text not null,
     primary key (room, jid));
   create table muc_message (
     number integer primary key, room text not null, at integer not null, sender text not null, stanza text not null);
   create index muc_message_room on muc_message (room, number);
   create table muc_occupant (
     room text not null, jid text not null, nick text not null, role text not null, presence text not null,
     primary key (room, jid));
   create table muc_tombstone (
     room text not null primary key, service text not null, reason text not null, alternative text not null,
     owners text not null, at integer not null)`,
  "create table muc_vcard (room text not null primary key, xml text not null, hash text not null)",
  // What newcomers see of the past is in the archive.
  `drop table muc_message;
   alter table muc_room add column archive_from integer not null default 0`,
  hatMigration,
  grantMigration,
  approvalMigration,
  // The time of grace begins anew at a start: nobody could come back before.
  "alter table muc_room drop column empty_since",
];

export interface RoomRow {
  readonly room: string;
  readonly config: string;
  readonly subject: string;
  readonly subject_by: string;
  /** As of `Room`. */
  readonly archive_from: number;
}

export interface AffiliationRow {
  readonly room: string;
  readonly jid: string;
  readonly affiliation: Exclude<Affiliation, "none">;
  readonly nick: string;
  readonly reason: string;
}

export interface OccupantRow {
  readonly room: string;
  readonly jid: string;
  readonly nick: string;
  readonly role: string;
  readonly presence: string;
}

export interface TombstoneRow {
  readonly room: string;
  readonly reason: string;
  readonly alternative: string;
  /** Bare JIDs, separated by spaces. */
  readonly owners: string;
  readonly at: number;
}

/** Everything that is kept of a service's rooms. */
export interface StoredRooms {
  readonly rooms: readonly RoomRow[];
  readonly affiliations: readonly AffiliationRow[];
  readonly occupants: readonly OccupantRow[];
  readonly tombstones: readonly TombstoneRow[];
  /** Hashes of the pictures of rooms. */
  readonly pictures: readonly { readonly room: string; readonly hash: string }[];
}

/** The tables of rooms. What need not be on disk before an answer is gathered for a turn of the loop. */
export class RoomStore {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #service: string;
  #waiting: Query[] = [];

  constructor(db: Database, log: Logger, service: string) {
    this.#db = db;
    this.#log = log;
    this.#service = service;
  }

  async read(): Promise<StoredRooms> {
    const own = sql`select room from muc_room where service = ${this.#service}`;
    const [rooms, affiliations, occupants, tombstones, pictures] = await Promise.all([
      this.#db.all<RoomRow>(
        sql`select room, config, subject, subject_by, archive_from
          from muc_room where service = ${this.#service}`,
      ),
      this.#db.all<AffiliationRow>(
        sql`select room, jid, affiliation, nick, reason from muc_affiliation where room in (${own})`,
      ),
      this.#db.all<OccupantRow>(sql`select room, jid, nick, role, presence from muc_occupant where room in (${own})`),
      this.#db.all<TombstoneRow>(
        sql`select room, reason, alternative, owners, at from muc_tombstone where service = ${this.#service} order by at`,
      ),
      this.#db.all<{ room: string; hash: string }>(sql`select room, hash from muc_vcard where room in (${own})`),
    ]);
    return { rooms, affiliations, occupants, tombstones, pictures };
  }

  /** The vCard of a room. */
  async card(room: string): Promise<string | undefined> {
    return (await this.#db.one<{ xml: string }>(sql`select xml from muc_vcard where room = ${room}`))?.xml;
  }

  /** Writes with the rest of this turn of the loop. */
  later(...queries: Query[]): void {
    if (this.#waiting.length === 0) setImmediate(() => background(this.#log, this.#flush(), "rooms not written"));
    this.#waiting.push(...queries);
  }

  /** Who sits there, and as what: so it is after a restart, too. */
  keepSeats(room: Room, seats: readonly Seat[]): void {
    if (!room.locked) this.later(...seats.map((seat) => putOccupant(rowOf(room, seat))));
  }

  /** Writes, after what waits; resolves when it is on disk. */
  async now(...queries: Query[]): Promise<void> {
    this.#waiting.push(...queries);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const queries = this.#waiting;
    this.#waiting = [];
    if (queries.length > 0) await this.#db.batch(queries);
  }

  putRoom({ jid, archiveFrom }: Room, config: Config): Query {
    return sql`
      insert into muc_room (room, service, config, subject, subject_by, archive_from)
      values (${jid.toString()}, ${this.#service}, ${JSON.stringify(config)}, '', '', ${archiveFrom})
      on conflict (room) do update set config = excluded.config`;
  }

  putTombstone(tombstone: TombstoneRow): Query {
    const { room, reason, alternative, owners, at } = tombstone;
    return sql`
      insert into muc_tombstone (room, service, reason, alternative, owners, at)
      values (${room}, ${this.#service}, ${reason}, ${alternative}, ${owners}, ${at})
      on conflict (room) do update set reason = excluded.reason, alternative = excluded.alternative,
        owners = excluded.owners, at = excluded.at`;
  }
}

export function putSubject(room: string, subject: string, by: string): Query {
  return sql`update muc_room set subject = ${subject}, subject_by = ${by} where room = ${room}`;
}

export function putAffiliation(row: AffiliationRow): Query {
  return sql`
    insert into muc_affiliation (room, jid, affiliation, nick, reason)
    values (${row.room}, ${row.jid}, ${row.affiliation}, ${row.nick}, ${row.reason})
    on conflict (room, jid) do update set affiliation = excluded.affiliation, nick = excluded.nick,
      reason = excluded.reason`;
}

export function deleteAffiliation(room: string, jid: string): Query {
  return sql`delete from muc_affiliation where room = ${room} and jid = ${jid}`;
}

export function putCard(room: string, xml: string, hash: string): Query {
  return sql`
    insert into muc_vcard (room, xml, hash) values (${room}, ${xml}, ${hash})
    on conflict (room) do update set xml = excluded.xml, hash = excluded.hash`;
}

export function deleteCard(room: string): Query {
  return sql`delete from muc_vcard where room = ${room}`;
}

export function putOccupant(row: OccupantRow): Query {
  return sql`
    insert into muc_occupant (room, jid, nick, role, presence)
    values (${row.room}, ${row.jid}, ${row.nick}, ${row.role}, ${row.presence})
    on conflict (room, jid) do update set nick = excluded.nick, role = excluded.role, presence = excluded.presence`;
}

/** What is kept of a client in a room. */
export function rowOf(room: Room, { jid, occupant, presence }: Seat): OccupantRow {
  return {
    room: room.jid.toString(),
    jid: jid.toString(),
    nick: occupant.jid.resource,
    role: occupant.role,
    presence: presence.toString(),
  };
}

export function deleteOccupant(room: string, jid: string): Query {
  return sql`delete from muc_occupant where room = ${room} and jid = ${jid}`;
}

/** Removes all of a room but its tombstone. */
export function deleteRoom(room: string): Query[] {
  return [
    sql`delete from muc_room where room = ${room}`,
    sql`delete from muc_affiliation where room = ${room}`,
    sql`delete from muc_occupant where room = ${room}`,
    deleteCard(room),
  ];
}

export function deleteTombstone(room: string): Query {
  return sql`delete from muc_tombstone where room = ${room}`;
}
