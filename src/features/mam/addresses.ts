import { Recent } from "#collections/recent.ts";
import type { Database } from "#core/database.ts";
import { findAddresses } from "./store.ts";

/** Addresses whose number is kept in memory. */
const remembered = 50_000;

/** The numbers by which the archive knows bare JIDs. They never change. */
export class Addresses {
  readonly #db: Database;
  readonly #known = new Recent<number>(remembered);

  constructor(db: Database) {
    this.#db = db;
  }

  /** The number of an address if it is in memory. */
  known(jid: string): number | undefined {
    return this.#known.get(jid);
  }

  /** Reads the numbers of addresses into memory. */
  async learn(jids: readonly string[]): Promise<void> {
    for (const { id, jid } of await findAddresses(this.#db, jids)) this.#known.set(jid, id);
  }

  /** The number of an address; undefined if the archive has never met it. */
  async find(jid: string): Promise<number | undefined> {
    if (this.known(jid) === undefined) await this.learn([jid]);
    return this.known(jid);
  }
}
