import { channels } from "#core/bus.ts";
import type { Host } from "#core/host.ts";
import { closed, opened } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { type BlockList, blockList } from "./block-list.ts";
import type { BlockingStore } from "./store.ts";

type Known = BlockList | Promise<BlockList>;

/** What becomes of a list; addresses as text. */
export interface ListChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Lists of accounts without a session that are kept in memory. */
const mostIdle = 5000;
const stalePrefix = "blocking ";

/** The block lists of a host: in memory for accounts with sessions, and for some others that were written to lately. */
export class BlockLists {
  readonly #host: Host;
  readonly #store: BlockingStore;
  readonly #known = new Map<string, Known>();
  /** Of the known ones, those of accounts without a session, the longest unused first. */
  readonly #idle = new Set<string>();

  constructor(host: Host, store: BlockingStore) {
    this.#host = host;
    this.#store = store;
    host.on(opened, "check", (session) => {
      const account = session.jid.bare;
      this.#idle.delete(account.toString());
      if (!this.#known.has(account.toString())) this.#load(account).catch(() => {}); // who needs it meets the error
    });
    host.on(closed, "copy", (session) => {
      if (host.sessions.of(session.jid).length === 0) this.#putAside(session.jid.bare.toString());
    });
    host.server.bus.on(channels.stale, (key) => {
      if (key.startsWith(stalePrefix)) this.#drop(key.slice(stalePrefix.length));
    });
  }

  /** The list of an account; at once if it is in memory. */
  of(account: Jid): Known {
    const key = account.toString();
    const known = this.#known.get(key);
    if (known === undefined) return this.#load(account);
    if (this.#idle.size > 0 && this.#idle.delete(key)) this.#idle.add(key);
    return known;
  }

  /** The list of an account if it is in memory, as it is soon after the account has a session. */
  loaded(account: Jid): BlockList | undefined {
    const known = this.#known.get(account.toString());
    return known instanceof Promise ? undefined : known;
  }

  /** Changes a list on disk, then in memory; `between` is called between the two, at once before the latter. */
  async change(account: Jid, { added, removed }: ListChange, between: () => void): Promise<void> {
    const key = account.toString();
    await this.#store.change(key, added, removed);
    between();
    const known = this.#known.get(key);
    if (known instanceof Promise) this.#drop(key);
    else if (known) this.#known.set(key, blockList([...[...known].filter((jid) => !removed.includes(jid)), ...added]));
    this.#host.server.bus.broadcast(channels.stale, stalePrefix + key);
  }

  /** The account is gone: so is its list. */
  forget(account: Jid): void {
    this.#drop(account.toString());
    this.#host.server.bus.broadcast(channels.stale, stalePrefix + account.toString());
  }

  #load(account: Jid): Promise<BlockList> {
    const key = account.toString();
    const loading = this.#store.of(key).then(
      (jids) => {
        const list = blockList(jids);
        if (this.#known.get(key) === loading) this.#known.set(key, list);
        return list;
      },
      (problem) => {
        if (this.#known.get(key) === loading) this.#drop(key);
        throw problem;
      },
    );
    this.#known.set(key, loading);
    if (this.#host.sessions.of(account).length === 0) this.#putAside(key);
    return loading;
  }

  #putAside(account: string): void {
    if (!this.#known.has(account)) return;
    this.#idle.add(account);
    if (this.#idle.size <= mostIdle) return;
    const oldest = this.#idle.values().next().value;
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(account: string): void {
    this.#known.delete(account);
    this.#idle.delete(account);
  }
}
