import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { formIn, isCancelled } from "#stanza/form.ts";
import { type Iq, message, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { type Assignment, assign, assignmentQueries, checkAssignments } from "./affiliates.ts";
import { type Config, type ConfigValues, changedConfig, formValues } from "./configuration.ts";
import { deliver } from "./deliver.ts";
import { configured, fireNow } from "./hooks.ts";
import { remove } from "./leave.ts";
import { announce, conceal } from "./presences.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { ownerDestroy, ownerPassword, ownerQuery, ownerReason, status, user } from "./tags.ts";

/** What owners ask: the configuration of a room and its end (XEP-0045 §10). */
export function answerOwners(service: RoomService): void {
  const { host, rooms, form } = service;
  host.iq("get", ownerQuery, "account", (iq, _query, origin) => {
    const room = ownedRoom(service, iq);
    const people = { owners: jidsOf(room, "owner"), admins: jidsOf(room, "admin") };
    return ownerQuery({}, form.show(formValues(room.config, people), iq.lang ?? origin?.lang));
  });
  host.iq("set", ownerQuery, "account", async (iq, query) => {
    const room = ownedRoom(service, iq);
    const destroy = query.child(ownerDestroy);
    if (destroy !== undefined) return destroyRoom(service, room, destroy);
    const submitted = formIn(query);
    if (submitted === undefined) throw new StanzaError("bad-request");
    if (isCancelled(submitted)) {
      if (room.locked) await rooms.destroy(room, { reason: "", tombstone: false }); // §10.1.3
      return;
    }
    const values = submitted.children.length === 0 ? {} : form.read(submitted); // §10.1.2: an instant room
    const name = values["muc#roomconfig_roomname"];
    if (name !== undefined && name !== room.config.name) await service.looks.checkRoomName(name, iq.from);
    await room.change(() => configure(service, room, values, iq.from));
  });
}

function ownedRoom({ rooms }: RoomService, iq: Iq): Room {
  const room = rooms.existing(iq.to);
  if (room.affiliationOf(iq.from) !== "owner") throw new StanzaError("forbidden", ownersOnly);
  return room;
}

function jidsOf(room: Room, affiliation: "owner" | "admin"): readonly Jid[] {
  return room.namedOf(affiliation).map(({ jid }) => jid);
}

async function configure(service: RoomService, room: Room, values: Partial<ConfigValues>, by: Jid): Promise<void> {
  if (room.destroyed) throw new StanzaError("item-not-found");
  const before = room.config;
  const config = changedConfig(before, values);
  const assignments = newPeople(room, values);
  checkAssignments(service, room, assignments, by);
  const fresh = room.locked;
  if (fresh) {
    room.config = config;
    assign(service, room, assignments, {});
    await service.rooms.unlock(room);
  } else {
    await service.store.now(service.store.putRoom(room, config), ...assignmentQueries(room, assignments));
    room.config = config;
    assign(service, room, assignments, { nick: room.seat(by)?.occupant.jid.resource });
  }
  room.history.limit(config.history);
  const codes = takeEffect(service, room, before);
  if (!fresh) notify(service, room, codes);
  service.rooms.counted(room);
  fireNow(service.host, configured, { room, before });
}

/** The form holds the full lists, not what changes (§10.5, §10.8, notes). Who is no admin any more becomes a member. */
function newPeople(room: Room, values: Partial<ConfigValues>): Assignment[] {
  const owners = values["muc#roomconfig_roomowners"]?.map((jid) => jid.bare);
  const admins = values["muc#roomconfig_roomadmins"]?.map((jid) => jid.bare);
  const wanted = new Map<string, Assignment>();
  const put = (jid: Jid, affiliation: Assignment["affiliation"]) => {
    if (room.affiliated.get(jid.toString())?.affiliation === affiliation) wanted.delete(jid.toString());
    else wanted.set(jid.toString(), { jid, affiliation, reason: "" });
  };
  if (admins) for (const { jid } of room.namedOf("admin")) put(jid, "member");
  if (owners) for (const { jid } of room.namedOf("owner")) put(jid, "admin");
  for (const jid of admins ?? []) if (!isOwner(room, jid, owners)) put(jid, "admin");
  for (const jid of owners ?? []) put(jid, "owner");
  return [...wanted.values()];
}

function isOwner(room: Room, jid: Jid, owners: readonly Jid[] | undefined): boolean {
  if (owners !== undefined) return owners.some((owner) => owner.equals(jid));
  return room.affiliated.get(jid.toString())?.affiliation === "owner";
}

/** What a new configuration changes for those who are there (§10.2); gives the codes that tell of it (§10.2.1). */
function takeEffect(service: RoomService, room: Room, before: Config): readonly number[] {
  const { config } = room;
  const codes: number[] = [];
  if (config.archive !== before.archive && service.archive.enabled) codes.push(config.archive ? 170 : 171);
  if (config.whois !== before.whois) codes.push(config.whois === "anyone" ? 172 : 173);
  const rest = { ...config, archive: before.archive, whois: before.whois };
  if (JSON.stringify(rest) !== JSON.stringify(before)) codes.push(104);
  for (const occupant of [...room.occupants.all()]) {
    if (config.members && !before.members && room.affiliationOf(occupant.account) === "none") {
      remove(service, room, occupant, { codes: [322] });
      continue;
    }
    const shown = before.broadcast.some((role) => role === occupant.role);
    const voiced = before.moderated && !config.moderated && occupant.role === "visitor";
    if (voiced) {
      occupant.role = "participant"; // §5.1.2: in a room that is not moderated all may speak
      service.store.keepSeats(room, occupant.seats);
    }
    if (shown && !room.shows(occupant.role)) conceal(service.host, room, occupant);
    else if (voiced || (!shown && room.shows(occupant.role))) announce(service.host, room, occupant);
  }
  return codes;
}

/** Tells those in the room what has changed: a message for each code, with nothing else (XEP-0045 §10.2.1). */
export function notify({ host }: RoomService, room: Room, codes: readonly number[]): void {
  for (const code of codes) {
    const notice = message({ type: "groupchat" }, user({}, status(code)));
    for (const { jid } of room.occupants.seats) deliver(host, Stanza.of("message", notice, room.jid, jid));
  }
}

/** §10.9. */
async function destroyRoom({ rooms }: RoomService, room: Room, request: Element): Promise<undefined> {
  if (room.permanent) throw new StanzaError("not-allowed", permanent);
  const reason = request.child(ownerReason)?.text ?? "";
  await rooms.destroy(room, {
    reason: reason.slice(0, 1024),
    alternative: readAlternative(request.attrs.jid),
    password: request.child(ownerPassword)?.text,
    tombstone: !room.locked,
  });
}

function readAlternative(text: string | undefined): Jid | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return Jid.parse(text).bare;
  } catch (problem) {
    if (problem instanceof JidError) throw new StanzaError("jid-malformed");
    throw problem;
  }
}

const ownersOnly = {
  en: "Only owners of the room may do this.",
  fr: "Seuls les propriétaires du salon peuvent faire cela.",
};
const permanent = {
  en: "This room belongs to the service and cannot be destroyed.",
  fr: "Ce salon appartient au service et ne peut pas être détruit.",
};
