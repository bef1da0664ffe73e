import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Database, type Query, sql } from "#core/database.ts";
import { migrate } from "#core/migrations.ts";
import { conditions, pageQuery } from "#features/mam/pages.ts";
import { countEntries, countQuery, lowestOfNewest, migrations } from "#features/mam/store.ts";

// One archive of a million messages, with five thousand others as correspondents: how long a page of 50 takes, from the end,
// the middle and of one correspondent, what it costs to count all, and the longest that anybody waits meanwhile.
// `node tests/bench/mam-large.ts [--messages 1000000]`. Medians of 20 in milliseconds, on a file, through the database's thread.

const { values } = parseArgs({ options: { messages: { type: "string", default: "1000000" } } });
const messages = Number(values.messages);
const all = { low: 0, high: Number.MAX_SAFE_INTEGER };

async function fill(db: Database): Promise<void> {
  const text = `<message type='chat'><body>${"x".repeat(100)}</body></message>`;
  const numbers = sql`with recursive n (id) as (select 1 union all select id + 1 from n where id < ${messages})`;
  await db.run(sql`insert into archive_message (id, owner, peer, resource, ends, stanza)
    ${numbers} select id, 1, 2 + id % 5000, 'phone', 1, ${text} from n`);
  await db.run(sql`insert into archive_entry (owner, id, peer, resource)
    ${numbers} select 1, id, 2 + id % 5000, 'phone' from n`);
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function tell(what: string, work: () => Promise<unknown>, times = 20): Promise<void> {
  const taken: number[] = [];
  for (let count = 0; count < times; count++) taken.push(await time(work));
  taken.sort((one, other) => one - other);
  console.log(what.padEnd(48), taken[Math.floor(times / 2)]!.toFixed(2).padStart(9));
}

/** How long a small question waits at most while something large goes on. */
async function longestWait(db: Database, work: Promise<unknown>): Promise<number> {
  let going = true;
  void work.finally(() => {
    going = false;
  });
  let longest = 0;
  while (going) longest = Math.max(longest, await time(() => db.one(sql`select 1 as one`)));
  return longest;
}

async function main(folder: string): Promise<void> {
  const db = await openSqlite({ file: join(folder, "large.sqlite") });
  await migrate(db, [{ owner: "mam", steps: migrations }]);
  await fill(db);
  const whole = conditions(1, all, undefined);
  const peer = conditions(1, all, 7);
  const page = (where: Query, low: number, backwards: boolean) => () =>
    db.all(pageQuery(where, { low, high: all.high, max: 51, backwards }));
  console.log(`an archive of ${messages} messages`.padEnd(48), "       ms");
  await tell("the last page of 50", page(whole, 0, true));
  await tell("a page of 50 from the middle", page(whole, messages / 2, false));
  await tell("the last page of 50 with one correspondent", page(peer, 0, true));
  await tell("the count that comes with a page (up to 5000)", () =>
    db.one(countQuery(whole, { after: 0, high: all.high, most: 5001 })),
  );
  await tell("the count of all, asked for by itself", () => countEntries(db, whole, 0, all.high), 3);
  await tell("where a quota of nine tenths begins", () => lowestOfNewest(db, 1, messages * 0.9), 3);
  const wait = await longestWait(db, countEntries(db, whole, 0, all.high));
  console.log("the longest that another waits during the count".padEnd(48), wait.toFixed(2).padStart(9));
  await db.close();
}

const folder = mkdtempSync(join(tmpdir(), "parloir-large-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
