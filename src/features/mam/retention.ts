import { type Database, sql } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";
import { startOf } from "./ids.ts";

/** How long an operator wants one archive to be kept: milliseconds, 0 for not at all, Infinity for a hold without an end. */
export interface Exception {
  /** A bare JID, of an account or a room. */
  readonly address: string;
  readonly keepMs: number;
}

/** What the settings say of all archives. */
export interface Terms {
  /** Milliseconds that messages are kept: of accounts, and of rooms; 0: none are archived. */
  readonly keepMs: number;
  readonly keepRoomsMs: number;
  /** Messages that one archive holds at most; 0: any number. */
  readonly most: number;
}

interface Row {
  readonly account: string;
  readonly keep: number | null;
}

/** How long archives are kept: as the settings say of all, or as an operator has said of one. */
export class Retention {
  readonly #db: Database;
  readonly #exceptions: Map<string, number>;

  readonly terms: Terms;
  readonly #withAccounts = new Set<string>();

  private constructor(db: Database, terms: Terms, exceptions: Map<string, number>) {
    this.#db = db;
    this.terms = terms;
    this.#exceptions = exceptions;
  }

  static async open(db: Database, terms: Terms): Promise<Retention> {
    const rows = await db.all<Row>(sql`select account, keep from archive_retention`);
    return new Retention(
      db,
      terms,
      new Map(rows.map(({ account, keep }) => [account, keep ?? Number.POSITIVE_INFINITY])),
    );
  }

  /** All exceptions, by address. */
  get exceptions(): readonly Exception[] {
    const all = [...this.#exceptions].map(([address, keepMs]) => ({ address, keepMs }));
    return all.sort((one, other) => (one.address < other.address ? -1 : 1));
  }

  /** How long the archive of an owner is kept, in milliseconds; undefined if as long as all others. */
  of(owner: Jid): number | undefined {
    return this.#exceptions.size === 0 ? undefined : this.#exceptions.get(owner.bare.toString());
  }

  /** Says that the archives of a domain are those of accounts; others are those of rooms. */
  addAccounts(domain: string): void {
    this.#withAccounts.add(domain);
  }

  /**
   * The lowest id that is kept of an owner's archive whose domain would keep from `usual` on. A room says a later one than
   * all rooms do if it is younger than that: what is older was said in another room of the same address, and is nobody's.
   */
  lowest(owner: Jid, usual: number): number {
    const keepMs = this.of(owner);
    if (keepMs === undefined || usual === Number.MAX_SAFE_INTEGER) return usual;
    if (keepMs === 0) return Number.MAX_SAFE_INTEGER;
    const own = startOf(Date.now() - keepMs);
    const isYoung = !this.#withAccounts.has(owner.domain) && usual > startOf(Date.now() - this.terms.keepRoomsMs);
    return isYoung ? Math.max(own, usual) : own;
  }

  /** Whether nothing that comes is put into the archive of an owner. */
  refuses(owner: Jid): boolean {
    return this.of(owner) === 0;
  }

  /** Whether nothing goes from the archive of an owner by itself. */
  holds(owner: Jid): boolean {
    return this.of(owner) === Number.POSITIVE_INFINITY;
  }

  /** Makes an exception, or with undefined ends it; resolves when it is on disk. */
  async set(owner: Jid, keepMs: number | undefined): Promise<void> {
    const address = owner.bare.toString();
    if (keepMs === undefined) {
      await this.#db.run(sql`delete from archive_retention where account = ${address}`);
      this.#exceptions.delete(address);
      return;
    }
    const keep = Number.isFinite(keepMs) ? keepMs : null;
    await this.#db.run(
      sql`insert into archive_retention (account, keep) values (${address}, ${keep})
        on conflict (account) do update set keep = excluded.keep`,
    );
    this.#exceptions.set(Buffer.from(address).toString(), keepMs); // a copy: it stays
  }
}
