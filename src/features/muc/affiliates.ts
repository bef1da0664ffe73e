import type { Query } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Element } from "#xml/element.ts";
import { tellAbsent, tellListed } from "./affiliation-news.ts";
import { type Affiliation, type Refusal, refuseAffiliation, roleAfter } from "./affiliations.ts";
import { inviteMember } from "./invitations.ts";
import { remove } from "./leave.ts";
import { nickKey } from "./names.ts";
import type { Occupant } from "./occupants.ts";
import { type Actor, announceRole } from "./presences.ts";
import type { Affiliated, Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { deleteAffiliation, putAffiliation } from "./store.ts";

/** What somebody is to become to a room. */
export interface Assignment {
  /** A bare JID, or a domain that is banned. */
  readonly jid: Jid;
  readonly affiliation: Affiliation;
  /** The nickname to reserve; "" for none any more, undefined for the one there is. */
  readonly nick?: string | undefined;
  readonly reason: string;
}

/** By whom, and whether the room's members-only rule is about to be another. */
export interface By {
  readonly jid: Jid;
  readonly actor: Actor;
}

/**
 * Checks all changes before any is made (XEP-0045 §9.2: all or none).
 * @throws StanzaError `forbidden`, `not-allowed`, `conflict` for the last owner or a nickname that is taken,
 *   `policy-violation`
 */
export function checkAssignments(
  { settings, assigning }: RoomService,
  room: Room,
  assignments: readonly Assignment[],
  by: Jid,
): void {
  const actor = room.affiliationOf(by);
  const owners = new Set(room.listOf("owner").map(({ jid }) => jid.toString()));
  const before = owners.size;
  let size = room.affiliated.size;
  for (const { jid, affiliation, nick } of assignments) {
    const key = jid.toString();
    const own = jid.equals(by.bare);
    throwRefusal(refuseAffiliation(actor, { from: room.affiliationOf(jid), to: affiliation, own }));
    if (room.keptIf(key, affiliation) !== affiliation) throw new StanzaError("not-allowed", fromDirectory);
    if (affiliation === "owner") owners.add(key);
    else owners.delete(key);
    size += Number(affiliation !== "none") - Number(room.affiliated.has(key));
    if (nick) checkReservation(room, jid, nick);
  }
  if (before > 0 && owners.size === 0) throw new StanzaError("conflict", lastOwner); // §10.2, §10.4, §10.5
  if (size > settings.affiliations && size > room.affiliated.size)
    throw new StanzaError("resource-constraint", tooMany);
  const others = assignments.map(({ jid }) => jid);
  if (!assigning.take(by.bare, others)) throw new StanzaError("policy-violation", tooOften, { type: "wait" });
}

/** @throws StanzaError `conflict` if a nickname is reserved for somebody else */
export function checkReservation(room: Room, jid: Jid, nick: string): void {
  const other = room.reservedBy(nickKey(nick));
  if (other !== undefined && !other.jid.equals(jid)) throw new StanzaError("conflict", nickIsReserved);
}

/** What makes them last. */
export function assignmentQueries(room: Room, assignments: readonly Assignment[]): Query[] {
  const key = room.jid.toString();
  return assignments.map((one) => {
    const jid = one.jid.toString();
    if (one.affiliation === "none") return deleteAffiliation(key, jid);
    return putAffiliation({
      room: key,
      jid,
      affiliation: one.affiliation,
      nick: nickOf(room, one),
      reason: one.reason,
    });
  });
}

/** Makes them so: those who are in the room change or go, and all are told (§9, §10). */
export function assign(service: RoomService, room: Room, assignments: readonly Assignment[], actor: Actor): void {
  const absent = assignments.filter(({ jid }) => occupantsOf(room, jid).length === 0);
  const present = assignments.filter((one) => !absent.includes(one));
  changeAbsent(service, room, absent);
  for (const one of present) {
    // Somebody may have left by what was done before.
    changeOf(service, room, one.jid, { reason: one.reason, actor, apply: () => put(room, one) });
  }
}

/** Of people who are not in the room. */
function changeAbsent(service: RoomService, room: Room, assignments: readonly Assignment[]): void {
  const since = room.versions.current;
  const changes = assignments.map((one) => {
    const before = room.affiliationOf(one.jid);
    put(room, one);
    return { jid: one.jid, before, after: room.affiliationOf(one.jid) };
  });
  const changed = changes.filter(({ before, after }) => before !== after);
  if (changed.length > 0) tellListed(service, room, changed, since);
  for (const { jid, before, after } of changed) {
    // §9.5: who may enter a members-only room from now on is invited.
    if (after === "member" && before === "none" && room.config.members) inviteMember(service, room, jid);
    else tellAbsent(service, room, jid, after);
  }
}

/** Of somebody who is in the room, or of a domain. */
function changeOf(service: RoomService, room: Room, jid: Jid, change: Change): void {
  const affected = occupantsOf(room, jid);
  const was = affected.map((occupant) => room.affiliationOf(occupant.account));
  const since = room.versions.current;
  change.apply();
  const version = room.versions.from(since);
  for (const [index, occupant] of affected.entries()) {
    reclassify(service, room, occupant, { ...change, before: was[index]!, version });
  }
}

/** What the directory says of people has changed (it is not kept in the room): all are told as of any change. */
export function regrant(service: RoomService, room: Room, people: ReadonlyMap<string, Affiliated>): void {
  const keys = new Map([...room.granted, ...people]);
  const next = new Map(room.granted);
  const since = room.versions.current;
  const here: (readonly [string, Jid])[] = [];
  for (const [key, { jid }] of keys) {
    if (people.get(key)?.affiliation === next.get(key)?.affiliation) continue;
    if (occupantsOf(room, jid).length > 0) here.push([key, jid]);
    else move(key);
  }
  const changes = room.grant(new Map(next)).map(({ jid, before }) => ({ jid, before, after: room.affiliationOf(jid) }));
  tellListed(service, room, changes, since);
  for (const [key, jid] of here) {
    move(key);
    changeOf(service, room, jid, { reason: "", actor: {}, apply: () => room.grant(new Map(next)) });
  }

  function move(key: string): void {
    const granted = people.get(key);
    if (granted === undefined) next.delete(key);
    else next.set(key, granted);
  }
}

function put(room: Room, one: Assignment): void {
  const { jid, affiliation, reason } = one;
  if (affiliation === "none") room.disaffiliate(jid.toString());
  else room.affiliate({ jid, affiliation, nick: nickOf(room, one), reason });
}

/** Makes changes of affiliations that somebody asks for, in turn with others, on disk before anybody is told. */
export function reassign(
  service: RoomService,
  room: Room,
  assignments: readonly Assignment[],
  { jid, actor }: By,
): Promise<void> {
  return room.change(async () => {
    checkAssignments(service, room, assignments, jid);
    await settle(service, room, assignments, actor);
  });
}

/** Makes changes that may be made, on disk before anybody is told. @throws StanzaError `item-not-found` if the room is gone */
export async function settle(
  service: RoomService,
  room: Room,
  assignments: readonly Assignment[],
  actor: Actor = {},
): Promise<void> {
  if (room.destroyed) throw new StanzaError("item-not-found");
  if (!room.locked) await service.store.now(...assignmentQueries(room, assignments));
  assign(service, room, assignments, actor);
}

/** Somebody is nothing to a room any more: the account is gone. A room without owners is for admins of the service. */
export async function release(service: RoomService, room: Room, jid: Jid): Promise<void> {
  const assignments = [{ jid, affiliation: "none", reason: "" } as const];
  if (!room.destroyed) await settle(service, room, assignments);
}

interface Change {
  readonly reason: string;
  readonly actor: Actor;
  readonly apply: () => void;
}

interface Reclassification extends Omit<Change, "apply"> {
  readonly before: Affiliation;
  readonly version: Element | undefined;
}

function reclassify(service: RoomService, room: Room, occupant: Occupant, change: Reclassification): void {
  const { before, actor, version } = change;
  const reason = change.reason === "" ? undefined : change.reason;
  const after = room.affiliationOf(occupant.account);
  if (after === "outcast") return remove(service, room, occupant, { codes: [301], reason, actor, version }); // §9.1
  if (after === "none" && room.config.members) {
    return remove(service, room, occupant, { codes: [321], reason, actor, version }); // §9.4
  }
  const role = roleAfter(occupant.role, before, after, room.config.moderated);
  if (role === occupant.role && after === before) return;
  announceRole(service.host, room, occupant, role, { reason, actor, version });
  service.store.keepSeats(room, occupant.seats);
}

function occupantsOf(room: Room, jid: Jid): Occupant[] {
  if (!jid.isDomain) return room.occupants.of(jid);
  return [...room.occupants.all()].filter(({ account }) => account.domain === jid.domain);
}

function nickOf(room: Room, { jid, affiliation, nick }: Assignment): string {
  if (affiliation === "outcast") return ""; // §9.1: the banned have no reserved nickname
  return nick ?? room.affiliated.get(jid.toString())?.nick ?? "";
}

export function throwRefusal(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new StanzaError(refusal.condition, refusal.text);
}

const lastOwner = {
  en: "A room needs an owner. Make somebody else an owner first.",
  fr: "Un salon doit avoir un propriétaire. Nommez-en d'abord un autre.",
};
const tooOften = {
  en: "You are changing the lists of rooms too often. Wait a moment.",
  fr: "Vous modifiez trop souvent les listes des salons. Attendez un instant.",
};
const fromDirectory = {
  en: "The rights of this person in the room come from the directory and cannot be changed here.",
  fr: "Les droits de cette personne dans le salon viennent de l'annuaire et ne se changent pas ici.",
};
const nickIsReserved = {
  en: "This nickname is reserved for somebody else.",
  fr: "Ce pseudonyme est réservé à quelqu'un d'autre.",
};
const tooMany = {
  en: "The lists of this room are full. Remove somebody from them first.",
  fr: "Les listes de ce salon sont pleines. Retirez-en d'abord quelqu'un.",
};
