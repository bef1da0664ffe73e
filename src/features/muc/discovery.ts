import { type Description, describing, type Listing, listing } from "#features/disco/index.ts";
import { stanzaId } from "#features/mam/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { dataSet } from "#stanza/form.ts";
import type { Element } from "#xml/element.ts";
import { type ListedRoom, listingRooms } from "./hooks.ts";
import { tombstones } from "./moderation.ts";
import type { Room } from "./room.ts";
import { RoomOrder } from "./room-order.ts";
import { selfPing } from "./self-ping.ts";
import type { RoomService } from "./service.ts";
import { muc, retraction } from "./tags.ts";
import { mavNamespace } from "./versions.ts";

const stableIds = `${muc}#stable_id`;
const voiceRequests = `${muc}#request`;
/** Nodes of §16.4. */
const reservedNick = "x-roomuser-item";
const traffic = `${muc}#traffic`;

/** Of the service, for people. */
export const serviceName = { en: "Chat rooms", fr: "Salons de discussion" } as const;

/** Rooms are found, and say what they are (XEP-0045 §6). */
export function describeRooms(service: RoomService): void {
  const { host } = service;
  const order = new RoomOrder(service.rooms);
  host.offer(muc);
  host.offer(stableIds);
  host.on(describing, "amend", (description) => describe(service, description));
  host.on(listing, "amend", (found) => listRooms(service, order, found));
  host.on(listingRooms, "amend", ({ reader, rooms }) => {
    rooms.push(...knownRooms(service, order, reader).map(listed));
  });
}

function describe({ rooms }: RoomService, description: Description): void {
  if (description.to.isDomain) {
    const identity = { category: "conference", type: "text", name: serviceName };
    if (description.node === undefined) description.identities.push(identity);
    return;
  }
  const room = rooms.get(description.to);
  if (room === undefined || room.locked) return;
  const { node, identities, features, forms } = description;
  if (node === reservedNick) {
    const nick = room.affiliated.get(description.from.bare.toString())?.nick;
    if (nick) identities.push({ category: "conference", type: "text", name: nick }); // §7.12
    description.known = true;
  } else if (node === traffic) {
    throw new StanzaError("service-unavailable"); // §18.1.1: nothing is discarded
  } else if (node === undefined) {
    description.known = true;
    identities.push({ category: "conference", type: "text", name: room.name });
    for (const one of featuresOf(room)) features.add(one);
    if (!room.config.registration) features.delete("jabber:iq:register");
    forms.push(information(room, description));
  }
}

/** §6.4 and §16.3. */
function featuresOf({ config }: Room): string[] {
  return [
    muc,
    stableIds,
    selfPing,
    stanzaId.ns,
    voiceRequests,
    retraction,
    tombstones,
    mavNamespace,
    config.public ? "muc_public" : "muc_hidden",
    config.persistent ? "muc_persistent" : "muc_temporary",
    config.members ? "muc_membersonly" : "muc_open",
    config.moderated ? "muc_moderated" : "muc_unmoderated",
    config.password === "" ? "muc_unsecured" : "muc_passwordprotected",
    config.whois === "anyone" ? "muc_nonanonymous" : "muc_semianonymous",
  ];
}

/** §6.4, §16.5.4. Who is outside a room that is not for everybody sees nothing of what happens in it (§14.4). */
function information(room: Room, { from }: Description): Element {
  const { config, subject } = room;
  const inside = room.isKnownTo(from);
  const values: Record<string, readonly string[]> = {
    "muc#roominfo_description": [config.description],
    "muc#roominfo_subjectmod": [config.subject ? "1" : "0"],
    "muc#roomconfig_roomname": [room.name],
    "muc#roomconfig_changesubject": [config.subject ? "1" : "0"],
    "muc#roominfo_slow_mode_duration": [config.slow.toString()],
    "muc#maxhistoryfetch": [config.history.toString()],
  };
  if (inside) values["muc#roominfo_occupants"] = [room.occupants.size.toString()];
  const { hash } = room.hats;
  if (hash !== undefined) values["hats#hash"] = [hash];
  if (inside && room.groups.length > 0) values["muc#roominfo_ldapgroup"] = room.groups;
  if (room.avatar !== "") values["muc#roominfo_avatarhash"] = [room.avatar];
  if (config.language !== "") values["muc#roominfo_lang"] = [config.language];
  if (inside && subject !== undefined && config.password === "") values["muc#roominfo_subject"] = [subject.text];
  if (config.whois === "anyone") {
    values["muc#roominfo_contactjid"] = room.listOf("owner").map(({ jid }) => jid.toString());
  }
  return dataSet("http://jabber.org/protocol/muc#roominfo", values);
}

/** §6.3: public rooms, and to members those that are not; §6.5: occupants to those who are there. */
function listRooms(service: RoomService, order: RoomOrder, found: Listing): void {
  if (found.node !== undefined) return;
  if (!found.to.isDomain) return listOccupants(service.rooms.get(found.to), found);
  const rooms = knownRooms(service, order, found.from);
  const most = service.settings.listed;
  const chosen = found.paged || most === 0 || rooms.length <= most ? rooms : weightiest(rooms, most);
  found.items.push(...chosen.map(({ jid, name }) => ({ jid: jid.toString(), name })));
}

/** The rooms that somebody may know of. */
function knownRooms({ settings }: RoomService, order: RoomOrder, reader: Jid): Room[] {
  return order.all.filter((room) => {
    if (room.locked || !room.isKnownTo(reader)) return false;
    // A temporary room that is empty is as good as gone, although who comes back finds it.
    return room.occupants.size > 0 || room.config.persistent || room.permanent || settings.grace === 0;
  });
}

/** Clients that know no pages get the rooms that are likely to be looked for: those that stay, and those that are full. */
function weightiest(rooms: readonly Room[], most: number): Room[] {
  const chosen = new Set(rooms.toSorted(byWeight).slice(0, most));
  return rooms.filter((room) => chosen.has(room));
}

function byWeight(one: Room, other: Room): number {
  return Number(other.permanent) - Number(one.permanent) || other.occupants.size - one.occupants.size;
}

function listed(room: Room): ListedRoom {
  const { jid, name, config } = room;
  return {
    jid,
    address: jid.toString(),
    name,
    description: config.description,
    language: config.language,
    occupants: room.occupants.size,
    open: !config.members && config.password === "",
    anonymous: config.whois !== "anyone",
  };
}

function listOccupants(room: Room | undefined, found: Listing): void {
  if (room === undefined || room.locked) return;
  found.known = true;
  if (!room.has(found.from)) return; // §14.4
  for (const occupant of room.occupants.all()) {
    if (room.shows(occupant.role)) found.items.push({ jid: occupant.jid.toString() });
  }
}
