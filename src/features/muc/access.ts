import { timingSafeEqual } from "node:crypto";
import { StanzaError } from "#stanza/error.ts";
import { atLeast } from "./affiliations.ts";
import { type Joining, joining } from "./hooks.ts";
import type { RoomService } from "./service.ts";
import { entry, entryPassword } from "./tags.ts";

/** Clients that one person may have in a room under one nickname. */
const mostSeats = 20;
/** Admins and owners enter a full room, this many of them (XEP-0045 §7.2.9). */
const spare = 20;

/** Who may enter (XEP-0045 §7.2.5 to §7.2.10). */
export function guardEntry({ host, settings }: RoomService): void {
  host.on(joining, "check", (event) => {
    const { room, affiliation } = event;
    if (affiliation === "outcast") throw new StanzaError("forbidden", banned); // §7.2.7
    if (room.locked && affiliation !== "owner") throw new StanzaError("item-not-found", notOpen); // §7.2.10
    if (room.config.members && affiliation === "none") throw new StanzaError("registration-required", membersOnly);
    checkPassword(event);
    checkNick(event);
    checkRoom(event, room.config.occupants || settings.occupants);
  });
}

/** §7.2.5. An empty password is as none; owners know the password anyway. */
function checkPassword({ room, affiliation, stanza, again }: Joining): void {
  const { password } = room.config;
  if (password === "" || affiliation === "owner" || again) return;
  const given = stanza.element.child(entry)?.child(entryPassword)?.text ?? "";
  if (given === "") throw new StanzaError("not-authorized", passwordNeeded);
  if (!sameText(given, password)) throw new StanzaError("not-authorized", passwordWrong);
}

/** §7.2.8: neither the nickname of somebody who is there, nor one that is reserved for somebody. */
function checkNick({ room, nick, jid, again }: Joining): void {
  const present = room.occupants.named(nick.key);
  if (!again && present !== undefined) throw new StanzaError("conflict", nickTaken);
  if (present !== undefined && present.seats.length >= mostSeats)
    throw new StanzaError("resource-constraint", fullHouse);
  const owner = room.reservedBy(nick.key);
  if (owner !== undefined && !owner.jid.equals(jid.bare)) throw new StanzaError("conflict", nickReserved);
}

function checkRoom({ room, affiliation, again }: Joining, limit: number): void {
  if (again) return;
  const most = atLeast(affiliation, "admin") ? limit + spare : limit;
  if (room.occupants.size >= most) throw new StanzaError("service-unavailable", full, { type: "wait" });
}

function sameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const banned = {
  en: "You are banned from this room.",
  fr: "Vous êtes banni de ce salon.",
};
const notOpen = {
  en: "This room is being set up and is not open yet. Try again in a moment.",
  fr: "Ce salon est en cours de configuration et n'est pas encore ouvert. Réessayez dans un instant.",
};
const membersOnly = {
  en: "Only members may enter this room. Ask one of its owners to make you a member.",
  fr: "Ce salon est réservé à ses membres. Demandez à l'un de ses propriétaires de vous inscrire.",
};
const passwordNeeded = {
  en: "A password is needed to enter this room.",
  fr: "Un mot de passe est nécessaire pour entrer dans ce salon.",
};
const passwordWrong = {
  en: "This is not the password of the room.",
  fr: "Ce n'est pas le mot de passe du salon.",
};
export const nickTaken = {
  en: "Somebody in the room has this nickname. Choose another one.",
  fr: "Quelqu'un dans le salon porte ce pseudonyme. Choisissez-en un autre.",
};
export const nickReserved = {
  en: "This nickname is reserved for somebody else. Choose another one.",
  fr: "Ce pseudonyme est réservé à quelqu'un d'autre. Choisissez-en un autre.",
};
const fullHouse = {
  en: "You are in this room with too many clients already.",
  fr: "Vous êtes déjà dans ce salon avec trop de clients.",
};
const full = {
  en: "The room is full. Try again later.",
  fr: "Le salon est plein. Réessayez plus tard.",
};
