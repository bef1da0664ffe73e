import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { message, type Presence, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { mayList } from "./admin-lists.ts";
import type { Affiliation } from "./affiliations.ts";
import { deliver } from "./deliver.ts";
import type { Seat } from "./occupants.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { entry, status, user, userItem } from "./tags.ts";
import { mav } from "./versions.ts";

/** Most people in one message. */
const mostItems = 500;
const listed = ["owner", "admin", "member", "outcast"] as const;

/** Somebody who was something else to the room. */
export interface Changed {
  readonly jid: Jid | string;
  readonly before: Affiliation;
  readonly after: Affiliation;
}

/**
 * What a newcomer has missed of the affiliations, where the client asks (XEP-0463 §5.2.1): told before any presence. A
 * refusal is told, too, and does not keep anybody out.
 */
export function tellVersions(service: RoomService, room: Room, seat: Seat, stanza: Presence): void {
  const asked = stanza.element.child(entry)?.child(mav);
  if (asked === undefined) return;
  const readable = listed.filter((one) => mayList(room, seat.jid, one));
  if (readable.length === 0) {
    const refusal = Stanza.of("message", message({ id: stanza.id }), seat.jid, room.jid);
    const error = new StanzaError("forbidden", notYours, { by: room.jid.toString() });
    deliver(service.host, refusal.error(error, stanza.lang));
    return;
  }
  const { since } = asked.attrs;
  const changes = since === undefined ? undefined : room.versions.since(since);
  if (changes?.length === 0) return;
  const diff = changes?.flatMap(({ jid, before }) => {
    const after = room.kept(jid);
    return after === before ? [] : itemsFor(room, seat.jid, [{ jid, before, after }]);
  });
  if (diff !== undefined && diff.length > 0) return tell(service, room, seat, { since, items: diff });
  const all = readable.flatMap((one) => room.listOf(one));
  const items = all.map(({ jid, affiliation }) => userItem({ jid: jid.toString(), affiliation }));
  tell(service, room, seat, { since: undefined, items });
}

/** In parts that follow on each other; the versions between them are nobody else's. */
function tell(
  { host }: RoomService,
  room: Room,
  seat: Seat,
  { since, items }: { readonly since: string | undefined; readonly items: readonly Element[] },
): void {
  const last = room.versions.current;
  let from = since;
  for (let at = 0; at === 0 || at < items.length; at += mostItems) {
    const until = at + mostItems >= items.length ? last : `${last}-${at + mostItems}`;
    const content = user({}, mav({ since: from, until }), ...items.slice(at, at + mostItems));
    deliver(host, Stanza.of("message", message({}, content), room.jid, seat.jid));
    from = until;
  }
}

/** Those in the room who may read the lists learn of changes of people who are not there (§10.3 to §10.7; XEP-0463 §5.2.2). */
export function tellListed(service: RoomService, room: Room, changes: readonly Changed[], since: string): void {
  const version = room.versions.from(since);
  if (version === undefined) return;
  for (const seat of room.occupants.seats) {
    const items = itemsFor(room, seat.jid, changes);
    if (items.length === 0) continue;
    const notice = message({}, user({}, ...items, version));
    deliver(service.host, Stanza.of("message", notice, room.jid, seat.jid));
  }
}

/** The person learns of it, too (§18.1, rule 2), but not who is banned. */
export function tellAbsent({ host }: RoomService, room: Room, jid: Jid, after: Affiliation): void {
  if (jid.isDomain || after === "outcast") return;
  const notice = message({}, user({}, userItem({ affiliation: after, role: "none" }), status(101)));
  host.send(Stanza.of("message", notice, room.jid, jid));
}

/** Who may not read a list does not learn who is on it, only who has left one that they may read. */
function itemsFor(room: Room, viewer: Jid, changes: readonly Changed[]): Element[] {
  return changes.flatMap(({ jid, before, after }) => {
    const shown = after !== "none" && mayList(room, viewer, after) ? after : "none";
    if (shown === "none" && (before === "none" || !mayList(room, viewer, before))) return [];
    return [userItem({ jid: jid.toString(), affiliation: shown, role: "none" })];
  });
}

const notYours = {
  en: "You do not have the right to see the lists of this room.",
  fr: "Vous n'avez pas le droit de voir les listes de ce salon.",
};
