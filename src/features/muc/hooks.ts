import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import type { Presence } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import type { Affiliation, Role } from "./affiliations.ts";
import type { Config } from "./configuration.ts";
import type { Nick } from "./names.ts";
import type { Occupant, Seat } from "./occupants.ts";
import type { Room } from "./room.ts";

/**
 * The moments of a room, fired on the host of the service. Handlers are synchronous: what happens in a room happens in
 * one order for everybody.
 */

/** Somebody is about to enter, or to add a client. In "check" handlers refuse by throwing a StanzaError; in "amend" they change. */
export interface Joining {
  readonly room: Room;
  /** The client's full JID. */
  readonly jid: Jid;
  readonly stanza: Presence;
  readonly affiliation: Affiliation;
  nick: Nick;
  role: Role;
  /** Whether the person is in the room under this nickname already, with another client. */
  readonly again: boolean;
  /** Status codes of the self-presence. */
  readonly codes: Set<number>;
}
export const joining: Hook<Joining> = hook("room joining");

/** The presence of an occupant is put together, as all others will get it: handlers add payloads in "amend". */
export interface Building {
  readonly room: Room;
  readonly occupant: Occupant;
  /** Beside what the client sent and the `<x/>` of the room. */
  readonly payloads: Element[];
}
export const building: Hook<Building> = hook("room presence built");

/** An occupant has gone, with the last client; the room knows them no more. */
export const leaving: Hook<{ readonly room: Room; readonly occupant: Occupant }> = hook("room left");

/** An occupant says something to all, or sets the subject: handlers refuse in "check", change in "amend", keep in "record". */
export interface Speaking {
  readonly room: Room;
  readonly occupant: Occupant;
  /** The client's full JID. */
  readonly jid: Jid;
  /** The id that the room gives it; 0 before "amend". */
  id: number;
  /** As all will get it, but for the addresses. */
  message: Element;
  /** Whether it sets the subject. */
  readonly subject: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}
export const speaking: Hook<Speaking> = hook("room message");

/** The configuration of a room has changed; it is kept already. */
export const configured: Hook<{ readonly room: Room; readonly before: Config }> = hook("room configured");

/** A message is taken back: by the id that the room gave it; `element` is what is left of it. */
export const retracted: Hook<{ readonly room: Room; readonly id: string; readonly element: Element }> =
  hook("room message retracted");

/** A room is about to be destroyed; its occupants are still there. */
export const destroying: Hook<{ readonly room: Room; readonly reason: string }> = hook("room destroyed");

/** A room as lists of rooms show it. */
export interface ListedRoom {
  readonly jid: Jid;
  /** The same as text. */
  readonly address: string;
  readonly name: string;
  readonly description: string;
  readonly language: string;
  readonly occupants: number;
  /** Whether one enters without being a member and without a password. */
  readonly open: boolean;
  readonly anonymous: boolean;
}

/** Somebody wants to know which rooms there are: those that the reader may know of are put in "amend". */
export const listingRooms: Hook<{ readonly reader: Jid; readonly rooms: ListedRoom[] }> = hook("rooms listed");

/** Fires one of them. @throws what a handler throws */
export function fireNow<Event>(host: Host, hook: Hook<Event>, event: Event): boolean {
  const taken = host.fire(hook, event);
  if (taken instanceof Promise) throw new Error(`handlers of ${hook.name} must be synchronous, to keep the order`);
  return taken;
}

/** A client in a room cannot be reached: it is gone without a word (§18.1.2). For the feature itself. */
export const lost: Hook<{ readonly room: Room; readonly seat: Seat }> = hook("room client lost");
