import { randomUUID } from "node:crypto";
import { stanzaId } from "#features/mam/index.ts";
import { delay } from "#stanza/delay.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Message, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { deliver } from "./deliver.ts";
import { fireNow, lost, type Speaking, speaking } from "./hooks.ts";
import { occupantId } from "./occupant-id.ts";
import type { Seat } from "./occupants.ts";
import { Rates } from "./rates.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { setsSubject } from "./subject.ts";
import { user } from "./tags.ts";

/** What occupants say to all (XEP-0045 §7.4). */
export class Messages {
  readonly #service: RoomService;
  readonly #rates: Rates<Seat>;
  readonly #roomRates: Rates<Room>;

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.rate);
    this.#roomRates = new Rates(service.settings["room-rate"]);
  }

  /**
   * A message to the room goes to all in it. Everything here is synchronous.
   * @throws StanzaError `not-acceptable` to who is not there, `forbidden` to who has no voice, `policy-violation`
   */
  speak(room: Room, stanza: Message): void {
    const seat = room.seat(stanza.from);
    if (seat === undefined) throw new StanzaError("not-acceptable", notThere);
    const { host, settings } = this.#service;
    const { occupant } = seat;
    const sets = setsSubject(stanza.element);
    if (occupant.role === "visitor") throw new StanzaError("forbidden", noVoice);
    if (!this.#rates.take(seat)) throw new StanzaError("policy-violation", tooFast, { type: "wait" });
    if (!this.#roomRates.take(room)) throw new StanzaError("resource-constraint", tooBusy);
    if (stanza.element.wire().length > settings.size) throw new StanzaError("policy-violation", tooLong);
    const clean = identified(cleaned(stanza.element, room));
    const at = Date.now();
    const event: Speaking = { room, occupant, jid: seat.jid, id: 0, message: clean, subject: sets, at };
    if (fireNow(host, speaking, event)) return;
    const copyTo = Stanza.toMany("message", event.message, occupant.jid);
    const { seats } = room.occupants;
    for (let index = 0; index < seats.length; index++) {
      const each = seats[index]!;
      if (!deliver(host, copyTo(each.jid))) fireNow(host, lost, { room, seat: each });
    }
  }
}

/** Without what only the room may say (§17.3; XEP-0359 §5 rule 5): who somebody is, and when something was said in it. */
export function cleaned(element: Element, room: Room): Element {
  const own = room.jid.toString();
  const forged = (child: Element) =>
    child.is(user) ||
    child.is(occupantId) ||
    (child.is(stanzaId) && child.attrs.by === own) ||
    (child.is(delay) && child.attrs.from === own);
  if (!element.elements.some(forged)) return element;
  return element.holding(...element.children.filter((child) => typeof child === "string" || !forged(child)));
}

/** With an id of its own where it has none (§7.4). */
function identified(element: Element): Element {
  return element.attrs.id === undefined ? element.with({ id: randomUUID() }) : element;
}

export const notThere = {
  en: "You are not in this room any more. Enter it again.",
  fr: "Vous n'êtes plus dans ce salon. Entrez-y de nouveau.",
};
const noVoice = {
  en: "You may only read in this room. Ask its moderators for voice.",
  fr: "Vous ne pouvez que lire dans ce salon. Demandez la parole à ses modérateurs.",
};
export const tooFast = {
  en: "You are writing too fast. Wait a moment.",
  fr: "Vous écrivez trop vite. Attendez un instant.",
};
const tooBusy = {
  en: "Too much is being said in this room. Wait a moment.",
  fr: "Trop de messages sont envoyés dans ce salon. Attendez un instant.",
};
export const tooLong = {
  en: "This message is too long for a room.",
  fr: "Ce message est trop long pour un salon.",
};
