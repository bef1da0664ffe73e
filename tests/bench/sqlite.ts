import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite, type SqliteDatabase } from "#adapters/sqlite/sqlite.ts";
import { sql } from "#core/database.ts";

// What the embedded database costs: CPU microseconds per query, all threads of the process together, and the share of the
// main thread. `node tests/bench/sqlite.ts [seconds per line] [folder]`.

const seconds = Number(process.argv[2] ?? 1);
const body = "But soft! What light through yonder window breaks? It is the east, and Juliet is the sun. "
  .repeat(5)
  .slice(0, 420);

type Work = (index: number) => Promise<unknown>;

/** Keeps `concurrency` calls under way for the time given and prints what each cost. `per`: queries in one call. */
async function measure(name: string, concurrency: number, work: Work, per = 1): Promise<void> {
  let index = 0;
  let end = performance.now() + 200;
  const loop = async () => {
    while (performance.now() < end) await work(index++);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  const first = index;
  const latencies: number[] = [];
  const timed = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      await work(index++);
      latencies.push(performance.now() - start);
    }
  };
  end = performance.now() + seconds * 1_000;
  const started = performance.now();
  const cpu = process.cpuUsage();
  const main = process.threadCpuUsage();
  await Promise.all(Array.from({ length: concurrency }, timed));
  const elapsed = performance.now() - started;
  const used = process.cpuUsage(cpu);
  const usedMain = process.threadCpuUsage(main);
  const count = (index - first) * per;
  latencies.sort((one, other) => one - other);
  const share = (value: number) => (value / count).toFixed(1).padStart(7);
  const at = (part: number) => (latencies[Math.ceil(latencies.length * part) - 1] ?? 0).toFixed(2).padStart(8);
  console.log(
    `${name.padEnd(44)} ${String(concurrency).padStart(4)} ${String(Math.round((count / elapsed) * 1_000)).padStart(8)}/s` +
      ` ${share(used.user + used.system)} ${share(usedMain.user + usedMain.system)} µs ${at(0.5)} ${at(0.99)} ${at(1)} ms`,
  );
}

const insert = (index: number) =>
  sql`insert into archive (owner, peer, uid, stanza) values (${index % 1_000}, ${index % 77}, ${`uid-${index}`}, ${body})`;

async function bench(db: SqliteDatabase): Promise<void> {
  await db.run(sql`create table account (id integer primary key, name text not null unique, seen integer)`);
  await db.run(sql`create table archive (id integer primary key, owner integer, peer integer, uid text, stanza text)`);
  await db.run(sql`create index archive_owner on archive (owner, id)`);
  await db.batch(
    Array.from({ length: 1_000 }, (_, id) => sql`insert into account (id, name, seen) values (${id}, ${`u${id}`}, 0)`),
  );
  console.log(`${"".padEnd(44)}         rate     CPU    main    p50      p99      max`);
  const lookup: Work = (index) => db.one(sql`select id, name, seen from account where id = ${index % 1_000}`);
  for (const concurrency of [1, 32, 256]) await measure("look-up by primary key", concurrency, lookup);
  for (const concurrency of [1, 32, 256, 2_000])
    await measure("archive insert", concurrency, (index) => db.run(insert(index)));
  await measure(
    "archive insert, batches of 50",
    1,
    (index) => db.batch(Array.from({ length: 50 }, (_, n) => insert(index * 50 + n))),
    50,
  );
  await measure("transaction: look-up and update", 32, (index) =>
    db.transaction(async (inside) => {
      await inside.one(sql`select seen from account where id = ${index % 1_000}`);
      await inside.run(sql`update account set seen = seen + 1 where id = ${index % 1_000}`);
    }),
  );
  const page: Work = (index) =>
    db.all(sql`select id, peer, uid, stanza from archive where owner = ${index % 1_000} order by id desc limit 50`);
  await measure("archive page of 50", 1, page);
  await measure("archive page of 50", 8, page);
  const mixed: Work = (index) => (index % 4 === 0 ? lookup(index) : db.run(insert(index)));
  await measure("one look-up to three inserts", 32, mixed);
  await measure("look-ups while 32 insert", 32, mixed);
}

const folder = await mkdtemp(join(process.argv[3] ?? tmpdir(), "parloir-sqlite-"));
const db = await openSqlite({ file: join(folder, "bench.db") });
try {
  await bench(db);
} finally {
  await db.close();
  await rm(folder, { recursive: true });
}
