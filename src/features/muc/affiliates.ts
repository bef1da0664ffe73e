import type { Query } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Affiliation, type Refusal, refuseAffiliation, roleAfter } from "./affiliations.ts";
import { inviteMember } from "./invitations.ts";
import { remove } from "./leave.ts";
import { nickKey } from "./names.ts";
import type { Occupant } from "./occupants.ts";
import { type Actor, announceRole } from "./presences.ts";
import type { Room } from "./room.ts";
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
 * @throws StanzaError `forbidden`, `not-allowed`, `conflict` for the last owner or a nickname that is taken
 */
export function checkAssignments(
  { settings }: RoomService,
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
    if (affiliation === "owner") owners.add(key);
    else owners.delete(key);
    size += Number(affiliation !== "none") - Number(room.affiliated.has(key));
    if (nick) checkReservation(room, jid, nick);
  }
  if (before > 0 && owners.size === 0) throw new StanzaError("conflict", lastOwner); // §10.2, §10.4, §10.5
  if (size > settings.affiliations && size > room.affiliated.size)
    throw new StanzaError("resource-constraint", tooMany);
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
  for (const one of assignments) {
    const key = one.jid.toString();
    const affected = occupantsOf(room, one.jid);
    const before = room.affiliationOf(one.jid);
    const was = affected.map((occupant) => room.affiliationOf(occupant.account));
    if (one.affiliation === "none") room.affiliated.delete(key);
    else {
      const { affiliation, reason, jid } = one;
      room.affiliated.set(key, { jid, affiliation, nick: nickOf(room, one), reason });
    }
    for (const [index, occupant] of affected.entries()) {
      reclassify(service, room, occupant, { before: was[index]!, reason: one.reason, actor });
    }
    // §9.5: who may enter a members-only room from now on is invited.
    if (one.affiliation === "member" && before === "none" && room.config.members && affected.length === 0) {
      inviteMember(service, room, one.jid);
    }
  }
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
    if (room.destroyed) throw new StanzaError("item-not-found");
    if (!room.locked) await service.store.now(...assignmentQueries(room, assignments));
    assign(service, room, assignments, actor);
  });
}

/** Somebody is nothing to a room any more: the account is gone. A room without owners is for admins of the service. */
export async function release(service: RoomService, room: Room, jid: Jid): Promise<void> {
  const assignments = [{ jid, affiliation: "none", reason: "" } as const];
  if (!room.locked && !room.destroyed) await service.store.now(...assignmentQueries(room, assignments));
  assign(service, room, assignments, {});
}

interface Reclassification {
  readonly before: Affiliation;
  readonly reason: string;
  readonly actor: Actor;
}

function reclassify(service: RoomService, room: Room, occupant: Occupant, change: Reclassification): void {
  const { before, actor } = change;
  const reason = change.reason === "" ? undefined : change.reason;
  const after = room.affiliationOf(occupant.account);
  if (after === "outcast") return remove(service, room, occupant, { codes: [301], reason, actor }); // §9.1
  if (after === "none" && room.config.members) {
    return remove(service, room, occupant, { codes: [321], reason, actor }); // §9.4
  }
  const role = roleAfter(occupant.role, before, after, room.config.moderated);
  if (role === occupant.role && after === before) return;
  announceRole(service.host, room, occupant, role, { reason, actor });
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
const nickIsReserved = {
  en: "This nickname is reserved for somebody else.",
  fr: "Ce pseudonyme est réservé à quelqu'un d'autre.",
};
const tooMany = {
  en: "The lists of this room are full. Remove somebody from them first.",
  fr: "Les listes de ce salon sont pleines. Retirez-en d'abord quelqu'un.",
};
