import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Database, sql } from "#core/database.ts";
import { openSqlite } from "./sqlite.ts";

const program = fileURLToPath(new URL("./writer.fixture.ts", import.meta.url));

interface Task {
  readonly first: number;
  readonly count: number;
  /** 2: single rows and batches; 3: transactions too. */
  readonly ways: 2 | 3;
  /** Killed once so many rows are acknowledged; else it ends by itself. */
  readonly killAfter?: number;
}

/** Runs the writer, and returns the rows that it printed. */
async function write(
  file: string,
  { first, count, ways, killAfter = Number.POSITIVE_INFINITY }: Task,
): Promise<number[]> {
  const values = [file, first, count, ways, killAfter].map(String);
  const child = spawn(process.execPath, [program, ...values], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const printed: number[] = [];
  for await (const line of createInterface(child.stdout)) printed.push(Number(line));
  const [, signal] = await exit;
  assert.equal(signal, killAfter === Number.POSITIVE_INFINITY ? null : "SIGKILL");
  return printed;
}

async function withFile(test: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "parloir-sqlite-"));
  try {
    const file = join(folder, "test.db");
    const db = await openSqlite({ file });
    await db.run(
      sql`create table kept (id integer primary key, pair integer not null, way integer not null default 0)`,
    );
    await db.close();
    await test(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function rows(db: Database): Promise<Set<number>> {
  return new Set((await db.all<{ id: number }>(sql`select id from kept`)).map((row) => row.id));
}

describe("sqlite: durability", () => {
  it("keeps all that was acknowledged when the process is killed, five times over", () =>
    withFile(async (file) => {
      const acknowledged = new Set<number>();
      for (const [round, killAfter] of [2, 46, 137, 260, 391].entries()) {
        const ways = round % 2 === 0 ? 2 : 3;
        const printed = await write(file, { first: round * 1_200_000, count: 1_000_000, ways, killAfter });
        for (const id of printed) acknowledged.add(id);
        const db = await openSqlite({ file });
        try {
          assert.deepEqual(await db.all(sql`pragma integrity_check`), [{ integrity_check: "ok" }]);
          const found = await rows(db);
          assert.deepEqual(
            [...acknowledged].filter((id) => !found.has(id)),
            [],
          );
          // Those of a batch or a transaction are there together or not at all.
          const halves = sql`select pair from kept where way > 0 group by pair having count(*) <> 2`;
          assert.deepEqual(await db.all(halves), []);
        } finally {
          await db.close();
        }
      }
    }));
  it("another process may write to the same file meanwhile", () =>
    withFile(async (file) => {
      const db = await openSqlite({ file });
      try {
        const other = write(file, { first: 0, count: 200, ways: 3 });
        const own = Array.from({ length: 200 }, async (_, index) => {
          await db.run(sql`insert into kept (id, pair) values (${1_000 + index}, 0)`);
          await db.transaction(async (inside) => {
            await inside.run(sql`insert into kept (id, pair) values (${2_000 + index}, 0)`);
          });
        });
        await Promise.all(own);
        assert.equal((await other).length, 200);
        assert.equal((await rows(db)).size, 600);
      } finally {
        await db.close();
      }
    }));
});
