import type { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { type Hook, hook } from "./hooks.ts";
import type { Packet } from "./packet.ts";

export type FactValue = string | number | boolean;

/** What every node may read about a session; owned by the feature that declares it. */
export interface Fact<T extends FactValue> {
  readonly name: string;
  readonly initial: T;
}

export function fact<T extends FactValue>(name: string, initial: T): Fact<T extends boolean ? boolean : T> {
  return Object.freeze({ name, initial }) as Fact<T extends boolean ? boolean : T>;
}

/** Whether the session has sent initial presence (RFC 6121 §4.2). */
export const available: Fact<boolean> = fact("available", false);
/** Its priority, -128 to 127 (RFC 6121 §4.7.2.3); means something only while it is available. */
export const priority: Fact<number> = fact<number>("priority", 0);

/** The alias of its domain that its stream was opened to; "" for the domain itself. */
export const face: Fact<string> = fact<string>("face", "");

/** A bound resource, here or on another node: senders cannot tell. */
export interface Session {
  readonly jid: Jid;
  get<T extends FactValue>(fact: Fact<T>): T;
  /** Announced to all nodes; only the session's own node may. */
  set<T extends FactValue>(fact: Fact<T>, value: T): void;
  send(stanza: Stanza): void;
}

/**
 * How far something is on its way to a client.
 * - `written`: given to the connection; whether it arrives nobody knows.
 * - `kept`: the client has not acknowledged it; should its session end, it is rescued.
 * - `away`: likewise, and it is on disk, as the client is away or seems to be.
 * - `taken`: the client has acknowledged it, or its side of the connection took it where clients do not say more.
 * - `lost`: the connection is over, and its other side did not take it.
 */
export type Progress = "written" | "kept" | "away" | "taken" | "lost";

/** The end of a session that holds its connection; filled by c2s. */
export interface Connection {
  /** The peer's address, for the log. */
  readonly peer: string;
  /** Bytes that were written and that the client's side has not taken yet: with too many it is cut off. */
  readonly unsent: number;
  /** Writes a stanza to the client. Returns its size in bytes. */
  deliver(stanza: Stanza): number;
  /** Says how far all that was delivered before has come, whenever it is asked; asks the client where that helps. */
  follow(): () => Progress;
  /** Writes an element of the stream that is not a stanza. */
  send(element: Element): void;
  /** Lets go of the session, which goes on elsewhere, and closes the stream with `conflict`. */
  release(): void;
  /** Cuts the connection: nobody is there any more. */
  drop(): void;
  /** Closes the stream with a stream error condition (RFC 6120 §4.9.3), or orderly. */
  end(
    condition?: "conflict" | "not-authorized" | "policy-violation" | "reset" | "system-shutdown",
    text?: string,
  ): void;
}

/** A session of this node. */
export interface LocalSession extends Session {
  /** Where its stanzas go. Whoever puts another in its place passes on what it is given. */
  connection: Connection;
  /** Stanzas of the client that have been handled since it was bound. */
  readonly handled: number;
  /** Something that must be on disk before a stanza of the client counts as handled for good (XEP-0198). */
  awaits(work: Promise<unknown>): void;
  /** Settles when all that is awaited has; undefined where nothing is. */
  readonly safe: Promise<unknown> | undefined;
  /** Ends the session; its connection is not touched. Once. */
  close(): void;
  /** It goes on in the next process: from now on nothing ends it here. */
  suspend(): void;
  /** All facts that were set, by name. */
  readonly facts: Readonly<Record<string, FactValue>>;
  /** The `xml:lang` of its stream. */
  readonly lang: string | undefined;
  /** When it was bound. */
  readonly since: Date;
}

/** A resource has been bound (RFC 6120 §7); on its own node. */
export const opened: Hook<LocalSession> = hook("session opened");
/**
 * What a client sent is about to be acknowledged (XEP-0198): handlers wait until it is on disk, and take it where it cannot
 * be; then it is not acknowledged.
 */
export const acknowledging: Hook<LocalSession> = hook("acknowledging");
/** The connection of a session broke: who takes this keeps the session for a while. Handlers must be synchronous. */
export const losing: Hook<LocalSession> = hook("connection lost");
/** A session has ended, however: its row is gone already. On its own node, exactly once. */
export const closed: Hook<LocalSession> = hook("session closed");
/** About to be written, on the session's node; whoever takes it keeps it. */
export const delivering: Hook<Packet & { readonly session: LocalSession }> = hook("delivering");
