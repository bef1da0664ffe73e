import type { Jid } from "#jid/jid.ts";
import { type Hook, hook } from "./hooks.ts";

/** An account is being deleted: its sessions are over; every feature removes what it keeps of it. */
export const removing: Hook<{ readonly account: Jid }> = hook("account removed");

/**
 * Somebody has proved to own an account, and is about to be told so (RFC 6120 §6.4.6). Handlers refuse by throwing a
 * SaslError.
 */
export const admitting: Hook<{ readonly account: Jid }> = hook("account admitted");
