import type { Jid } from "#jid/jid.ts";
import { message, Stanza } from "#stanza/stanza.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { invite, user, userPassword } from "./tags.ts";

/** A new member of a members-only room is invited by the room itself (XEP-0045 §9.5). */
export function inviteMember({ host }: RoomService, room: Room, to: Jid): void {
  const { password } = room.config;
  const content = user(
    {},
    invite({ from: room.jid.toString() }),
    ...(password === "" ? [] : [userPassword({}, password)]),
  );
  host.send(Stanza.of("message", message({}, content), room.jid, to));
}
