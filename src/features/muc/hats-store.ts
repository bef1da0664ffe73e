import { type Database, type Query, sql } from "#core/database.ts";
import type { Hat } from "./hats.ts";

/** The tables of hats: those of a room, and who wears them. */
export const hatMigration = `
  create table muc_hat (
    room text not null, uri text not null, title text not null, hue text not null, lang text not null,
    primary key (room, uri));
  create table muc_hat_worn (
    room text not null, jid text not null, uri text not null, primary key (room, jid, uri));
  create index muc_hat_worn_jid on muc_hat_worn (jid)`;

/** All hats of a service's rooms, and who wears them, in the order in which they came. */
export async function readHats(db: Database, service: string) {
  const own = sql`select room from muc_room where service = ${service}`;
  const [hats, worn] = await Promise.all([
    db.all<Hat & { readonly room: string }>(
      sql`select room, uri, title, hue, lang from muc_hat where room in (${own}) order by room, title`,
    ),
    db.all<{ room: string; jid: string; uri: string }>(
      sql`select room, jid, uri from muc_hat_worn where room in (${own}) order by room, jid`,
    ),
  ]);
  return { hats, worn };
}

export function putHat(room: string, { uri, title, hue, lang }: Hat): Query {
  return sql`
    insert into muc_hat (room, uri, title, hue, lang) values (${room}, ${uri}, ${title}, ${hue}, ${lang})
    on conflict (room, uri) do update set title = excluded.title, hue = excluded.hue, lang = excluded.lang`;
}

export function deleteHat(room: string, uri: string): Query[] {
  return [
    sql`delete from muc_hat where room = ${room} and uri = ${uri}`,
    sql`delete from muc_hat_worn where room = ${room} and uri = ${uri}`,
  ];
}

export function putWorn(room: string, jid: string, uri: string): Query {
  return sql`insert into muc_hat_worn (room, jid, uri) values (${room}, ${jid}, ${uri}) on conflict do nothing`;
}

export function deleteWorn(room: string, jid: string, uri: string): Query {
  return sql`delete from muc_hat_worn where room = ${room} and jid = ${jid} and uri = ${uri}`;
}

/** All of a room. */
export function deleteHats(room: string): Query[] {
  return [sql`delete from muc_hat where room = ${room}`, sql`delete from muc_hat_worn where room = ${room}`];
}
