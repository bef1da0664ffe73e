import { writeSync } from "node:fs";
import { sql } from "#core/database.ts";
import { openSqlite } from "./sqlite.ts";

// A process that writes to the database file given, eight writers at once, and prints the number of each row once it is
// acknowledged. Arguments: file, first number, how many rows, in how many ways (2: single rows and batches, 3: transactions
// too), and after how many rows to kill itself: at the very moment when the last one is acknowledged, so that little can
// reach the disk late.

const [file = "", first = "0", count = "0", ways = "3", killAfter = "Infinity"] = process.argv.slice(2);
const end = Number(first) + Number(count);
let next = Number(first);
let acknowledged = 0;

const db = await openSqlite({ file });

async function write(): Promise<void> {
  while (next < end) {
    const id = next;
    next += 2;
    const way = (id / 2) % Number(ways);
    const insert = (value: number) => sql`insert into kept (id, pair, way) values (${value}, ${id}, ${way})`;
    if (way === 0) {
      await Promise.all([db.run(insert(id)), db.run(insert(id + 1))]);
    } else if (way === 1) {
      await db.batch([insert(id), insert(id + 1)]);
    } else {
      await db.transaction(async (inside) => {
        await inside.run(insert(id));
        await inside.run(insert(id + 1));
      });
    }
    writeSync(1, `${id}\n${id + 1}\n`);
    acknowledged += 2;
    if (acknowledged >= Number(killAfter)) process.kill(process.pid, "SIGKILL");
  }
}

await Promise.all(Array.from({ length: 8 }, write));
await db.close();
