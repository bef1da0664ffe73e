import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Room } from "./room.ts";
import type { TombstoneRow } from "./store.ts";

/** What is left of a room that its owner has destroyed. */
export function tombstoneOf(room: Room, reason: string, alternative: Jid | undefined): TombstoneRow {
  const owners = room.listOf("owner").map(({ jid }) => jid.toString());
  return {
    room: room.jid.toString(),
    reason,
    alternative: alternative?.toString() ?? "",
    owners: owners.join(" "),
    at: Date.now(),
  };
}

/** What those are told who enter such a room. */
export function explained({ reason, alternative }: TombstoneRow): StanzaError {
  const en = ["This room has been destroyed by its owner.", ...(reason === "" ? [] : [`Reason: ${reason}`])];
  const fr = ["Ce salon a été détruit par son propriétaire.", ...(reason === "" ? [] : [`Motif : ${reason}`])];
  if (alternative !== "") {
    en.push(`Go to ${alternative} instead.`);
    fr.push(`Rendez-vous plutôt dans ${alternative}.`);
  }
  const uri = alternative === "" ? undefined : `xmpp:${alternative}?join`;
  return new StanzaError("gone", { en: en.join(" "), fr: fr.join(" ") }, uri === undefined ? {} : { uri });
}
