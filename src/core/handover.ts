import { type Hook, hook } from "./hooks.ts";
import type { LocalSession } from "./session.ts";

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What features keep of a session beside its facts, each under its own name. */
export type Memory = Record<string, Json>;

/** The server stops: who takes this session keeps it for the next process. Handlers must be synchronous. */
export const staying: Hook<LocalSession> = hook("session stays");

/**
 * The server stops. Stanzas under way are done, sessions that nobody keeps have ended, and others have been told: the
 * sessions that stay are written now.
 */
export const suspending: Hook<{ readonly domain: string }> = hook("sessions suspended");

/** The server starts: every feature is there, nobody is let in yet. Sessions of the process before come back. */
export const reviving: Hook<{ readonly domain: string }> = hook("sessions revived");

/** The state of a session is about to be written: features add what is theirs. Handlers must be synchronous. */
export const remembering: Hook<{ readonly session: LocalSession; readonly memory: Memory }> =
  hook("session remembered");

/** A session of the process before is back: features take what is theirs. Handlers must be synchronous. */
export const recalling: Hook<{ readonly session: LocalSession; readonly memory: Readonly<Memory> }> =
  hook("session recalled");
