import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AccountStore, migrations } from "#adapters/internal-auth/store.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { ask } from "#app/control/client.ts";
import { migrate } from "#core/migrations.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import { startService } from "#test/harness/service.ts";
import { inTurns } from "./load/measuring.ts";
import { rooms as speaking } from "./load/modes/rooms.ts";
import type { Target } from "./load/target.ts";
import { median } from "./table.ts";

// What a message to a room costs at each of its receivers: CPU microseconds of the service, all threads, where rooms are
// archived, where newcomers get the past from memory alone, and where nothing is kept at all.
// `node tests/bench/rooms.ts [--rooms 50] [--occupants 20] [--rounds 3] [--seconds 2]`. Budgets of (f): 5 to 8.

const { values } = parseArgs({
  options: {
    rooms: { type: "string", default: "50" },
    occupants: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
  },
});
const options = { rooms: Number(values.rooms), occupants: Number(values.occupants), first: 0 };
const { rooms, occupants } = options;
const milliseconds = Number(values.seconds) * 1_000;
const schedule = { rounds: Number(values.rounds), warmUp: milliseconds, window: milliseconds, settle: 0, sessions: 0 };
const domain = "bench.test";
const password = "pw";

const kinds: Readonly<Record<string, object>> = {
  archived: {},
  "the past in memory": { mam: { "keep-rooms": "0 days" } },
  "nothing kept": { mam: { "keep-rooms": "0 days" }, muc: { history: 0 } },
};

/** Accounts with the same salt, so that it takes a moment. */
async function makeAccounts(data: string): Promise<void> {
  mkdirSync(data, { mode: 0o700 });
  const database = await openSqlite({ file: join(data, "parloir.sqlite") });
  await migrate(database, [{ owner: "internal-auth", steps: migrations }]);
  const keys = new Map([["SHA-1", await deriveKeys(password, "SHA-1", Buffer.alloc(16, 7), 10_000)] as const]);
  const store = new AccountStore(database, domain);
  await Promise.all(Array.from({ length: rooms * occupants }, (_, index) => store.create(`u${index}`, keys)));
  await database.close();
}

async function measure(what: string, kind: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "parloir-bench-"));
  await makeAccounts(join(folder, "data"));
  const settings = {
    log: { level: "warn" },
    c2s: { encryption: "optional", rate: "0 B" },
    limits: { connections: 3_000, "connections-per-address": 3_000 },
    ...kind,
  };
  const muc = { rate: 0, "room-rate": 0, ...("muc" in kind ? (kind.muc as object) : {}) };
  const service = await startService({ folder, domains: [domain], settings: { ...settings, muc } });
  try {
    const answer = await ask(join(folder, "data"), { command: "status", arguments: {} });
    if (answer === undefined) throw new Error("the service does not answer");
    const { pid } = answer.result as { readonly pid: number };
    const ours: Target = { kind: "server", pid, port: service.port, domain, password };
    const measurements = await inTurns("rooms", [ours], schedule, (target) => speaking(target, options));
    const each = median(measurements.map((one) => one.each)) ?? Number.NaN;
    const rate = median(measurements.map(({ operations, cost }) => operations / cost.seconds)) ?? 0;
    const others = Math.max(...measurements.map(({ cost }) => cost.otherCores));
    console.log(what.padEnd(30), each.toFixed(1).padStart(8), String(Math.round(rate)).padStart(12), others.toFixed(2));
  } finally {
    await service.stop();
    process.stderr.write(service.log);
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`${rooms} rooms of ${occupants}`.padEnd(30), "      µs", "  per second", "others");
for (const [what, kind] of Object.entries(kinds)) await measure(what, kind);
