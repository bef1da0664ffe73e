import type { Role } from "./affiliations.ts";
import { remove } from "./leave.ts";
import type { Occupant } from "./occupants.ts";
import { type Actor, announceRole } from "./presences.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

/** Another role for an occupant, by whom and why. */
export interface RoleChange {
  readonly role: Role;
  readonly reason?: string | undefined;
  readonly actor?: Actor | undefined;
}

/** Gives an occupant another role and tells everybody; without one they are out (XEP-0045 §8.2 to §8.4, §9.6, §9.7). */
export function changeRole(service: RoomService, room: Room, occupant: Occupant, change: RoleChange): void {
  const { role, reason, actor } = change;
  if (role === "none") return remove(service, room, occupant, { codes: [307], reason, actor });
  if (role === occupant.role) return;
  announceRole(service.host, room, occupant, role, { reason, actor });
  service.store.keepSeats(room, occupant.seats);
}
