import { client } from "#stanza/namespaces.ts";
import { presence } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { fireNow, leaving } from "./hooks.ts";
import { foremost, type Occupant, type Seat } from "./occupants.ts";
import { announce, type Departure, dismiss, farewell } from "./presences.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { deleteOccupant } from "./store.ts";

const statusText = tag(client, "status");

/** A client leaves; its occupant with it, unless there are others (XEP-0045 §7.14). */
export function leave(service: RoomService, room: Room, seat: Seat, departure: Departure = {}): void {
  const { occupant } = seat;
  if (occupant.seats.length === 1) return remove(service, room, occupant, departure);
  const shown = foremost(occupant);
  room.occupants.rise(seat);
  forget(service, room, [seat]);
  dismiss(service.host, room, occupant, { ...departure, seats: [seat] });
  if (shown === seat) announce(service.host, room, occupant);
}

/** An occupant leaves with all clients, or is made to. */
export function remove(service: RoomService, room: Room, occupant: Occupant, departure: Departure = {}): void {
  const { host, rooms } = service;
  room.occupants.remove(occupant);
  forget(service, room, occupant.seats);
  farewell(host, room, occupant, departure);
  fireNow(host, leaving, { room, occupant });
  rooms.counted(room);
}

/** What a leaving client says: its status alone, without what only the room may say. */
export function lastWord(stanza: Element): Element {
  return presence({ type: "unavailable", "xml:lang": stanza.attrs["xml:lang"] }, ...stanza.all(statusText));
}

function forget({ store }: RoomService, room: Room, seats: readonly Seat[]): void {
  if (room.locked) return;
  for (const { jid } of seats) store.later(deleteOccupant(room.jid.toString(), jid.toString()));
}
