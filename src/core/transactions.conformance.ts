import assert from "node:assert/strict";
import { it } from "node:test";
import { type Check, type DatabaseUnderTest, fails, insert, names, roster } from "#core/database.fixture.ts";
import { sql } from "#core/database.ts";

/** Transactions, many callers at once, and the end of a database. */
export function transactionConformance(check: Check, make: () => Promise<DatabaseUnderTest>): void {
  transactions(check);
  concurrency(check);
  endings(check, make);
}

function transactions(check: Check): void {
  check("a transaction sees its writes, is kept, and gives its result", async (db) => {
    const result = await db.transaction(async (inside) => {
      await inside.run(insert("a"));
      return names(inside);
    });
    assert.deepEqual(result, ["a"]);
    assert.deepEqual(await names(db), ["a"]);
  });
  check("a transaction that throws is rolled back and throws the same", async (db) => {
    const reason = new Error("changed my mind");
    const promise = db.transaction(async (inside) => {
      await inside.batch([insert("a"), insert("b")]);
      throw reason;
    });
    await assert.rejects(promise, (error) => error === reason);
    assert.deepEqual(await names(db), []);
  });
  check("a query that fails spoils its transaction", async (db) => {
    await db.run(insert("a"));
    const promise = db.transaction(async (inside) => {
      await inside.run(insert("b"));
      await inside.run(insert("a")).catch(() => {});
    });
    await fails(promise, "constraint");
    assert.deepEqual(await names(db), ["a"]);
  });
  check("a transaction inside a transaction can fail alone", async (db) => {
    await db.transaction(async (outer) => {
      await outer.run(insert("a"));
      const inner = outer.transaction(async (inside) => {
        await inside.run(insert("b"));
        await inside.transaction(async (innermost) => void (await innermost.run(insert("c"))));
        await inside.run(insert("a"));
      });
      await fails(inner, "constraint");
      await outer.transaction(async (inside) => void (await inside.run(insert("d"))));
    });
    assert.deepEqual(await names(db), ["a", "d"]);
  });
  check("transactions inside a transaction that start at once take turns", async (db) => {
    await db.transaction(async (outer) => {
      const one = async (name: string) => {
        await outer.transaction(async (inside) => {
          await inside.run(insert(name));
          if (name === "b") throw new Error("not this one");
        });
      };
      await Promise.allSettled([one("a"), one("b"), outer.run(insert("d")), one("c")]);
    });
    assert.deepEqual(await names(db), ["a", "c", "d"]);
  });
  check("what a transaction did not wait for is part of it", async (db) => {
    await db.transaction(async (inside) => {
      void inside.run(insert("a"));
      void inside.transaction(async (nested) => void (await nested.run(insert("b"))));
    });
    assert.deepEqual(await names(db), ["a", "b"]);
  });
  check("a transaction takes no more queries once it has ended", async (db) => {
    const leaked = await db.transaction(async (inside) => inside);
    await fails(leaked.run(insert("a")), "invalid");
    assert.deepEqual(await names(db), []);
  });
  check("others do not see a transaction before it is committed", async (db) => {
    const seen: string[][] = [];
    let outside: Promise<void> = Promise.resolve();
    await db.transaction(async (inside) => {
      await inside.run(insert("a"));
      outside = names(db).then((found) => void seen.push(found));
      await inside.run(insert("b"));
    });
    await outside;
    assert.ok(seen.length === 1 && [0, 2].includes(seen[0]?.length ?? -1), JSON.stringify(seen));
  });
}

function concurrency(check: Check): void {
  check("a read sees the writes called before it", async (db) => {
    for (let round = 0; round < 50; round++) {
      void db.run(insert(`run${round}`));
      void db.batch([insert(`batch${round}`)]);
      const transaction = db.transaction(async (inside) => void (await inside.run(insert(`transaction${round}`))));
      void db.run(insert(`late${round}`));
      const rows = await db.all<object>(sql`select id from roster`);
      assert.ok(rows.length === (round + 1) * 4, `${rows.length} in round ${round}`);
      await transaction;
    }
  });
  check("concurrent transactions do not lose updates", async (db) => {
    await db.run(sql`insert into roster (owner, name, seen) values ('a', 'counter', 0)`);
    const increment = () =>
      db.transaction(async (inside) => {
        const row = await inside.one<{ seen: number }>(sql`select seen from roster where name = 'counter'`);
        await inside.run(sql`update roster set seen = ${(row?.seen ?? 0) + 1} where name = 'counter'`);
      });
    await Promise.all(Array.from({ length: 25 }, increment));
    assert.deepEqual(await db.one(sql`select seen from roster`), { seen: 25 });
  });
  check("many writers and readers at once", async (db) => {
    const writer = async (name: string) => {
      for (let index = 0; index < 20; index++) {
        await db.run(insert(`${name}/${index}`));
        const row = await db.one(sql`select owner from roster where owner = 'romeo' and name = ${`${name}/${index}`}`);
        assert.deepEqual(row, { owner: "romeo" });
      }
    };
    await Promise.all(Array.from({ length: 50 }, (_, index) => writer(String(index))));
    assert.deepEqual(await db.one(sql`select count(*) as n from roster`), { n: 1_000 });
  });
}

function endings(check: Check, make: () => Promise<DatabaseUnderTest>): void {
  check("close finishes what was asked for, later calls are refused", async (db) => {
    const writes = Array.from({ length: 20 }, (_, index) => db.run(insert(String(index))));
    const transaction = db.transaction(async (inside) => {
      await inside.run(insert("a"));
      await inside.run(insert("b"));
      return "done";
    });
    const last = db.run(insert("c"));
    const closing = [db.close(), db.close()];
    await fails(db.run(insert("late")), "unavailable");
    await fails(
      db.transaction(async () => {}),
      "unavailable",
    );
    assert.deepEqual(
      await Promise.all(writes),
      writes.map(() => 1),
    );
    assert.equal(await transaction, "done");
    assert.equal(await last, 1);
    await Promise.all(closing);
    await fails(db.one(sql`select 1 as n`), "unavailable");
  });
  it("a transaction that never ends is rolled back, and others go on", async () => {
    const tested = await make();
    const db = await tested.openImpatient(50);
    try {
      await db.run(roster);
      const late: Promise<unknown>[] = [];
      const stuck = db.transaction(async (inside) => {
        await inside.run(insert("a"));
        await new Promise((resolve) => setTimeout(resolve, 200));
        late.push(inside.run(insert("b")));
        await late[0];
      });
      const other = db.run(insert("c"));
      await fails(stuck, "unavailable");
      assert.equal(await other, 1);
      assert.deepEqual(await names(db), ["c"]);
    } finally {
      await db.close();
      await tested.dispose();
    }
  });
}
