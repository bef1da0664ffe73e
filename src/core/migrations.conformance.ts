import assert from "node:assert/strict";
import { type Check, fails } from "#core/database.fixture.ts";
import { DatabaseError, sql } from "#core/database.ts";
import { type Migrations, migrate } from "#core/migrations.ts";

/** Migrations on a given database. */
export function migrationConformance(check: Check): void {
  const first = "create table a (x integer); insert into a (x) values (1); -- it's; a comment\n /* and; another */";
  const before: Migrations[] = [{ owner: "muc", steps: [first] }];
  const after: Migrations[] = [
    { owner: "muc", steps: [first, "alter table a add column y text default 'x;y'"] },
    { owner: "mam", steps: ["create table b (z integer)", "insert into b (z) values (2)"] },
  ];

  check("each step is applied once, in order", async (db) => {
    await migrate(db, before);
    await migrate(db, before);
    await migrate(db, after);
    await migrate(db, after);
    assert.deepEqual(await db.all(sql`select x, y from a`), [{ x: 1, y: "x;y" }]);
    assert.deepEqual(await db.all(sql`select z from b`), [{ z: 2 }]);
  });
  check("a wrong step is undone, named, and tried again", async (db) => {
    const wrong: Migrations[] = [
      { owner: "mam", steps: ["create table b (z integer)", "create table c (z integer); nonsense"] },
    ];
    await assert.rejects(
      migrate(db, wrong),
      (error) => error instanceof DatabaseError && error.message.includes("migration 2 of mam"),
    );
    await fails(db.all(sql`select z from c`), "invalid");
    await migrate(db, [{ owner: "mam", steps: ["create table b (z integer)", "create table c (z integer)"] }]);
    assert.deepEqual(await db.all(sql`select z from c`), []);
  });
  check("a database newer than the program is refused before anything is changed", async (db) => {
    await migrate(db, after);
    const old: Migrations[] = [{ owner: "new", steps: ["create table d (z integer)"] }, ...before];
    await assert.rejects(
      migrate(db, old),
      (error) => error instanceof DatabaseError && error.message.includes("newer than this program"),
    );
    await fails(db.all(sql`select z from d`), "invalid");
  });
  check("owners must differ", async (db) => {
    await fails(migrate(db, [...before, ...before]), "invalid");
  });
  check("two programs may migrate at once", async (db) => {
    await Promise.all([migrate(db, after), migrate(db, after), migrate(db, after)]);
    assert.deepEqual(await db.all(sql`select x, y from a`), [{ x: 1, y: "x;y" }]);
    assert.deepEqual(await db.all(sql`select z from b`), [{ z: 2 }]);
  });
}
