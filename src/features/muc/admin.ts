import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Iq } from "#stanza/stanza.ts";
import { detach } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { mayList } from "./admin-lists.ts";
import { type Assignment, checkReservation, reassign, throwRefusal } from "./affiliates.ts";
import { type Affiliation, atLeast, isAffiliation, isRole, type Role, refuseRole } from "./affiliations.ts";
import { nickKey, readNick } from "./names.ts";
import type { Occupant } from "./occupants.ts";
import { changeRole } from "./roles.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { adminItem, adminQuery, adminReason } from "./tags.ts";

/** Most items of one request. */
const mostItems = 500;
/** Characters of a reason that are kept. */
const longestReason = 1024;

/** What moderators and admins ask: lists, and changes of them, all applied or none (XEP-0045 §8, §9). */
export function answerAdmins(service: RoomService): void {
  const { host, rooms } = service;
  host.iq("get", adminQuery, "account", (iq, query) => {
    const room = rooms.existing(iq.to);
    const item = query.child(adminItem);
    const { affiliation, role } = item?.attrs ?? {};
    if (isAffiliation(affiliation) && role === undefined) return listAffiliated(room, iq, affiliation);
    if (isRole(role) && affiliation === undefined) return listRole(room, iq, role);
    throw new StanzaError("bad-request", whichList);
  });
  host.iq("set", adminQuery, "account", async (iq, query) => {
    const room = rooms.existing(iq.to);
    const items = query.all(adminItem);
    if (items.length === 0 || items.length > mostItems) throw new StanzaError("bad-request", noItems);
    if (items.some(({ attrs }) => attrs.affiliation !== undefined && attrs.role !== undefined)) {
      throw new StanzaError("bad-request", oneOfBoth); // §17.4 rule 4
    }
    if (items.every(({ attrs }) => attrs.role !== undefined)) return changeRoles(service, room, iq, items);
    if (items.every(({ attrs }) => attrs.affiliation !== undefined)) {
      const actor = { nick: room.seat(iq.from)?.occupant.jid.resource, jid: iq.from.bare.toString() };
      return reassign(service, room, readAssignments(service, room, items), { jid: iq.from, actor });
    }
    throw new StanzaError("bad-request", oneOfBoth);
  });
}

/** §9.2, §9.5, §10.5, §10.8. */
function listAffiliated(room: Room, { from }: Iq, affiliation: Affiliation): Element {
  if (!mayList(room, from, affiliation)) throw new StanzaError("forbidden", notYours);
  const items = affiliation === "none" ? [] : room.listOf(affiliation);
  return adminQuery(
    {},
    ...items.map(({ jid, nick, reason }) => {
      const present = room.occupants.of(jid)[0]?.jid.resource;
      const shown = affiliation === "outcast" ? undefined : nick || present;
      return adminItem(
        { affiliation, jid: jid.toString(), nick: shown },
        ...(reason === "" || affiliation !== "outcast" ? [] : [adminReason({}, reason)]),
      );
    }),
  );
}

/** §8.5, §9.8. */
function listRole(room: Room, { from }: Iq, role: Role): Element {
  const { affiliation, role: own } = room.standingOf(from);
  const admin = atLeast(affiliation, "admin");
  if (!admin && (own !== "moderator" || role === "moderator")) throw new StanzaError("forbidden", notYours);
  const found = [...room.occupants.all()].filter((occupant) => occupant.role === role);
  return adminQuery(
    {},
    ...found.map((occupant) =>
      adminItem({
        nick: occupant.jid.resource,
        role,
        affiliation: room.affiliationOf(occupant.account),
        jid: occupant.seats.at(-1)!.jid.toString(),
      }),
    ),
  );
}

/** §8.2 to §8.5, §9.6 to §9.8: of occupants, by nickname. */
function changeRoles(service: RoomService, room: Room, { from }: Iq, items: readonly Element[]): undefined {
  const actor = room.standingOf(from);
  const changes = items.map((item) => {
    const { nick, role } = item.attrs;
    if (!isRole(role) || nick === undefined) throw new StanzaError("bad-request", oneOfBoth);
    const occupant = room.occupants.named(nickKey(nick));
    if (occupant === undefined) {
      throwRefusal(refuseRole(actor, { affiliation: "none", role: "visitor" }, role));
      throw new StanzaError("item-not-found", nobody);
    }
    throwRefusal(refuseRole(actor, { affiliation: room.affiliationOf(occupant.account), role: occupant.role }, role));
    return { occupant, role, reason: reasonOf(item) };
  });
  const by = { nick: room.seat(from)?.occupant.jid.resource, jid: from.bare.toString() };
  for (const { occupant, role, reason } of changes) {
    if (stillThere(room, occupant)) changeRole(service, room, occupant, { role, reason, actor: by });
  }
}

/** Somebody may be named twice. */
function stillThere(room: Room, occupant: Occupant): boolean {
  return room.occupants.named(occupant.key) === occupant;
}

/** §9.1 to §9.5, §10.3 to §10.8: of people, by address; some clients name an occupant instead. */
function readAssignments({ settings }: RoomService, room: Room, items: readonly Element[]): Assignment[] {
  const found = new Map<string, Assignment>();
  for (const item of items) {
    const { affiliation, nick } = item.attrs;
    if (!isAffiliation(affiliation)) throw new StanzaError("bad-request", oneOfBoth);
    const jid = personOf(room, item);
    if (jid.isDomain && affiliation !== "outcast" && affiliation !== "none") {
      throw new StanzaError("not-acceptable", peopleOnly);
    }
    const named = item.attrs.jid === undefined ? undefined : nick;
    if (named) checkReservation(room, jid, named);
    const kept = named ? readNick(named, settings.nickname).text : named;
    found.set(jid.toString(), { jid, affiliation, nick: kept, reason: reasonOf(item) ?? "" });
  }
  return [...found.values()];
}

function personOf(room: Room, { attrs }: Element): Jid {
  if (attrs.jid === undefined) {
    const occupant = attrs.nick === undefined ? undefined : room.occupants.named(nickKey(attrs.nick));
    if (occupant === undefined)
      throw new StanzaError(attrs.nick === undefined ? "bad-request" : "item-not-found", nobody);
    return occupant.account;
  }
  try {
    return Jid.parse(detach(attrs.jid)).bare;
  } catch (problem) {
    if (problem instanceof JidError) throw new StanzaError("jid-malformed");
    throw problem;
  }
}

function reasonOf(item: Element): string | undefined {
  const text = item.child(adminReason)?.text;
  return text === undefined || text === "" ? undefined : detach(text.slice(0, longestReason));
}

const whichList = {
  en: "Ask for the list of one affiliation or one role.",
  fr: "Demandez la liste d'une affiliation ou d'un rôle.",
};
const noItems = {
  en: "Between 1 and 500 items are expected.",
  fr: "Entre 1 et 500 éléments sont attendus.",
};
const oneOfBoth = {
  en: "Change either the role of an occupant or the affiliation of a person.",
  fr: "Modifiez soit le rôle d'un occupant, soit l'affiliation d'une personne.",
};
const notYours = {
  en: "You do not have the right to see this list.",
  fr: "Vous n'avez pas le droit de voir cette liste.",
};
const nobody = {
  en: "Nobody in the room has this nickname.",
  fr: "Personne dans le salon ne porte ce pseudonyme.",
};
const peopleOnly = {
  en: "A whole domain can be banned, but not be given rights.",
  fr: "On peut bannir un domaine entier, mais pas lui donner de droits.",
};
