import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { databaseConformance } from "#core/database.conformance.ts";
import { sql } from "#core/database.ts";
import { openSqlite } from "./sqlite.ts";

describe("sqlite: a file", () => {
  it("is not readable for others, and its copy is made while others write", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parloir-sqlite-"));
    const db = await openSqlite({ file: join(folder, "test.db") });
    try {
      await db.run(sql`create table a (x integer)`);
      await Promise.all([
        db.run(sql`insert into a (x) values (1)`),
        db.run(sql`vacuum into ${join(folder, "copy.db")}`),
        db.run(sql`insert into a (x) values (2)`),
      ]);
      const copy = await openSqlite({ file: join(folder, "copy.db") });
      assert.deepEqual(await copy.all(sql`select x from a`), [{ x: 1 }]);
      await copy.close();
      assert.deepEqual(await db.all(sql`select x from a`), [{ x: 1 }, { x: 2 }]);
      for (const name of ["test.db", "test.db-wal"])
        assert.equal((await stat(join(folder, name))).mode & 0o077, 0, name);
    } finally {
      await db.close();
      await rm(folder, { recursive: true });
    }
  });
});

databaseConformance(
  "sqlite, a file",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "parloir-sqlite-"));
    const file = join(folder, "test.db");
    return {
      open: () => openSqlite({ file }),
      openImpatient: (transactionTimeoutMs) => openSqlite({ file, transactionTimeoutMs }),
      dispose: () => rm(folder, { recursive: true }),
    };
  },
  true,
);

databaseConformance(
  "sqlite, in memory",
  async () => ({
    open: () => openSqlite({ file: ":memory:" }),
    openImpatient: (transactionTimeoutMs) => openSqlite({ file: ":memory:", transactionTimeoutMs }),
    dispose: async () => {},
  }),
  false,
);
