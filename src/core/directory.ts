import type { Jid } from "#jid/jid.ts";
import type { Session } from "./session.ts";

/** Who is connected where. Each node holds the whole table and writes only its own rows. */
export interface Directory {
  /** The sessions of an account, in the order in which they were bound. */
  of(account: Jid): readonly Session[];
  find(full: Jid): Session | undefined;
  /** Accounts with at least one session. */
  accounts(): IterableIterator<string>;
  readonly size: number;
}

const none: readonly Session[] = [];

/** The table itself. Rows of one account are replaced, never changed, so readers may walk them while it changes. */
export class SessionTable implements Directory {
  readonly #rows = new Map<string, readonly Session[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  of(account: Jid): readonly Session[] {
    return this.#rows.get(account.bare.toString()) ?? none;
  }

  find(full: Jid): Session | undefined {
    const list = this.of(full);
    const resource = full.resource;
    for (let index = 0; index < list.length; index++) {
      if (list[index]!.jid.resource === resource) return list[index];
    }
    return undefined;
  }

  accounts(): IterableIterator<string> {
    return this.#rows.keys();
  }

  add(session: Session): void {
    const key = session.jid.bare.toString();
    const list = this.#rows.get(key);
    this.#rows.set(key, list === undefined ? [session] : [...list, session]);
    this.#size++;
  }

  remove(session: Session): boolean {
    const key = session.jid.bare.toString();
    const list = this.#rows.get(key);
    if (list === undefined || !list.includes(session)) return false;
    if (list.length === 1) this.#rows.delete(key);
    else
      this.#rows.set(
        key,
        list.filter((other) => other !== session),
      );
    this.#size--;
    return true;
  }
}
