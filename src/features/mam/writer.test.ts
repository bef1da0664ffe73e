import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Database, DatabaseError, sql } from "#core/database.ts";
import { silent } from "#core/log.ts";
import { metrics } from "#core/metrics.ts";
import { migrate } from "#core/migrations.ts";
import { Addresses } from "./addresses.ts";
import { type Draft, migrations } from "./store.ts";
import { Writer } from "./writer.ts";

interface Parts {
  readonly db: Database;
  readonly writer: Writer;
  /** What the next writes fail with. */
  readonly trouble: { error: DatabaseError | undefined };
  readonly counters: ReturnType<typeof metrics>;
}

async function withWriter(run: (parts: Parts) => Promise<void>): Promise<void> {
  const db = await openSqlite({ file: ":memory:" });
  try {
    await migrate(db, [{ owner: "mam", steps: migrations }]);
    const trouble: Parts["trouble"] = { error: undefined };
    const failing: Database = {
      all: (query) => db.all(query),
      one: (query) => db.one(query),
      run: (query) => db.run(query),
      transaction: (work) => db.transaction(work),
      close: () => db.close(),
      batch: (queries) => (trouble.error ? Promise.reject(trouble.error) : db.batch(queries)),
    };
    const counters = metrics();
    const options = { db: failing, addresses: new Addresses(db), log: silent, metrics: counters, searchable: false };
    await run({ db, writer: new Writer({ ...options, retryMs: 1 }), trouble, counters });
  } finally {
    await db.close();
  }
}

function draft(id: number): Draft {
  const ends = { owner: "romeo@example.com", peer: "juliet@example.com", resource: "", otherResource: undefined };
  return { id, stanza: "<message/>", body: undefined, ...ends };
}

async function stored(db: Database): Promise<readonly number[]> {
  return (await db.all<{ id: number }>(sql`select id from archive_message order by id`)).map(({ id }) => id);
}

async function entries(db: Database): Promise<readonly string[]> {
  const rows = await db.all<{ id: number; jid: string }>(
    sql`select e.id as id, a.jid as jid from archive_entry e join archive_address a on a.id = e.owner order by e.id, a.jid`,
  );
  return rows.map(({ id, jid }) => `${id} ${jid.split("@")[0]}`);
}

test("a message of two ends is one row, and an entry for each", () =>
  withWriter(async ({ db, writer }) => {
    const one = draft(1);
    writer.add(one);
    assert.equal(writer.addOtherEnd(one, "orchard"), true);
    writer.add(draft(2));
    assert.equal(writer.addOtherEnd(one, "too late"), false);
    await writer.settle();
    assert.deepEqual(await stored(db), [1, 2]);
    assert.deepEqual(await entries(db), ["1 juliet", "1 romeo", "2 romeo"]);
    const three = draft(3);
    writer.add(three);
    await writer.flush();
    assert.equal(writer.addOtherEnd(three, "orchard"), true); // on disk, not yet in the index
    await writer.settle();
    assert.deepEqual((await entries(db)).slice(3), ["3 juliet", "3 romeo"]);
    await writer.close();
  }));

test("with a full disk nothing is forgotten: it is written when there is room again", () =>
  withWriter(async ({ db, writer, trouble, counters }) => {
    trouble.error = new DatabaseError("full", "the disk is full");
    writer.add(draft(1));
    await writer.flush();
    assert.equal(writer.troubled, true);
    assert.equal(writer.waiting, 1);
    writer.add(draft(2)); // was on its way before anybody knew
    trouble.error = undefined;
    while (writer.troubled || writer.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await writer.settle();
    assert.deepEqual(await stored(db), [1, 2]);
    assert.deepEqual(await entries(db), ["1 romeo", "2 romeo"]);
    assert.ok(counters.snapshot()["archive_failures{full}"]! >= 1);
    await writer.close();
  }));

test("one message at fault takes no others along", () =>
  withWriter(async ({ db, writer, counters }) => {
    await writer.flush();
    for (const id of [1, 2, 2, 3]) writer.add(draft(id)); // the same id twice is a broken constraint
    await writer.flush();
    assert.equal(writer.troubled, false);
    assert.deepEqual(await stored(db), [1, 2, 3]);
    assert.ok(counters.snapshot()["archive_failures{constraint}"]! >= 1);
    await writer.close();
  }));

test("what a killed server has not indexed is indexed at the next start", () =>
  withWriter(async ({ db, writer }) => {
    const one = draft(1);
    writer.add(one);
    writer.addOtherEnd(one, "orchard");
    await writer.settle();
    const two = draft(2);
    writer.add(two);
    writer.addOtherEnd(two, "orchard");
    await writer.flush();
    assert.deepEqual(await entries(db), ["1 juliet", "1 romeo"]);
    const options = { db, addresses: new Addresses(db), log: silent, metrics: metrics(), searchable: false };
    await new Writer(options).catchUp();
    assert.deepEqual(await entries(db), ["1 juliet", "1 romeo", "2 juliet", "2 romeo"]);
    await writer.close();
  }));

test("an index that could not be written is written later", () =>
  withWriter(async ({ db, writer, trouble }) => {
    writer.add(draft(1));
    await writer.flush();
    trouble.error = new DatabaseError("full", "the disk is full");
    await writer.settle();
    trouble.error = undefined;
    while ((await entries(db)).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(await entries(db), ["1 romeo"]);
    await writer.close();
  }));

test("who comes faster than the disk waits for it", () =>
  withWriter(async ({ db, writer }) => {
    const isBusy = () => writer.busy !== undefined;
    assert.equal(isBusy(), false);
    for (let id = 1; id <= 10_000; id++) writer.add(draft(id));
    assert.equal(isBusy(), true);
    await writer.busy;
    assert.equal(isBusy(), false);
    await writer.close();
    assert.equal((await stored(db)).length, 10_000);
  }));
