import { delayed } from "#stanza/delay.ts";
import { StanzaError } from "#stanza/error.ts";
import { client } from "#stanza/namespaces.ts";
import { body, message, thread } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { speaking } from "./hooks.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { putSubject } from "./store.ts";

export const subject = tag(client, "subject");

/** Whether a message sets the subject: with a subject, but neither body nor thread (XEP-0045 §7.2.15, §8.1). */
export function setsSubject(element: Element): boolean {
  return (
    element.child(subject) !== undefined && element.child(body) === undefined && element.child(thread) === undefined
  );
}

/** What newcomers get after the history (§7.2.15). */
export function subjectMessage(room: Room): Pick<NonNullable<Room["subject"]>, "element" | "from"> {
  return room.subject ?? { element: none, from: room.jid };
}

const none = message({ type: "groupchat" }, subject());

/** Subjects: who may set one, and that it is kept (XEP-0045 §8.1). */
export function keepSubjects({ host, store }: RoomService): void {
  host.on(speaking, "check", (event) => {
    if (!event.subject || event.occupant.role === "moderator") return;
    if (!event.room.config.subject || event.occupant.role === "visitor") throw new StanzaError("forbidden", notYours);
  });
  host.on(speaking, "record", ({ subject: sets, room, occupant, message: said, at }) => {
    if (!sets) return;
    const stamped = said.append(delayed(room.jid, new Date(at))).compact();
    room.subject = { element: stamped, from: occupant.jid, text: stamped.child(subject)?.text ?? "" };
    if (!room.locked) store.later(putSubject(room.jid.toString(), stamped.toString(), occupant.jid.toString()));
  });
}

const notYours = {
  en: "Only moderators may change the subject of this room.",
  fr: "Seuls les modérateurs peuvent changer le sujet de ce salon.",
};
