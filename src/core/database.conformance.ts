import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Check, type DatabaseUnderTest, fails, insert, names, roster, type Test } from "#core/database.fixture.ts";
import { type Database, DatabaseError, list, sql } from "#core/database.ts";
import { migrationConformance } from "#core/migrations.conformance.ts";
import { transactionConformance } from "#core/transactions.conformance.ts";

/** What every Database must do. `make` gives an empty one for each test; `shared`: it can be opened twice at a time. */
export function databaseConformance(name: string, make: () => Promise<DatabaseUnderTest>, shared: boolean): void {
  const check = (what: string, test: Test) =>
    it(what, async () => {
      const tested = await make();
      const db = await tested.open();
      try {
        await db.run(roster);
        await test(db);
      } finally {
        await db.close();
        await tested.dispose();
      }
    });
  describe(`database: ${name}`, () => {
    values(check);
    queries(check);
    batches(check);
    transactionConformance(check, make);
    describe("migrations", () => migrationConformance(check));
    if (shared) describe("opened twice", () => sharing(make));
  });
}

function values(check: Check): void {
  check("values come back as they went in", async (db) => {
    const picture = Uint8Array.from({ length: 256 }, (_, index) => index);
    const text = "Ünïcode 漢字 🎭 ' \" \\ \n \u200d";
    await db.run(sql`insert into roster (owner, name, picture, score, seen)
      values (${text}, ${""}, ${picture}, ${0.1}, ${Number.MIN_SAFE_INTEGER})`);
    const row = await db.one(sql`select owner, name, picture, score, seen from roster`);
    assert.deepEqual(row, { owner: text, name: "", picture, score: 0.1, seen: Number.MIN_SAFE_INTEGER });
  });
  check("integers beyond 2^53 are bigints, others numbers", async (db) => {
    const big = 2n ** 63n - 1n;
    const seen = [big, -(2n ** 63n), 2n ** 53n, 12n, -1n];
    for (const [index, one] of seen.entries()) {
      await db.run(sql`insert into roster (owner, name, seen) values ('a', ${String(index)}, ${one})`);
    }
    const rows = await db.all(sql`select seen from roster order by name`);
    assert.deepEqual(rows, [{ seen: big }, { seen: -(2n ** 63n) }, { seen: 2n ** 53n }, { seen: 12 }, { seen: -1 }]);
  });
  check("a bigint comes back from a returning insert, which is done once", async (db) => {
    const row = await db.one(
      sql`insert into roster (owner, name, seen) values ('a', 'b', ${2n ** 60n}) returning seen, name`,
    );
    assert.deepEqual(row, { seen: 2n ** 60n, name: "b" });
    assert.deepEqual(await names(db), ["b"]);
  });
  check("undefined is null, booleans are numbers", async (db) => {
    await db.run(sql`insert into roster (owner, name, seen, score) values ('a', 'b', ${true}, ${undefined})`);
    await db.run(sql`insert into roster (owner, name, seen) values ('a', 'c', ${false})`);
    const rows = await db.all(sql`select seen, score from roster order by name`);
    assert.deepEqual(rows, [
      { seen: 1, score: null },
      { seen: 0, score: null },
    ]);
  });
  check("a part of a larger buffer is stored as that part", async (db) => {
    const buffer = Buffer.from("wherefore art thou").subarray(10, 13);
    await db.run(sql`insert into roster (owner, name, picture) values ('a', 'b', ${buffer})`);
    const row = await db.one(sql`select picture from roster`);
    assert.deepEqual(row, { picture: new Uint8Array([97, 114, 116]) });
  });
  check("a large blob comes back whole", async (db) => {
    const picture = new Uint8Array(8 << 20);
    for (let index = 0; index < picture.length; index += 997) picture[index] = index % 251;
    await db.run(sql`insert into roster (owner, name, picture) values ('a', 'b', ${picture})`);
    const row = await db.one<{ picture: Uint8Array }>(sql`select picture from roster`);
    assert.equal(Buffer.compare(row?.picture ?? new Uint8Array(), picture), 0);
  });
  check("an empty blob is not null", async (db) => {
    await db.run(sql`insert into roster (owner, name, picture) values ('a', 'b', ${new Uint8Array()})`);
    assert.deepEqual(await db.one(sql`select picture from roster`), { picture: new Uint8Array() });
  });
  check("text that looks like SQL stays text", async (db) => {
    const name = "'); drop table roster; --";
    await db.run(insert(name));
    assert.deepEqual(await names(db), [name]);
  });
}

function queries(check: Check): void {
  check("one gives the first row or undefined, all gives all in order", async (db) => {
    assert.equal(await db.one(sql`select name from roster`), undefined);
    assert.deepEqual(await db.all(sql`select name from roster`), []);
    await db.batch(["c", "a", "b"].map(insert));
    assert.deepEqual(await db.one(sql`select name from roster order by name`), { name: "a" });
    assert.deepEqual(await names(db), ["a", "b", "c"]);
  });
  check("run gives the number of rows changed", async (db) => {
    assert.equal(await db.run(sql`insert into roster (owner, name) values ('a', 'b'), ('a', 'c')`), 2);
    assert.equal(await db.run(sql`update roster set seen = 1 where name = 'b'`), 1);
    assert.equal(await db.run(sql`update roster set seen = 1 where name = 'none'`), 0);
    assert.equal(await db.run(sql`insert into roster (owner, name) values ('a', 'b') on conflict do nothing`), 0);
    assert.equal(await db.run(sql`create table other (id integer primary key)`), 0);
    assert.equal(await db.run(sql`delete from roster`), 2);
  });
  check("on conflict do update, returning", async (db) => {
    await db.run(insert("juliet"));
    const row = await db.one(sql`insert into roster (owner, name, seen) values ('romeo', 'juliet', 7)
      on conflict (owner, name) do update set seen = excluded.seen returning name, seen`);
    assert.deepEqual(row, { name: "juliet", seen: 7 });
  });
  check("the database chooses an integer primary key", async (db) => {
    const first = await db.one<{ id: number }>(sql`insert into roster (owner, name) values ('a', 'b') returning id`);
    const second = await db.one<{ id: number }>(sql`insert into roster (owner, name) values ('a', 'c') returning id`);
    assert.ok(first && second && second.id > first.id);
  });
  check("queries nest, lists stand in parentheses", async (db) => {
    await db.batch(["a", "b", "c", "d", "e"].map(insert));
    const where = sql`where owner = ${"romeo"} and name in ${list(["a", "c", "e", "x"])}`;
    const rows = await db.all(sql`select name from roster ${where} and name <> ${"c"} order by name limit ${5}`);
    assert.deepEqual(rows, [{ name: "a" }, { name: "e" }]);
    for (let length = 0; length <= 5; length++) {
      const found = await db.all(
        sql`select name from roster where name in ${list(["a", "b", "c", "d", "e"].slice(0, length))}`,
      );
      assert.equal(found.length, length);
    }
  });
  check("errors say what they are", async (db) => {
    await db.run(insert("juliet"));
    await fails(db.run(insert("juliet")), "constraint");
    await fails(db.run(sql`insert into roster (owner, name) values ('a', ${null})`), "constraint");
    await fails(db.all(sql`select nothing from nowhere`), "invalid");
    await fails(db.run(sql`this is not sql`), "invalid");
    assert.throws(() => sql`select ${Number.NaN}`, DatabaseError);
    assert.deepEqual(await names(db), ["juliet"]);
  });
  check("foreign keys are enforced", async (db) => {
    await db.run(sql`create table groups (owner integer not null references roster (id) on delete cascade, name text)`);
    await fails(db.run(sql`insert into groups (owner, name) values (99, 'friends')`), "constraint");
    const row = await db.one<{ id: number }>(sql`insert into roster (owner, name) values ('a', 'b') returning id`);
    await db.run(sql`insert into groups (owner, name) values (${row?.id}, 'friends')`);
    await db.run(sql`delete from roster`);
    assert.deepEqual(await db.all(sql`select name from groups`), []);
  });
  check("10 000 rows", async (db) => {
    const rows = Array.from({ length: 10_000 }, (_, index) => insert(String(index).padStart(5, "0")));
    await db.batch(rows);
    const found = await names(db);
    assert.equal(found.length, 10_000);
    assert.equal(found[4711], "04711");
  });
  check("a thousand different statements", async (db) => {
    await db.run(insert("juliet"));
    for (const round of [1, 2]) {
      const texts = Array.from({ length: 1_000 }, (_, index) => ({
        text: [`select ${index + round} as n from roster`],
        values: [],
      }));
      const rows = await Promise.all(texts.map((query) => db.one<{ n: number }>(query)));
      assert.deepEqual(
        rows.map((row) => row?.n),
        texts.map((_, index) => index + round),
      );
    }
  });
  check("a changed table is seen by statements used before", async (db) => {
    const query = sql`select * from roster`;
    await db.run(insert("juliet"));
    const before = (await db.one<object>(query)) ?? {};
    await db.run(sql`alter table roster add column mood text`);
    const after = (await db.one<object>(query)) ?? {};
    assert.deepEqual(Object.keys(after), [...Object.keys(before), "mood"]);
  });
}

function batches(check: Check): void {
  check("a batch gives the number of rows of each query", async (db) => {
    const changed = await db.batch([
      insert("a"),
      insert("b"),
      sql`update roster set seen = 1`,
      sql`delete from roster`,
    ]);
    assert.deepEqual(changed, [1, 1, 2, 2]);
    assert.deepEqual(await db.batch([]), []);
  });
  check("a batch is done whole or not at all", async (db) => {
    await fails(db.batch([insert("a"), insert("b"), insert("a"), insert("c")]), "constraint");
    assert.deepEqual(await names(db), []);
    await fails(db.batch([insert("a"), sql`nonsense`]), "invalid");
    assert.deepEqual(await names(db), []);
  });
  check("a failing member of a group does not take others along", async (db) => {
    const results = await Promise.allSettled([
      db.run(insert("a")),
      db.run(insert("a")),
      db.batch([insert("b"), insert("a")]),
      db.batch([insert("c"), insert("d")]),
      db.one(sql`insert into roster (owner, name) values ('romeo', 'a') returning id`),
      db.run(sql`nonsense`),
      db.run(insert("e")),
    ]);
    const statuses = results.map((result) => result.status === "fulfilled");
    assert.deepEqual(statuses, [true, false, false, true, false, false, true]);
    assert.deepEqual(await names(db), ["a", "c", "d", "e"]);
  });
  check("a constraint that is checked at commit fails its own request only", async (db) => {
    await db.run(sql`create table groups (owner integer references roster (id) deferrable initially deferred)`);
    const results = await Promise.allSettled([
      db.run(insert("a")),
      db.run(sql`insert into groups (owner) values (99)`),
      db.run(insert("b")),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(await names(db), ["a", "b"]);
  });
}

function sharing(make: () => Promise<DatabaseUnderTest>): void {
  const both = (what: string, test: (one: Database, other: Database) => Promise<void>) =>
    it(what, async () => {
      const tested = await make();
      const databases = await Promise.all([tested.open(), tested.open()]);
      try {
        await databases[0].run(roster);
        await test(...databases);
      } finally {
        await Promise.all(databases.map((db) => db.close()));
        await tested.dispose();
      }
    });
  both("what one wrote, the other reads", async (one, other) => {
    await one.run(insert("a"));
    assert.deepEqual(await names(other), ["a"]);
  });
  both("both write at the same time", async (one, other) => {
    const many = (db: Database, name: string) =>
      Promise.all(Array.from({ length: 100 }, (_, index) => db.run(insert(name + index))));
    await Promise.all([many(one, "a"), many(other, "b")]);
    assert.equal((await names(one)).length, 200);
  });
  both("one waits for the transaction of the other", async (one, other) => {
    let write: Promise<number> = Promise.resolve(0);
    await one.transaction(async (inside) => {
      await inside.run(insert("a"));
      write = other.run(insert("b"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await inside.run(insert("c"));
    });
    assert.equal(await write, 1);
    assert.deepEqual(await names(other), ["a", "b", "c"]);
  });
  it("what was written is there when opened again", async () => {
    const tested = await make();
    try {
      const before = await tested.open();
      await before.run(roster);
      await before.run(insert("a"));
      await before.close();
      const after = await tested.open();
      assert.deepEqual(await names(after), ["a"]);
      await after.close();
    } finally {
      await tested.dispose();
    }
  });
}
