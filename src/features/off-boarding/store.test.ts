import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MemoryHub } from "#adapters/memory-bus/memory-bus.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import type { Database } from "#core/database.ts";
import type { Host } from "#core/host.ts";
import { silent } from "#core/log.ts";
import { migrate } from "#core/migrations.ts";
import { Jid } from "#jid/jid.ts";
import { Locks, migrations } from "./store.ts";

const romeo = Jid.parse("romeo@example.com");

async function database(context: TestContext): Promise<Database> {
  const db = await openSqlite({ file: ":memory:" });
  context.after(() => db.close());
  await migrate(db, [{ owner: "off-boarding", steps: migrations }]);
  return db;
}

function node(db: Database, hub: MemoryHub, name: string): Host {
  return { db, log: silent, server: { bus: hub.join(name) } } as unknown as Host;
}

test("a lock is seen on all nodes, and so is its end", async (context) => {
  const db = await database(context);
  const hub = new MemoryHub();
  const one = await Locks.load(node(db, hub, "one"), () => {});
  let changed = Promise.withResolvers<string>();
  const other = await Locks.load(node(db, hub, "two"), (account) => changed.resolve(account));
  assert.equal(await one.add(romeo.withResource("orchard")), true);
  assert.equal(await changed.promise, "romeo@example.com");
  assert.equal(other.has(romeo), true);
  changed = Promise.withResolvers<string>();
  assert.equal(await one.remove(romeo), true);
  await changed.promise;
  assert.equal(other.has(romeo), false);
});

test("a lock holds before it is on disk", async (context) => {
  const locks = await Locks.load(node(await database(context), new MemoryHub(), "one"), () => {});
  const adding = locks.add(romeo);
  assert.equal(locks.has(romeo), true);
  await adding;
});
