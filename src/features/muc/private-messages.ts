import { StanzaError } from "#stanza/error.ts";
import { type Message, Stanza } from "#stanza/stanza.ts";
import { detach } from "#xml/bytes.ts";
import { deliver } from "./deliver.ts";
import { cleaned, notThere, tooFast, tooLong } from "./messages.ts";
import { nickKey } from "./names.ts";
import type { Occupant, Seat } from "./occupants.ts";
import { Rates } from "./rates.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { user } from "./tags.ts";

/** Private messages to one client that an error may still answer. */
const mostOpen = 100;

/** What occupants say to one another (XEP-0045 §7.5). */
export class PrivateMessages {
  readonly #service: RoomService;
  readonly #rates: Rates<Seat>;
  /** Of each client those that it got last, by who wrote them and their ids. */
  readonly #open = new WeakMap<Seat, Set<string>>();

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.rate);
  }

  /**
   * A private message to an occupant goes to all of their clients.
   * @throws StanzaError `not-acceptable` to who is not there, `item-not-found`, `bad-request` for a groupchat, `forbidden`,
   *   `policy-violation`
   */
  whisper(room: Room, stanza: Message): void {
    const { host, settings, ids } = this.#service;
    if (stanza.type === "groupchat") throw new StanzaError("bad-request", toOne);
    const seat = room.seat(stanza.from);
    if (seat === undefined) throw new StanzaError("not-acceptable", notThere); // §17.2 rule 2 says forbidden, §7.5 this
    const target = room.occupants.named(nickKey(stanza.to.resource));
    if (target === undefined) throw new StanzaError("item-not-found", nobody);
    checkPolicy(room, seat.occupant, target);
    if (!this.#rates.take(seat)) throw new StanzaError("policy-violation", tooFast, { type: "wait" });
    if (stanza.element.wire().length > settings.size) throw new StanzaError("policy-violation", tooLong);
    // Only the room says who somebody is; the mark that it is a private message is set anew.
    const marked = cleaned(stanza.element, room).append(user(), ids.of(room, seat.occupant));
    for (const each of target.seats) {
      this.#remember(each, `${seat.occupant.key} ${stanza.id ?? ""}`);
      host.send(Stanza.of("message", marked, seat.occupant.jid, each.jid));
    }
  }

  /** Whether an error answers a private message that its sender has got. */
  answers({ from, to, id }: Message): boolean {
    const seat = this.#service.rooms.get(to)?.seat(from);
    return seat !== undefined && this.#open.get(seat)?.has(`${nickKey(to.resource)} ${id ?? ""}`) === true;
  }

  /** An error goes back to who sent the private message that it answers, once. */
  passError(stanza: Message): void {
    const { host, rooms, settings } = this.#service;
    const room = rooms.get(stanza.to);
    const seat = room?.seat(stanza.from);
    const target = room?.occupants.named(nickKey(stanza.to.resource));
    if (room === undefined || seat === undefined || target === undefined) return;
    this.#open.get(seat)?.delete(`${target.key} ${stanza.id ?? ""}`);
    if (stanza.element.wire().length > settings.size) return;
    const clean = cleaned(stanza.element, room);
    for (const { jid } of target.seats) deliver(host, Stanza.of("message", clean, seat.occupant.jid, jid));
  }

  #remember(seat: Seat, key: string): void {
    const open = this.#open.get(seat) ?? new Set<string>();
    open.add(detach(key));
    if (open.size > mostOpen) open.delete(open.values().next().value!);
    this.#open.set(seat, open);
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
const nobody = {
  en: "Nobody in the room has this nickname.",
  fr: "Personne dans le salon ne porte ce pseudonyme.",
};
const notHere = {
  en: "You may not send private messages in this room.",
  fr: "Vous ne pouvez pas envoyer de messages privés dans ce salon.",
};
