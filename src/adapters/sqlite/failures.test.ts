import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { type Database, DatabaseError, type DatabaseErrorKind, type Query, sql } from "#core/database.ts";
import { Channel } from "./channel.ts";
import { Pace } from "./pace.ts";
import { Scope } from "./scope.ts";
import { openSqlite, type SqliteOptions } from "./sqlite.ts";

function fails(promise: Promise<unknown>, kind: DatabaseErrorKind): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof DatabaseError && error.kind === kind);
}

const insert = (id: number, size = 1): Query =>
  sql`insert into kept (id, data) values (${id}, ${new Uint8Array(size)})`;

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "parloir-sqlite-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function withDatabase(
  options: Partial<SqliteOptions>,
  test: (db: Database, file: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const file = join(folder, "test.db");
    const db = await openSqlite({ file, ...options });
    try {
      await db.run(sql`create table kept (id integer primary key, data blob)`);
      await test(db, file);
    } finally {
      await db.close();
    }
  });
}

async function ids(db: Database): Promise<number[]> {
  return (await db.all<{ id: number }>(sql`select id from kept order by id`)).map((row) => row.id);
}

describe("sqlite: full", () => {
  const limited = (test: (db: Database) => Promise<void>) =>
    withDatabase({}, async (db) => {
      await db.run(sql`pragma max_page_count = 100`);
      await test(db);
      await db.run(sql`pragma max_page_count = 10000`);
      await db.run(insert(1000, 1 << 20));
      assert.ok((await ids(db)).includes(1000), "works again once there is room");
    });

  it("what does not fit is refused, and what fits is kept, also of the same group", () =>
    limited(async (db) => {
      const results = await Promise.allSettled([
        db.run(insert(1)),
        db.run(insert(2, 1 << 20)),
        db.batch([insert(3), insert(4, 1 << 20)]),
        db.batch([insert(5), insert(6)]),
        db.one(sql`insert into kept (id) values (7) returning id`),
        db.one(sql`select id from kept where id = 7`),
      ]);
      const kinds = results.map((result) =>
        result.status === "fulfilled" ? "kept" : (result.reason as DatabaseError).kind,
      );
      assert.deepEqual(kinds, ["kept", "full", "full", "kept", "kept", "kept"]);
      assert.deepEqual(await ids(db), [1, 5, 6, 7]);
    }));
  it("a transaction that fills it is undone", () =>
    limited(async (db) => {
      const promise = db.transaction(async (inside) => {
        await inside.run(insert(1));
        await inside.run(insert(2, 1 << 20)).catch(() => {});
        await inside.run(insert(3));
      });
      const other = db.run(insert(4));
      await fails(promise, "full");
      await other;
      assert.deepEqual(await ids(db), [4]);
    }));
  it("rows can still be deleted, which makes room", () =>
    limited(async (db) => {
      let id = 0;
      while (await db.run(insert(++id, 10_000)).then(Boolean, () => false));
      await fails(db.run(insert(500, 10_000)), "full");
      await db.run(sql`delete from kept where id < 5`);
      assert.equal(await db.run(insert(500, 10_000)), 1);
    }));
});

describe("sqlite: locked by another process", () => {
  const contended = (test: (db: Database, other: Database) => Promise<void>) =>
    withDatabase({ busyTimeoutMs: 20 }, async (db, file) => {
      const other = await openSqlite({ file });
      try {
        await other.transaction(async (inside) => {
          await inside.run(insert(100));
          await test(db, other);
        });
        assert.equal(await db.run(insert(200)), 1);
      } finally {
        await other.close();
      }
    });

  it("writes are refused after the time-out, reads go on", () =>
    contended(async (db) => {
      await fails(db.run(insert(1)), "unavailable");
      const results = await Promise.allSettled([db.run(insert(2)), ids(db), db.batch([insert(3)]), db.run(insert(4))]);
      assert.deepEqual(
        results.map((result) => result.status),
        ["rejected", "fulfilled", "rejected", "rejected"],
      );
    }));
  it("a transaction is refused", () =>
    contended(async (db) => {
      const promise = db.transaction(async (inside) => {
        await inside.run(insert(1)).catch(() => {});
        return "done";
      });
      await fails(promise, "unavailable");
    }));
});

describe("sqlite: unavailable", () => {
  it("a file that cannot be opened, or is something else", () =>
    withFolder(async (folder) => {
      const text = join(folder, "text");
      await writeFile(text, "It is the east, and Juliet is the sun.".repeat(100));
      await fails(openSqlite({ file: join(folder, "missing", "test.db") }), "unavailable");
      await fails(openSqlite({ file: text }), "unavailable");
    }));
  it("too many queries wait", () =>
    withDatabase({ backlogLimit: 10 }, async (db) => {
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => db.run(insert(index))));
      assert.equal(results.filter((result) => result.status === "fulfilled").length, 10);
      assert.equal(await db.run(insert(100)), 1);
    }));
  it("when the thread dies, everything is rejected: what runs, what waits, what comes", async () => {
    const dies = `require("node:worker_threads").parentPort.on("message", () => process.exit(1))`;
    const options = { transactionTimeoutMs: 10_000, backlogLimit: 100, readsCommitted: true };
    const db = new Scope(
      new Channel(new Worker(dies, { eval: true }), new Pace({ burst: 1, perSecond: 1 }, 0)),
      options,
    );
    const transaction = db.transaction(async (inside) => {
      await inside.run(insert(1));
    });
    await Promise.all([
      fails(transaction, "unavailable"),
      fails(db.run(insert(2)), "unavailable"),
      fails(
        db.transaction(async () => {}),
        "unavailable",
      ),
      fails(db.one(sql`select 1 as n`), "unavailable"),
    ]);
    await fails(db.run(insert(3)), "unavailable");
    assert.equal(db.backlog, 0);
    await db.close();
  });
});
