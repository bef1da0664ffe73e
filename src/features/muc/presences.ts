import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { presence, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import type { Affiliation, Role } from "./affiliations.ts";
import { deliver } from "./deliver.ts";
import { building, fireNow, lost } from "./hooks.ts";
import { foremost, type Occupant, type Seat } from "./occupants.ts";
import type { Room } from "./room.ts";
import { status, user, userActor, userItem, userReason } from "./tags.ts";

/** Who made a change, as the room tells it: by nickname; the address only to those who see addresses. */
export interface Actor {
  readonly nick?: string | undefined;
  readonly jid?: string | undefined;
}

/** What a room tells about an occupant beside their presence. */
export interface News {
  /** Told to everybody. */
  readonly codes?: readonly number[];
  /** Told to the occupant alone, beside 110. */
  readonly own?: readonly number[];
  readonly reason?: string | undefined;
  readonly actor?: Actor | undefined;
  /** Of the affiliations (XEP-0463). */
  readonly version?: Element | undefined;
}

/** A departure (XEP-0045 §7.14, §8.2, §9.1). */
export interface Departure extends News {
  /** The presence that came from the client, without addresses; its status is the last word. */
  readonly presence?: Element;
  /** The affiliation to tell, where it is about to change. */
  readonly affiliation?: Affiliation;
  /** The next nickname (§7.6). */
  readonly nick?: string;
  /** Those of the occupant's clients that go, where others stay. */
  readonly seats?: readonly Seat[];
}

/** Presence of type unavailable without anything else. */
export const gone: Element = presence({ type: "unavailable" });

/** What only the client gets that sent a presence: its `id`, and status codes of its entry (§7.2.2). */
export interface Answered {
  readonly seat: Seat;
  readonly id?: string | undefined;
  readonly codes?: Iterable<number>;
  readonly version?: Element;
}

/** Shows all others to a client (XEP-0045 §7.2.2). */
export function showOthers(host: Host, room: Room, seat: Seat): void {
  for (const other of room.occupants.all()) {
    if (other === seat.occupant || !room.shows(other.role)) continue;
    deliver(host, Stanza.of("presence", shownTo(host, room, other, seat.occupant), other.jid, seat.jid));
  }
}

/** A new role: others see it, or stop seeing the occupant; who becomes a moderator sees addresses now (§7.2.4). */
export function announceRole(host: Host, room: Room, occupant: Occupant, role: Role, news: News): void {
  const visible = room.shows(occupant.role);
  const identified = room.identifies(occupant);
  occupant.role = role;
  if (visible && !room.shows(role)) conceal(host, room, occupant);
  announce(host, room, occupant, news);
  if (!identified && room.identifies(occupant)) for (const seat of occupant.seats) showOthers(host, room, seat);
}

/** What others see of an occupant. It is put together once, until it changes. */
export function shownTo(host: Host, room: Room, occupant: Occupant, viewer: Occupant): Element {
  const { shown } = occupant;
  if (room.identifies(viewer)) {
    shown.full ??= available(host, room, occupant, { full: true }).compact();
    return shown.full;
  }
  shown.open ??= available(host, room, occupant, { full: false }).compact();
  return shown.open;
}

/** What was put together is out of date. */
export function outdated(occupant: Occupant): void {
  occupant.shown.full = undefined;
  occupant.shown.open = undefined;
}

/** Tells everybody how an occupant now is. */
export function announce(host: Host, room: Room, occupant: Occupant, news: News = {}, answered?: Answered): void {
  outdated(occupant);
  const { codes, reason, actor, version } = news;
  const plain = codes === undefined && reason === undefined && actor === undefined && version === undefined;
  const special: { full?: Element; open?: Element } = {};
  const forOthers = (viewer: Occupant): Element => {
    if (plain) return shownTo(host, room, occupant, viewer);
    const full = room.identifies(viewer);
    special[full ? "full" : "open"] ??= available(host, room, occupant, { full, news });
    return special[full ? "full" : "open"]!;
  };
  let self: Element | undefined;
  const visible = room.shows(occupant.role);
  tell(
    host,
    room,
    room.occupants.seats,
    (seat) => {
      if (seat.occupant !== occupant) return visible ? forOthers(seat.occupant) : undefined;
      if (seat === answered?.seat) return selfPresence(host, room, occupant, news, answered);
      self ??= selfPresence(host, room, occupant, news);
      return self;
    },
    occupant,
  );
}

/** The presence of an occupant for their own clients (§7.2.2). */
export function selfPresence(host: Host, room: Room, occupant: Occupant, news: News, answered?: Answered): Element {
  const own = [...(news.own ?? []), ...(answered?.codes ?? [])];
  const version = news.version ?? answered?.version;
  const element = available(host, room, occupant, { full: true, news: { ...news, own, version }, self: true });
  return answered?.id === undefined ? element : element.with({ id: answered.id });
}

/** Tells everybody, those who go first, that an occupant has gone: the occupant is out of the room already. */
export function farewell(host: Host, room: Room, occupant: Occupant, departure: Departure): void {
  const leaving = departure.seats ?? occupant.seats;
  const compose = unavailable(host, room, occupant, departure);
  const self = compose(true, true);
  tell(host, room, leaving, () => self, occupant);
  if (!room.shows(occupant.role)) return;
  const composed: { full?: Element; open?: Element } = {};
  tell(
    host,
    room,
    room.occupants.seats,
    (seat) => {
      if (seat.occupant === occupant) return undefined;
      const key = room.identifies(seat.occupant) ? "full" : "open";
      composed[key] ??= compose(key === "full", false);
      return composed[key];
    },
    occupant,
  );
}

/** Tells only those clients that go: others of the occupant stay. */
export function dismiss(host: Host, room: Room, occupant: Occupant, departure: Departure): void {
  const self = unavailable(host, room, occupant, departure)(true, true);
  tell(host, room, departure.seats ?? occupant.seats, () => self, occupant);
}

/** Others stop seeing an occupant who is still there: presence of the new role is not shown. */
export function conceal(host: Host, room: Room, occupant: Occupant): void {
  const compose = unavailable(host, room, occupant, {});
  const element = compose(false, false);
  tell(host, room, room.occupants.seats, (seat) => (seat.occupant === occupant ? undefined : element), occupant);
}

function tell(
  host: Host,
  room: Room,
  seats: readonly Seat[],
  choose: (seat: Seat) => Element | undefined,
  about: Occupant,
): void {
  const copies = new Map<Element, (to: Jid) => Stanza>();
  for (let index = 0; index < seats.length; index++) {
    const seat = seats[index]!;
    const element = choose(seat);
    if (element === undefined) continue;
    let copyTo = copies.get(element);
    if (copyTo === undefined) {
      copyTo = Stanza.toMany("presence", element, about.jid);
      copies.set(element, copyTo);
    }
    if (!deliver(host, copyTo(seat.jid))) fireNow(host, lost, { room, seat });
  }
}

interface Composition {
  readonly full: boolean;
  readonly self?: boolean;
  readonly news?: News;
}

function available(host: Host, room: Room, occupant: Occupant, { full, self, news }: Composition): Element {
  const seat = foremost(occupant);
  const item = itemOf({
    affiliation: room.affiliationOf(occupant.account),
    role: occupant.role,
    jid: full ? seat.jid.toString() : undefined,
    news,
    full,
  });
  const codes = [...(self ? [110] : []), ...(news?.codes ?? []), ...(self ? (news?.own ?? []) : [])];
  const content = user({}, item, ...codes.map(status), ...(news?.version ? [news.version] : []));
  return seat.presence.append(content, ...payloadsOf(host, room, occupant));
}

function unavailable(host: Host, room: Room, occupant: Occupant, departure: Departure) {
  const payloads = payloadsOf(host, room, occupant);
  const jid = (departure.seats ?? occupant.seats).at(-1)?.jid.toString();
  const affiliation = departure.affiliation ?? room.affiliationOf(occupant.account);
  return (full: boolean, self: boolean): Element => {
    const role: Role = departure.nick === undefined ? "none" : occupant.role;
    const item = itemOf({
      affiliation,
      role,
      jid: full ? jid : undefined,
      nick: departure.nick,
      news: departure,
      full,
    });
    const codes = [...(self ? [110] : []), ...(departure.codes ?? []), ...(self ? (departure.own ?? []) : [])];
    const content = user({}, item, ...codes.map(status), ...(departure.version ? [departure.version] : []));
    return (departure.presence ?? gone).append(content, ...payloads);
  };
}

function payloadsOf(host: Host, room: Room, occupant: Occupant): readonly Element[] {
  const payloads: Element[] = [];
  fireNow(host, building, { room, occupant, payloads });
  return payloads;
}

interface Item {
  readonly affiliation: Affiliation;
  readonly role: Role;
  readonly jid?: string | undefined;
  readonly nick?: string | undefined;
  readonly news?: News | undefined;
  readonly full: boolean;
}

function itemOf({ affiliation, role, jid, nick, news, full }: Item): Element {
  const children: Element[] = [];
  const actor = news?.actor;
  if (actor !== undefined && (actor.nick !== undefined || full)) {
    children.push(userActor({ nick: actor.nick, jid: full ? actor.jid : undefined }));
  }
  if (news?.reason) children.push(userReason({}, news.reason));
  return userItem({ affiliation, role, jid, nick }, ...children);
}
