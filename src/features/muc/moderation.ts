import { randomUUID } from "node:crypto";
import { delay } from "#stanza/delay.ts";
import { StanzaError } from "#stanza/error.ts";
import { message, Stanza } from "#stanza/stanza.ts";
import { formatDateTime } from "#stanza/time.ts";
import { detach } from "#xml/bytes.ts";
import { type Element, tag } from "#xml/element.ts";
import { deliver } from "./deliver.ts";
import type { Past } from "./history.ts";
import { fireNow, retracted as retractedHook, speaking } from "./hooks.ts";
import { stanzaId } from "./messages.ts";
import { occupantId } from "./occupant-id.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { replaceMessage } from "./store.ts";

export const moderation = "urn:xmpp:message-moderate:1";
export const retraction = "urn:xmpp:message-retract:1";
/** Says that what is retracted is not shown to newcomers any more (XEP-0424 §5). */
export const tombstones = `${retraction}#tombstone`;
const moderate = tag(moderation, "moderate");
const moderateReason = tag(moderation, "reason");
const moderated = tag(moderation, "moderated");
const retract = tag(retraction, "retract");
const retractReason = tag(retraction, "reason");
const retracted = tag(retraction, "retracted");

const longestId = 256;
const longestReason = 1024;

/** Messages are taken back: by moderators (XEP-0425), and by who wrote them (XEP-0424); newcomers do not see them. */
export function retractMessages(service: RoomService): void {
  const { host, rooms, ids } = service;
  host.iq("set", moderate, "account", (iq, request) => {
    const room = rooms.existing(iq.to);
    const seat = room.seat(iq.from);
    if (seat === undefined) throw new StanzaError("not-acceptable", notThere);
    if (seat.occupant.role !== "moderator") throw new StanzaError("forbidden", moderatorsOnly);
    const { id } = request.attrs;
    if (!id || id.length > longestId || request.child(retract) === undefined) throw new StanzaError("bad-request");
    const by = moderated({ by: seat.occupant.jid.toString() }, ids.of(room, seat.occupant));
    const reason = (request.child(moderateReason) ?? request.child(retractReason))?.text.slice(0, longestReason);
    const content = [by, ...(reason ? [retractReason({}, reason)] : [])];
    // Older ones are not kept here; clients know them all the same.
    bury(service, room, { id: detach(id), children: content, mine: () => true });
    tell(service, room, retract({ id }, ...content));
  });
  host.on(speaking, "record", (event) => {
    const id = event.message.child(retract)?.attrs.id;
    if (id === undefined) return;
    const author = ids.of(event.room, event.occupant).attrs.id;
    const mine = (element: Element) => element.child(occupantId)?.attrs.id === author;
    bury(service, event.room, { id, children: [], mine, by: event.message.attrs.id });
  });
}

interface Burial {
  /** The id that the room has given the message. */
  readonly id: string;
  readonly children: readonly Element[];
  /** Whether the message may be taken back. */
  readonly mine: (element: Element) => boolean;
  /** The id of the message that takes it back. */
  readonly by?: string | undefined;
}

/** XEP-0424 §5, XEP-0425 §4: what was said goes, that something was said stays. */
function bury(service: RoomService, room: Room, { id, children, mine, by }: Burial): void {
  const own = room.jid.toString();
  const named = ({ element }: Past) =>
    element.all(stanzaId).some(({ attrs }) => attrs.by === own && attrs.id === id) && mine(element);
  const found = room.history.all.find(named);
  if (found === undefined) return;
  const kept = found.element.elements.filter((child) => child.is(stanzaId) || child.is(occupantId) || child.is(delay));
  const stone = retracted({ stamp: formatDateTime(new Date()), id: by }, ...children);
  const element = found.element.holding(...kept, stone).compact();
  room.history.replace(found, { ...found, element });
  const where = { room: own, at: found.at, sender: found.from.toString(), stanza: found.element.toString() };
  service.store.later(replaceMessage(where, element.toString()));
  fireNow(service.host, retractedHook, { room, id, element });
}

function tell({ host }: RoomService, room: Room, content: Element): void {
  const head = message({ type: "groupchat", id: randomUUID() }, content);
  const element = head.append(stanzaId({ by: room.jid.toString(), id: randomUUID() }));
  for (const { jid } of room.occupants.seats) deliver(host, Stanza.of("message", element, room.jid, jid));
}

const notThere = {
  en: "You are not in this room any more. Enter it again.",
  fr: "Vous n'êtes plus dans ce salon. Entrez-y de nouveau.",
};
const moderatorsOnly = {
  en: "Only moderators may remove what others have said.",
  fr: "Seuls les modérateurs peuvent retirer ce que d'autres ont dit.",
};
