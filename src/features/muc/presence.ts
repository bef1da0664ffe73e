import type { Packet } from "#core/packet.ts";
import { readError, StanzaError } from "#stanza/error.ts";
import { type Presence, presence as presenceTag, Stanza } from "#stanza/stanza.ts";
import { nickReserved, nickTaken } from "./access.ts";
import { enter, keptPresence, refuseUnasked, resynchronise } from "./join.ts";
import { lastWord, leave } from "./leave.ts";
import { nickKey, readNick } from "./names.ts";
import type { Seat } from "./occupants.ts";
import { announce, farewell, outdated, shownTo } from "./presences.ts";
import { Rates } from "./rates.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { entry } from "./tags.ts";

/** What says that a client has gone (XEP-0045 §18.1.2, and the errors of those who have never heard of the room). */
const deadly: ReadonlySet<string> = new Set([
  "gone",
  "item-not-found",
  "recipient-unavailable",
  "redirect",
  "remote-server-not-found",
  "remote-server-timeout",
]);

/** Presence that is sent to rooms: entering, leaving, changes of availability and of name. */
export class RoomPresence {
  readonly #service: RoomService;
  readonly #rates: Rates<Seat>;
  readonly #entries: Rates<string>;

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings["presence-rate"]);
    this.#entries = new Rates(service.settings["presence-rate"]);
  }

  /** @throws StanzaError */
  take(packet: Packet): void {
    const stanza = packet.stanza as Presence;
    const room = this.#service.rooms.get(stanza.to);
    const seat = room?.seat(stanza.from);
    switch (stanza.type) {
      case "":
        return this.#available(packet, room, seat);
      case "unavailable":
        // §17.3 rule 5: of others it is ignored.
        if (seat) leave(this.#service, room!, seat, { presence: lastWord(stanza.element) });
        return;
      case "error":
        this.failed(stanza);
        return;
      case "probe":
        return this.#probed(stanza, room, seat);
      case "subscribe":
        return this.#service.host.send(
          Stanza.of("presence", presenceTag({ type: "unsubscribed" }), stanza.to.bare, stanza.from.bare),
        );
    }
  }

  /**
   * A stanza could not be delivered: its addressee is in no room any more (§11.1, §18.1.2). Whether it was so. Answers to
   * questions do not count: others choose what is asked.
   * @param whispered whether it answers a private message, which one may have blocked
   */
  failed(stanza: Stanza, whispered = false): boolean {
    const room = this.#service.rooms.get(stanza.to);
    const seat = room?.seat(stanza.from);
    const { condition } = readError(stanza.element);
    // What is said in a room is refused so for a client that is gone (RFC 6121 §8.5.3.2.1).
    const isGone = deadly.has(condition) || (!whispered && condition === "service-unavailable");
    if (seat === undefined || !isGone) return false;
    leave(this.#service, room!, seat, { codes: [333] });
    return true;
  }

  #available(packet: Packet, room: Room | undefined, seat: Seat | undefined): void {
    const stanza = packet.stanza as Presence;
    const wants = stanza.element.child(entry) !== undefined;
    if (room === undefined || seat === undefined) {
      if (stanza.to.isBare) throw new StanzaError("jid-malformed", noNick); // §7.2.1
      if (!wants) return refuseUnasked(this.#service.host, stanza);
      // Each entry is told to all who are there.
      if (!this.#entries.take(`${stanza.from} ${stanza.to.bare}`)) {
        throw new StanzaError("policy-violation", tooOften, { type: "wait" });
      }
      return enter(this.#service, packet);
    }
    if (!this.#rates.take(seat)) throw new StanzaError("policy-violation", tooOften, { type: "wait" });
    if (!stanza.to.isBare && nickKey(stanza.to.resource) !== seat.occupant.key) return this.#rename(room, seat, stanza);
    if (wants) return resynchronise(this.#service, room, seat, stanza);
    this.#change(room, seat, stanza);
  }

  /** §7.7. */
  #change(room: Room, seat: Seat, stanza: Presence): void {
    seat.presence = keptPresence(this.#service, stanza);
    room.occupants.toTheFore(seat);
    announce(this.#service.host, room, seat.occupant, {}, { seat, id: stanza.id });
    this.#service.store.keepSeats(room, seat.occupant.seats);
  }

  /** §7.6: all of the occupant's clients go on under the new name. */
  #rename(room: Room, seat: Seat, stanza: Presence): void {
    const { host, settings } = this.#service;
    const { occupant } = seat;
    const nick = readNick(stanza.to.resource, settings.nickname);
    const kept = keptPresence(this.#service, stanza);
    if (room.occupants.named(nick.key) !== undefined) throw new StanzaError("conflict", nickTaken);
    const owner = room.reservedBy(nick.key);
    if (owner !== undefined && !owner.jid.equals(occupant.account)) throw new StanzaError("conflict", nickReserved);
    farewell(host, room, occupant, { codes: [303], nick: nick.text });
    room.occupants.rename(occupant, nick.key, room.occupantJid(nick.text));
    seat.presence = kept;
    room.occupants.toTheFore(seat);
    outdated(occupant);
    const codes = nick.text === stanza.to.resource ? [] : [210];
    announce(host, room, occupant, {}, { seat, id: stanza.id, codes });
    this.#service.store.keepSeats(room, occupant.seats);
  }

  /** §17.3 rule 4: who is in the room may ask how another is. */
  #probed(stanza: Presence, room: Room | undefined, seat: Seat | undefined): void {
    const occupant = room?.occupants.named(nickKey(stanza.to.resource));
    if (room === undefined || seat === undefined || occupant === undefined || !room.shows(occupant.role)) return;
    const { host } = this.#service;
    host.send(Stanza.of("presence", shownTo(host, room, occupant, seat.occupant), occupant.jid, seat.jid));
  }
}

const noNick = {
  en: "Choose a nickname to enter the room.",
  fr: "Choisissez un pseudonyme pour entrer dans le salon.",
};
const tooOften = {
  en: "You are changing your presence too often. Wait a moment.",
  fr: "Vous changez de présence trop souvent. Attendez un instant.",
};
