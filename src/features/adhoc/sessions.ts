import { randomUUID } from "node:crypto";
import type { Command, Stage } from "./command.ts";

/** Somebody in the middle of a command. */
export interface CommandSession {
  readonly id: string;
  readonly command: Command;
  /** The full JID of the caller and the address of the command: nobody else goes on with it (§3.3). */
  readonly from: string;
  readonly to: string;
  /** The `xml:lang` of its first request holds for all of it (§3.7). */
  readonly lang: string | undefined;
  /** The stages passed, the present one last. */
  readonly stages: readonly Stage[];
}

interface Kept extends CommandSession {
  readonly at: number;
}

export interface SessionLimits {
  /** Of everybody together; beyond it the oldest goes; 0: any number. */
  readonly most: number;
  /** Of one account or other bare address; 0: any number. */
  readonly mostOfOne: number;
  /** Milliseconds without a request after which one ends. */
  readonly lifetime: number;
}

/** Commands that somebody is in the middle of: their number and their time are bounded (§3.3). */
export class CommandSessions {
  readonly #limits: SessionLimits;
  readonly #clock: () => number;
  /** Those used last are last. */
  readonly #sessions = new Map<string, Kept>();
  readonly #counts = new Map<string, number>();

  /** @param clock monotonic, in milliseconds */
  constructor(limits: SessionLimits, clock: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** An id that no session has had. */
  newId(): string {
    return randomUUID();
  }

  /** Whether an id looks like one of ours: then its session has been. */
  wasOurs(id: string): boolean {
    return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);
  }

  /** Takes a session out, to go on with it; undefined where there is none, or it is another's. */
  take(id: string, from: string, to: string): CommandSession | undefined {
    this.#expire();
    const session = this.#sessions.get(id);
    if (session === undefined || session.from !== from || session.to !== to) return undefined;
    this.#remove(session);
    return session;
  }

  /** Keeps it, as the one used last. */
  put(session: CommandSession): void {
    this.#expire();
    const owner = ownerOf(session);
    const count = this.#counts.get(owner) ?? 0;
    const { most, mostOfOne } = this.#limits;
    if (mostOfOne > 0 && count >= mostOfOne) this.#remove(this.#oldestOf(owner));
    else if (most > 0 && this.#sessions.size >= most) this.#remove(this.#sessions.values().next().value!);
    this.#sessions.set(session.id, { ...session, at: this.#clock() });
    this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + 1);
  }

  #oldestOf(owner: string): Kept {
    for (const session of this.#sessions.values()) if (ownerOf(session) === owner) return session;
    throw new Error("counted more sessions than there are");
  }

  #expire(): void {
    const oldest = this.#clock() - this.#limits.lifetime;
    for (const session of this.#sessions.values()) {
      if (session.at > oldest) return;
      this.#remove(session);
    }
  }

  #remove(session: Kept): void {
    this.#sessions.delete(session.id);
    const owner = ownerOf(session);
    const left = (this.#counts.get(owner) ?? 0) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }
}

/** The bare address of the caller. */
function ownerOf({ from }: CommandSession): string {
  const slash = from.indexOf("/");
  return slash < 0 ? from : from.slice(0, slash);
}
