import { StanzaError } from "#stanza/error.ts";
import { body } from "#stanza/stanza.ts";
import { atLeast } from "./affiliations.ts";
import { speaking } from "./hooks.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

/** When people last spoke in a room with slow mode: by bare JID, the oldest first (XEP-0500 §8). */
type Spoken = Map<string, number>;

/** Slow mode (XEP-0500): in a busy room everybody waits a while between two messages. */
export function slowDown({ host }: RoomService): void {
  const rooms = new WeakMap<Room, Spoken>();
  host.on(speaking, "check", ({ room, occupant, message, at }) => {
    const pause = room.config.slow * 1000;
    if (pause === 0 || message.child(body) === undefined) return;
    if (atLeast(room.affiliationOf(occupant.account), "admin")) return; // §6
    const spoken = rooms.get(room) ?? new Map<string, number>();
    rooms.set(room, spoken);
    forgetOld(spoken, at - pause);
    const account = occupant.account.toString();
    if (spoken.has(account)) throw new StanzaError("policy-violation", tooSoon(room.config.slow), { type: "wait" });
    spoken.set(account, at);
  });
}

function forgetOld(spoken: Spoken, before: number): void {
  for (const [account, at] of spoken) {
    if (at > before) return;
    spoken.delete(account);
  }
}

function tooSoon(seconds: number) {
  return {
    en: `In this room you have to wait ${seconds} seconds between two messages.`,
    fr: `Dans ce salon, il faut attendre ${seconds} secondes entre deux messages.`,
  };
}
