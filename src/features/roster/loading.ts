import type { Database } from "#core/database.ts";
import type { Addresses } from "./addresses.ts";
import { readRosters, type StoredRoster } from "./store.ts";

/** A roster as it was read; not current if it has been changed elsewhere meanwhile, so that it must not be kept. */
export interface Loaded {
  readonly stored: StoredRoster;
  readonly current: boolean;
}

interface Reading {
  readonly promise: Promise<Loaded>;
  readonly resolve: (loaded: Loaded) => void;
  readonly reject: (problem: unknown) => void;
  outdated: boolean;
}

/** Rosters in one query. */
const together = 64;

/** Reads rosters: those that are asked for in the same moment together, and none twice at a time. */
export class Loading {
  readonly #db: Database;
  readonly #addresses: Addresses;
  readonly #readings = new Map<string, Reading>();
  #asked: string[] = [];

  constructor(db: Database, addresses: Addresses) {
    this.#db = db;
    this.#addresses = addresses;
  }

  read(account: string): Promise<Loaded> {
    const known = this.#readings.get(account);
    if (known !== undefined) return known.promise;
    const { promise, resolve, reject } = Promise.withResolvers<Loaded>();
    this.#readings.set(account, { promise, resolve, reject, outdated: false });
    if (this.#asked.push(account) === 1) queueMicrotask(() => this.#readAsked());
    return promise;
  }

  /** What is being read of an account has just been changed. */
  outdate(account: string): void {
    const reading = this.#readings.get(account);
    if (reading !== undefined) reading.outdated = true;
  }

  #readAsked(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let start = 0; start < asked.length; start += together)
      void this.#readSome(asked.slice(start, start + together));
  }

  async #readSome(accounts: readonly string[]): Promise<void> {
    try {
      const found = await readRosters(this.#db, accounts, this.#addresses);
      for (const account of accounts) {
        const reading = this.#end(account);
        reading.resolve({ stored: found.get(account)!, current: !reading.outdated });
      }
    } catch (problem) {
      for (const account of accounts) this.#end(account).reject(problem);
    }
  }

  #end(account: string): Reading {
    const reading = this.#readings.get(account)!;
    this.#readings.delete(account);
    return reading;
  }
}
