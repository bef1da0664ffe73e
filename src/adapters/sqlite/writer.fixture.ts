import { writeSync } from "node:fs";
import { sql } from "#core/database.ts";
import { openSqlite } from "./sqlite.ts";

// A process that writes to the database file given, in all three ways, eight writers at once, and prints the number of each
// row once it is acknowledged. Arguments: file, first number, how many rows. It is killed, or it ends when all are done.

const [file = "", first = "0", count = "0"] = process.argv.slice(2);
const end = Number(first) + Number(count);
let next = Number(first);

const db = await openSqlite({ file });

async function write(): Promise<void> {
  while (next < end) {
    const id = next;
    next += 2;
    const insert = (value: number) => sql`insert into kept (id, pair) values (${value}, ${id})`;
    if (id % 3 === 0) {
      await Promise.all([db.run(insert(id)), db.run(insert(id + 1))]);
    } else if (id % 3 === 1) {
      await db.batch([insert(id), insert(id + 1)]);
    } else {
      await db.transaction(async (inside) => {
        await inside.run(insert(id));
        await inside.run(insert(id + 1));
      });
    }
    writeSync(1, `${id}\n${id + 1}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, write));
await db.close();
