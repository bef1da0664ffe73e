import type { Account } from "./store.ts";

export interface CacheSettings {
  /** How many accounts are kept, unknown names included. */
  readonly entries: number;
  /** How long an entry is used, in milliseconds. */
  readonly lifetime: number;
}

interface Entry {
  found: Account | undefined | Promise<Account | undefined>;
  readonly expires: number;
}

const defaults: CacheSettings = { entries: 10_000, lifetime: 5000 };

/**
 * Accounts lately asked for. Another process, such as the command line or another node, may change an account at any
 * time, so entries live a few seconds only. Asking the database whether an entry is still right would cost what
 * reading it anew costs; a message from the other process would need both to be up. So a changed password or a removed
 * account counts at once here, and elsewhere after `lifetime`.
 */
export class AccountCache {
  readonly #load: (user: string) => Promise<Account | undefined>;
  readonly #settings: CacheSettings;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Entry>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    load: (user: string) => Promise<Account | undefined>,
    settings: Partial<CacheSettings> = {},
    clock: () => number = () => performance.now(),
  ) {
    this.#load = load;
    this.#settings = { ...defaults, ...settings };
    this.#clock = clock;
  }

  /** The account, if it is known here; else a promise of it, shared by all who ask meanwhile. */
  get(user: string): Account | undefined | Promise<Account | undefined> {
    const entry = this.#entries.get(user);
    if (entry !== undefined && this.#clock() < entry.expires) return entry.found;
    return this.#fill(user);
  }

  forget(user: string): void {
    this.#entries.delete(user);
  }

  /** The number of entries held. */
  get size(): number {
    return this.#entries.size;
  }

  async #fill(user: string): Promise<Account | undefined> {
    const found = this.#load(user);
    const entry: Entry = { found, expires: this.#clock() + this.#settings.lifetime };
    this.#entries.delete(user);
    this.#entries.set(user, entry);
    this.#shrink();
    this.#sweepLater();
    try {
      entry.found = await found;
      return entry.found;
    } catch (error) {
      if (this.#entries.get(user) === entry) this.#entries.delete(user);
      throw error;
    }
  }

  /** What nobody asks for again must not stay in memory: thousands log in once in the morning. */
  #sweepLater(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      const now = this.#clock();
      for (const [user, entry] of this.#entries) {
        if (entry.expires > now) break;
        this.#entries.delete(user);
      }
      if (this.#entries.size > 0) this.#sweepLater();
    }, this.#settings.lifetime).unref();
  }

  // Entries are in the order in which they were read, so the first is the one that expires first.
  #shrink(): void {
    if (this.#entries.size <= this.#settings.entries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
