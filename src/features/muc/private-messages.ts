import { StanzaError } from "#stanza/error.ts";
import { type Message, Stanza } from "#stanza/stanza.ts";
import { deliver } from "./deliver.ts";
import { nickKey } from "./names.ts";
import { occupantId } from "./occupant-id.ts";
import type { Occupant } from "./occupants.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { user } from "./tags.ts";

/**
 * A private message to an occupant goes to all of their clients (XEP-0045 §7.5).
 * @throws StanzaError `bad-request` for a groupchat, `not-acceptable` to who is not there, `item-not-found`, `forbidden`
 */
export function whisper({ host, settings, ids }: RoomService, room: Room, stanza: Message): void {
  if (stanza.type === "groupchat") throw new StanzaError("bad-request", toOne);
  const seat = room.seat(stanza.from);
  if (seat === undefined) throw new StanzaError("not-acceptable", notThere); // §17.2 rule 2 says forbidden, §7.5 this
  const target = room.occupants.named(nickKey(stanza.to.resource));
  if (target === undefined) throw new StanzaError("item-not-found", nobody);
  checkPolicy(room, seat.occupant, target);
  const { element } = stanza;
  if (element.wire().length > settings.size) throw new StanzaError("policy-violation", tooLong);
  // Only the room says who somebody is; the mark that it is a private message is set anew.
  const marked = element.without(user).without(occupantId).append(user(), ids.of(room, seat.occupant));
  for (const { jid } of target.seats) host.send(Stanza.of("message", marked, seat.occupant.jid, jid));
}

/** An error goes back to who sent the private message that it answers. */
export function passError({ host, rooms }: RoomService, stanza: Message): void {
  const room = rooms.get(stanza.to);
  const seat = room?.seat(stanza.from);
  const target = room?.occupants.named(nickKey(stanza.to.resource));
  if (seat === undefined || target === undefined) return;
  for (const { jid } of target.seats) {
    deliver(host, Stanza.of("message", stanza.element.without(user), seat.occupant.jid, jid));
  }
}

/** `muc#roomconfig_allowpm`; moderators can always be written to, and write. */
function checkPolicy(room: Room, from: Occupant, to: Occupant): void {
  const { privacy } = room.config;
  if (from.role === "moderator" && privacy !== "none") return;
  const allowed = privacy === "anyone" || (privacy === "participants" && from.role === "participant");
  if (!allowed && !(privacy !== "none" && to.role === "moderator")) throw new StanzaError("forbidden", notHere);
}

const toOne = {
  en: "A message to the whole room goes to the address of the room.",
  fr: "Un message à tout le salon s'envoie à l'adresse du salon.",
};
const notThere = {
  en: "You are not in this room any more. Enter it again.",
  fr: "Vous n'êtes plus dans ce salon. Entrez-y de nouveau.",
};
const nobody = {
  en: "Nobody in the room has this nickname.",
  fr: "Personne dans le salon ne porte ce pseudonyme.",
};
const notHere = {
  en: "You may not send private messages in this room.",
  fr: "Vous ne pouvez pas envoyer de messages privés dans ce salon.",
};
const tooLong = {
  en: "This message is too long for a room.",
  fr: "Ce message est trop long pour un salon.",
};
