import { channels } from "#core/bus.ts";
import { sql } from "#core/database.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { Jid } from "#jid/jid.ts";

/** Accounts that an operator has locked; `since` in milliseconds since the epoch. */
export const migrations = ["create table account_lock (account text not null primary key, since integer not null)"];

const prefix = "account-lock ";

/** The locked accounts of all hosts: few, so that they are in memory, and a login costs no query. */
export class Locks {
  readonly #host: Pick<Host, "db" | "server" | "log">;
  readonly #locked = new Set<string>();

  private constructor(host: Pick<Host, "db" | "server" | "log">) {
    this.#host = host;
  }

  /** @param changed called after another node has locked or unlocked an account */
  static async load(host: Pick<Host, "db" | "server" | "log">, changed: (account: string) => void): Promise<Locks> {
    const locks = new Locks(host);
    host.server.bus.on(channels.stale, (payload) => {
      if (!payload.startsWith(prefix)) return;
      const account = payload.slice(prefix.length);
      background(
        host.log,
        locks.#read(account).then(() => changed(account)),
      );
    });
    const rows = await host.db.all<{ account: string }>(sql`select account from account_lock`);
    for (const { account } of rows) locks.#locked.add(account);
    return locks;
  }

  has(account: Jid): boolean {
    return this.#locked.size > 0 && this.#locked.has(account.bare.toString());
  }

  /** Resolves when it is on disk and known here; false if the account was locked already. */
  async add(account: Jid): Promise<boolean> {
    const key = account.bare.toString();
    this.#locked.add(key); // at once: a login on its way must not slip through
    const query = sql`insert into account_lock (account, since) values (${key}, ${Date.now()}) on conflict do nothing`;
    return this.#changed(key, query);
  }

  /** Resolves when it is on disk; false if the account was not locked. */
  async remove(account: Jid): Promise<boolean> {
    const key = account.bare.toString();
    const changed = await this.#changed(key, sql`delete from account_lock where account = ${key}`);
    this.#locked.delete(key);
    return changed;
  }

  async #changed(key: string, query: ReturnType<typeof sql>): Promise<boolean> {
    const count = await this.#host.db.run(query);
    if (count > 0) this.#host.server.bus.broadcast(channels.stale, prefix + key);
    return count > 0;
  }

  async #read(key: string): Promise<void> {
    const row = await this.#host.db.one(sql`select 1 from account_lock where account = ${key}`);
    if (row === undefined) this.#locked.delete(key);
    else this.#locked.add(key);
  }
}
