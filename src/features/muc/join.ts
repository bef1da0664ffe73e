import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { Packet } from "#core/packet.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Presence, presence, Stanza } from "#stanza/stanza.ts";
import { detach } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { tellVersions } from "./affiliation-news.ts";
import { initialRole } from "./affiliations.ts";
import { deliver } from "./deliver.ts";
import { hatsNamespace } from "./hats.ts";
import { readWanted } from "./history.ts";
import { fireNow, type Joining, joining } from "./hooks.ts";
import { readNick } from "./names.ts";
import { occupantId } from "./occupant-id.ts";
import type { Seat } from "./occupants.ts";
import { announce, gone, selfPresence, showOthers } from "./presences.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { subjectMessage } from "./subject.ts";
import { entry, entryHistory, muc, mucUser, status, user, userItem } from "./tags.ts";
import { mav } from "./versions.ts";

/**
 * Somebody enters a room, which is made where it does not exist (XEP-0045 §7.2, §10.1).
 * @throws StanzaError as §7.2.17 lists them
 */
export function enter(service: RoomService, { stanza, origin }: Packet): void {
  const presence = stanza as Presence;
  const { host, rooms, settings } = service;
  const nick = readNick(stanza.to.resource, settings.nickname);
  const kept = keptPresence(service, presence);
  const address = Jid.parse(detach(stanza.to.bare.toString()));
  const existing = rooms.get(address);
  const jid = origin?.jid ?? Jid.parse(detach(stanza.from.toString()));
  const room = existing ?? rooms.create(address, jid.bare);
  const codes = new Set<number>(existing === undefined ? [201] : []);
  try {
    const occupant = room.occupants.named(nick.key);
    const again = settings.sessions && occupant?.account.equals(jid.bare) === true;
    const affiliation = room.affiliationOf(jid);
    const role = again ? occupant.role : initialRole(affiliation, room.config.moderated);
    const event: Joining = { room, jid, stanza: presence, affiliation, nick, role, again, codes };
    if (nick.text !== stanza.to.resource) codes.add(210); // §7.2.2
    if (fireNow(host, joining, event)) return;
    admit(service, event, kept);
  } finally {
    // A room that its creator could not enter is none.
    if (existing === undefined && room.occupants.size === 0) {
      const destroyed = rooms.destroy(room, { reason: "", tombstone: false });
      background(host.log, destroyed, "a room that nobody could enter not removed");
    }
  }
}

function admit(service: RoomService, event: Joining, kept: Element): void {
  const { room, jid, nick, role, codes, stanza } = event;
  const { host, rooms, store } = service;
  let occupant = event.again ? room.occupants.named(nick.key) : undefined;
  if (occupant === undefined) {
    occupant = { account: jid.bare, jid: room.occupantJid(nick.text), key: nick.key, role, seats: [], shown: {} };
    room.occupants.add(occupant);
  }
  const seat: Seat = { jid, occupant, presence: kept };
  room.occupants.sit(seat);
  rooms.counted(room);
  tellVersions(service, room, seat, stanza);
  showOthers(host, room, seat);
  const version = mav({ until: room.versions.current });
  announce(host, room, occupant, {}, { seat, id: stanza.id, codes: entryCodes(service, room, codes), version });
  brief(service, room, seat, stanza);
  store.keepSeats(room, [seat]);
}

/** §7.2.3, §7.2.12. */
function entryCodes({ archive }: RoomService, room: Room, codes: Set<number>): Set<number> {
  if (room.config.whois === "anyone") codes.add(100);
  if (archive.covers(room)) codes.add(170);
  return codes;
}

/** §7.1: after the presences the history, then the subject. */
function brief({ host, archive }: RoomService, room: Room, seat: Seat, stanza: Presence): void {
  const wanted = readWanted(stanza.element.child(entry)?.child(entryHistory), Date.now());
  const since = Math.max(wanted.since, archive.since);
  for (const { element, from } of room.history.chosen({ ...wanted, since }, room.jid)) {
    deliver(host, Stanza.of("message", element, from, seat.jid));
  }
  const { element, from } = subjectMessage(room);
  deliver(host, Stanza.of("message", element, from, seat.jid));
}

/** A client that is in the room asks for everything again: it has lost its state (§7.2.1, §17.3). */
export function resynchronise(service: RoomService, room: Room, seat: Seat, stanza: Presence): void {
  const { host } = service;
  const kept = keptPresence(service, stanza);
  const { occupant } = seat;
  tellVersions(service, room, seat, stanza);
  showOthers(host, room, seat);
  const version = mav({ until: room.versions.current });
  const answered = { seat, id: stanza.id, codes: entryCodes(service, room, new Set()), version };
  if (kept.equals(seat.presence)) {
    const self = selfPresence(host, room, occupant, {}, answered);
    deliver(host, Stanza.of("presence", self, occupant.jid, seat.jid));
  } else {
    seat.presence = kept;
    announce(host, room, occupant, {}, answered);
  }
  brief(service, room, seat, stanza);
}

/**
 * Presence to a room without a request to enter, from somebody who is not in it: a client that has lost touch, or one
 * of before 2002. It is told that it is not there (§7.2.18).
 */
export function refuseUnasked(host: Host, stanza: Presence): void {
  const codes = [110, 307, 333].map(status);
  const element = gone.append(user({}, userItem({ affiliation: "none", role: "none" }), ...codes));
  host.send(Stanza.of("presence", element.with({ id: stanza.id }), stanza.to, stanza.from));
}

/**
 * What is kept of a presence and shown to others: nothing that only the room may say (§17.3 rule 6; XEP-0421 §4; XEP-0317).
 * @throws StanzaError `policy-violation` if it is too large
 */
export function keptPresence({ settings }: RoomService, { element }: Presence): Element {
  const children = element.elements.filter(
    (child) => child.ns !== muc && child.ns !== mucUser && child.ns !== hatsNamespace && !child.is(occupantId),
  );
  const kept = presence({ "xml:lang": element.attrs["xml:lang"] }, ...children).compact();
  if (kept.toString().length > settings["presence-size"]) throw new StanzaError("policy-violation", tooLarge);
  return kept;
}

const tooLarge = {
  en: "This presence is too large for a room.",
  fr: "Cette présence est trop volumineuse pour un salon.",
};
