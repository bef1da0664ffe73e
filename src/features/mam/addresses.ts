import { Recent } from "#collections/recent.ts";
import type { Database } from "#core/database.ts";
import { type AddressRow, deleteAddresses, findAddresses } from "./store.ts";

/** Addresses whose number is kept in memory. */
const remembered = 50_000;

/** The numbers by which the archive knows bare JIDs. They do not change while a message has the address. */
export class Addresses {
  readonly #db: Database;
  readonly #known = new Recent<number>(remembered);
  /** Grows when numbers are given up. */
  #generation = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The number of an address if it is in memory. */
  known(jid: string): number | undefined {
    return this.#known.get(jid);
  }

  /** Reads the numbers of addresses into memory. */
  async learn(jids: readonly string[]): Promise<void> {
    for (;;) {
      const generation = this.#generation;
      const found = await findAddresses(this.#db, jids);
      if (generation !== this.#generation) continue; // one of them may have been given up meanwhile
      for (const { id, jid } of found) this.#known.set(jid, id);
      return;
    }
  }

  /**
   * Gives up addresses that no indexed message has, unless one came after `indexed`, the last that is in the index; resolves
   * with how many went.
   */
  remove(addresses: readonly AddressRow[], indexed: number): Promise<number> {
    // Both in one go: a message that was written with one of the numbers is there before, another looks for them again.
    this.#generation++;
    for (const { jid } of addresses) this.#known.delete(jid);
    return this.#db.run(deleteAddresses(addresses, indexed));
  }

  /** The number of an address; undefined if the archive has never met it. */
  async find(jid: string): Promise<number | undefined> {
    if (this.known(jid) === undefined) await this.learn([jid]);
    return this.known(jid);
  }
}
