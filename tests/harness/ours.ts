import { rmSync } from "node:fs";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import { silent } from "#core/log.ts";
import { MemorySockets } from "#core/memory-sockets.ts";
import type { Accounts, Authenticator } from "#sasl/authenticator.ts";
import { memoryPair } from "#stream/memory.ts";
import { talkative } from "./log.ts";
import type { Target, TargetOptions } from "./target.ts";

/** Our own server, whole, in this process: memory transports, a database in memory, accounts in a table. */
export async function startOurs(options: TargetOptions): Promise<Target> {
  const db = await openSqlite({ file: ":memory:" });
  const tables = new Map(options.domains.map((domain) => [domain, new MemoryAccounts()]));
  const assembly = await assemble({
    domains: options.domains.map((name) => ({ name, aliases: options.aliases[name] ?? [] })),
    sections: new Map(Object.entries(options.settings)),
    db,
    accounts: (domain) => tables.get(domain)!,
    people: (domain) => options.people?.[domain],
    ...(options.network === undefined ? {} : { network: options.network }),
    sockets: new MemorySockets(),
    log: process.env.LOG ? talkative : silent,
    version: "0.0.0-test",
  }).catch(async (error) => {
    await db.close(); // its thread would keep the test process alive
    throw error;
  });
  return {
    name: "parloir",
    assembly,
    async account(local, domain, password) {
      tables.get(domain)!.passwords.set(local, password);
    },
    async connect({ secure = true } = {}) {
      const [near, far] = memoryPair({ secure });
      assembly.accept("c2s", far);
      return near;
    },
    async stop() {
      await assembly.stop();
      rmSync(assembly.server.folder, { recursive: true, force: true });
      await db.close();
    },
  };
}

/** Accounts of a test: passwords as they are, PLAIN only. */
class MemoryAccounts implements Authenticator {
  readonly passwords = new Map<string, string>();
  readonly hashes = [];

  exists(user: string): boolean {
    return this.passwords.has(user);
  }

  async verify(user: string, password: string): Promise<boolean> {
    return this.passwords.get(user) === password;
  }

  readonly admin: Accounts = {
    create: async (user, password) => void this.passwords.set(user, password),
    setPassword: async (user, password) => void this.passwords.set(user, password),
    remove: async (user) => void this.passwords.delete(user),
    list: async () => [...this.passwords.keys()],
  };
}
