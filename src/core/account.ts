import type { Jid } from "#jid/jid.ts";
import { type Hook, hook } from "./hooks.ts";

/** An account is being deleted: its sessions are over; every feature removes what it keeps of it. */
export const removing: Hook<{ readonly account: Jid }> = hook("account removed");
