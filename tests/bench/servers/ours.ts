import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountStore, migrations } from "#adapters/internal-auth/store.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { ask } from "#app/control/client.ts";
import { migrate } from "#core/migrations.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import { startService } from "#test/harness/service.ts";
import type { Target } from "../load/target.ts";

const domain = "bench.test";
const password = "pw";
/** u0 to u3399. */
const users = 3400;

/** Our service with its users, in a folder of its own that goes when it stops. */
export interface Ours extends Target {
  /** When its process was started; of performance.now(). */
  readonly startedAt: number;
  /** What it has complained of. */
  readonly log: string;
  stop(): Promise<void>;
}

/** Writes the accounts into the database before the service starts; all with the same salt, so that it takes a moment. */
async function makeAccounts(data: string): Promise<void> {
  mkdirSync(data, { mode: 0o700 });
  const database = await openSqlite({ file: join(data, "parloir.sqlite") });
  await migrate(database, [{ owner: "internal-auth", steps: migrations }]);
  const salt = Buffer.alloc(16, 7);
  const keys = new Map([
    ["SHA-256", await deriveKeys(password, "SHA-256", salt, 10_000)] as const,
    ["SHA-1", await deriveKeys(password, "SHA-1", salt, 10_000)] as const,
  ]);
  const store = new AccountStore(database, domain);
  await Promise.all(Array.from({ length: users }, (_, index) => store.create(`u${index}`, keys)));
  await database.close();
}

/** Starts our service as operators do: a process of its own, a database on disk, no limits to what a client may send. */
export async function startOurs(): Promise<Ours> {
  const folder = mkdtempSync(join(tmpdir(), "parloir-bench-"));
  const data = join(folder, "data");
  await makeAccounts(data);
  const startedAt = performance.now();
  const service = await startService({
    folder,
    domains: [domain],
    settings: {
      log: { level: "warn" },
      limits: { connections: 30_000, "connections-per-address": 30_000 },
      c2s: { encryption: "optional", rate: "0 B", idle: "12 hours" },
      muc: { rooms: 0, rate: 0, "room-rate": 0, "presence-rate": 0 },
      mam: { keep: "0 days" }, // the relay keeps nothing; tests/bench/mam.ts measures the archive
    },
  });
  const answer = await ask(data, { command: "status", arguments: {} });
  if (answer === undefined) throw new Error("the service does not answer");
  const { pid } = answer.result as { readonly pid: number };
  return {
    kind: "server",
    pid,
    port: service.port,
    domain,
    password,
    startedAt,
    get log() {
      return service.log;
    },
    async stop() {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
