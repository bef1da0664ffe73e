import { randomUUID } from "node:crypto";
import { background } from "#core/log.ts";
import { stanzaId } from "#features/mam/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { message, Stanza } from "#stanza/stanza.ts";
import { formatDateTime } from "#stanza/time.ts";
import { detach } from "#xml/bytes.ts";
import { type Element, tag } from "#xml/element.ts";
import { deliver } from "./deliver.ts";
import { fireNow, retracted as retractedHook, speaking } from "./hooks.ts";
import { notThere } from "./messages.ts";
import { occupantId } from "./occupant-id.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { retracted, retraction, user } from "./tags.ts";

export const moderation = "urn:xmpp:message-moderate:1";
/** Says that what is retracted is not shown to newcomers any more (XEP-0424 §5). */
export const tombstones = `${retraction}#tombstone`;
const moderate = tag(moderation, "moderate");
const moderateReason = tag(moderation, "reason");
const moderated = tag(moderation, "moderated");
const retract = tag(retraction, "retract");
const retractReason = tag(retraction, "reason");

const longestId = 256;
const longestReason = 1024;

/** Messages are taken back: by moderators (XEP-0425), and by who wrote them (XEP-0424); newcomers do not see them. */
export function retractMessages(service: RoomService): void {
  const { host, rooms, ids } = service;
  host.iq("set", moderate, "account", async (iq, request) => {
    const room = rooms.existing(iq.to);
    const seat = room.seat(iq.from);
    if (seat === undefined) throw new StanzaError("not-acceptable", notThere);
    if (seat.occupant.role !== "moderator") throw new StanzaError("forbidden", moderatorsOnly);
    const { id } = request.attrs;
    if (!id || id.length > longestId || request.child(retract) === undefined) throw new StanzaError("bad-request");
    const by = moderated({ by: seat.occupant.jid.toString() }, ids.of(room, seat.occupant));
    const reason = (request.child(moderateReason) ?? request.child(retractReason))?.text.slice(0, longestReason);
    const content = [by, ...(reason ? [retractReason({}, reason)] : [])];
    const buried = bury(service, room, { id: detach(id), children: content, mine: () => true });
    // Those that are too old to be kept here clients know all the same.
    tell(service, room, retract({ id }, ...content));
    await buried;
  });
  host.on(speaking, "record", (event) => {
    const id = event.message.child(retract)?.attrs.id;
    if (id === undefined) return;
    const author = ids.of(event.room, event.occupant).attrs.id;
    const mine = (element: Element) => element.child(occupantId)?.attrs.id === author;
    const burial = { id, children: [], mine, by: event.message.attrs.id };
    background(host.log, bury(service, event.room, burial), "a message not taken back");
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

/**
 * XEP-0424 §5, XEP-0425 §4: what was said goes, that something was said stays: in what newcomers see, and in the archive.
 * Resolves when it is on disk.
 */
async function bury(service: RoomService, room: Room, { id, children, mine, by }: Burial): Promise<void> {
  const { archive, host } = service;
  const number = archive.mam.archive.ids.parse(id);
  if (number === undefined) return;
  let element: Element | undefined;
  const change = (said: Element): Element | undefined => {
    if (!mine(said) || said.child(retracted) !== undefined) return undefined;
    element = said.holding(...said.elements.filter(remains), retracted({ stamp, id: by }, ...children));
    return element;
  };
  const stamp = formatDateTime(new Date());
  await archive.replace(room, number, change);
  if (element !== undefined) fireNow(host, retractedHook, { room, id, element });
}

/** What the room itself has put into a message. */
function remains(child: Element): boolean {
  return child.is(stanzaId) || child.is(occupantId) || child.is(user);
}

function tell({ host, archive }: RoomService, room: Room, content: Element): void {
  const id = archive.nextId();
  const head = message({ type: "groupchat", id: randomUUID() }, content);
  const element = head.append(archive.mark(room, id));
  archive.rememberNotice(room, id, element);
  for (const { jid } of room.occupants.seats) deliver(host, Stanza.of("message", element, room.jid, jid));
}

const moderatorsOnly = {
  en: "Only moderators may remove what others have said.",
  fr: "Seuls les modérateurs peuvent retirer ce que d'autres ont dit.",
};
