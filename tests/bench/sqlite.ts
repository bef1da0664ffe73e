import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Database, type Query, sql } from "#core/database.ts";

// What the embedded database costs: CPU microseconds per query, of the whole process and of its main thread alone, and
// latencies. `node tests/bench/sqlite.ts [seconds per line] [folder of the database]`.

const seconds = Number(process.argv[2] ?? 2);
const text = "But soft! What light through yonder window breaks? It is the east, and Juliet is the sun. ".repeat(5);

type Work = (index: number) => Promise<unknown>;

interface Load {
  readonly name: string;
  readonly work: Work;
  /** Calls under way at a time, each followed by the next; or calls that arrive per second, whatever the answers. */
  readonly concurrency?: number;
  readonly perSecond?: number;
  /** Queries in one call. */
  readonly queries?: number;
}

/** Runs the load, first a little to warm up, and prints what one query cost. */
async function measure(load: Load): Promise<void> {
  await drive(load, 300);
  const cpu = process.cpuUsage();
  const main = process.threadCpuUsage();
  const started = performance.now();
  const latencies = await drive(load, seconds * 1_000);
  const elapsed = performance.now() - started;
  const used = process.cpuUsage(cpu);
  const usedMain = process.threadCpuUsage(main);
  const count = latencies.length * (load.queries ?? 1);
  latencies.sort((one, other) => one - other);
  const at = (part: number) => (latencies[Math.ceil(latencies.length * part) - 1] ?? 0).toFixed(2).padStart(8);
  const share = (value: { user: number; system: number }) =>
    ((value.user + value.system) / count).toFixed(1).padStart(8);
  const many = load.perSecond ? "steady" : String(load.concurrency);
  const rate = String(Math.round((count / elapsed) * 1_000)).padStart(8);
  console.log(load.name.padEnd(36), many.padStart(6), rate, share(used), share(usedMain), at(0.5), at(0.99), at(1));
}

/** Returns the milliseconds that each call took. */
async function drive({ work, concurrency = 1, perSecond }: Load, milliseconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const started = performance.now();
  const call = async (index: number) => {
    const start = performance.now();
    await work(index);
    latencies.push(performance.now() - start);
  };
  let index = 0;
  if (!perSecond) {
    const chain = async () => {
      while (performance.now() < started + milliseconds) await call(index++);
    };
    await Promise.all(Array.from({ length: concurrency }, chain));
    return latencies;
  }
  const calls: Promise<void>[] = [];
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    while (index < (elapsed * perSecond) / 1_000) calls.push(call(index++));
    await sleep(1);
  }
  await Promise.all(calls);
  return latencies;
}

async function prepare(db: Database): Promise<void> {
  await db.run(sql`create table account (id integer primary key, name text not null unique, seen integer)`);
  await db.run(sql`create table archive (id integer primary key, owner integer, peer integer, uid text, stanza text)`);
  await db.run(sql`create index archive_owner on archive (owner, id)`);
  const accounts = Array.from({ length: 1_000 }, (_, id) => id);
  await db.batch(accounts.map((id) => sql`insert into account (id, name, seen) values (${id}, ${`user${id}`}, 0)`));
}

const account = (index: number): Query => sql`select id, name, seen from account where id = ${(index * 7) % 1_000}`;
const insert = (index: number): Query => sql`insert into archive (owner, peer, uid, stanza)
  values (${(index * 7919) % 5_000}, ${index % 77}, ${`uid-${index}`}, ${text.slice(0, 420)})`;
const page = (index: number): Query =>
  sql`select id, peer, uid, stanza from archive where owner = ${index % 1_000} order by id desc limit 50`;
const many = (index: number): Query[] => Array.from({ length: 50 }, (_, offset) => insert(index * 50 + offset));

async function bench(db: Database): Promise<void> {
  await prepare(db);
  const update: Work = (index) =>
    db.transaction(async (inside) => {
      await inside.one(account(index));
      await inside.run(sql`update account set seen = seen + 1 where id = ${(index * 7) % 1_000}`);
    });
  console.log(
    "µs of CPU a query, latencies in ms".padEnd(36),
    " calls   rate/s      CPU     main      p50      p99      max",
  );
  const lookup: Work = (index) => db.one(account(index));
  const archive: Work = (index) => db.run(insert(index));
  for (const concurrency of [1, 32, 256]) await measure({ name: "look-up by primary key", work: lookup, concurrency });
  for (const perSecond of [1_000, 5_000]) await measure({ name: "archive insert", work: archive, perSecond });
  for (const concurrency of [1, 32, 256, 2_000]) await measure({ name: "archive insert", work: archive, concurrency });
  await measure({
    name: "archive insert, in batches of 50",
    work: (index) => db.batch(many(index)),
    queries: 50,
    concurrency: 1,
  });
  for (const concurrency of [1, 32]) await measure({ name: "transaction: look-up, update", work: update, concurrency });
  for (const concurrency of [1, 8])
    await measure({ name: "archive page of 50", work: (index) => db.all(page(index)), concurrency });
  const mixed: Work = (index) => (index % 4 === 0 ? lookup(index) : archive(index));
  await measure({ name: "one look-up to three inserts", work: mixed, perSecond: 2_000 });
}

const folder = await mkdtemp(join(process.argv[3] ?? tmpdir(), "parloir-sqlite-"));
const db = await openSqlite({ file: join(folder, "bench.db") });
try {
  await bench(db);
} finally {
  await db.close();
  await rm(folder, { recursive: true });
}
