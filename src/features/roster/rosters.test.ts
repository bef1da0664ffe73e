import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MemoryHub } from "#adapters/memory-bus/memory-bus.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Database, DatabaseError, sql } from "#core/database.ts";
import { SessionTable } from "#core/directory.ts";
import { migrate } from "#core/migrations.ts";
import type { Session } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { type ItemChange, unknown } from "./item.ts";
import { interested } from "./push.ts";
import { type Home, Rosters, type RostersOptions } from "./rosters.ts";
import { migrations } from "./store.ts";

const juliet = Jid.parse("juliet@example.com");
const romeo = Jid.parse("romeo@example.net");
const defaults: RostersOptions = { idle: 10, idleMs: 60_000, items: 100, requests: 10 };

function item(contact: Jid | string, name = ""): ItemChange {
  return { ...unknown(typeof contact === "string" ? Jid.parse(contact) : contact), name };
}

async function database(context: TestContext): Promise<Database> {
  const db = await openSqlite({ file: ":memory:" });
  context.after(() => db.close());
  await migrate(db, [{ owner: "roster", steps: migrations }]);
  return db;
}

/** A node of a cluster, with what rosters need of it. */
function node(db: Database, hub = new MemoryHub(), name = "one") {
  const sessions = new SessionTable();
  const bus = hub.join(name);
  return { db, sessions, server: { bus } } as unknown as Home & { readonly sessions: SessionTable };
}

function session(jid: string): Session & { readonly got: Stanza[] } {
  const got: Stanza[] = [];
  const facts = new Map<unknown, unknown>([[interested, true]]);
  return {
    jid: Jid.parse(jid),
    get: (fact) => (facts.get(fact) ?? fact.initial) as never,
    set: (fact, value) => void facts.set(fact, value),
    send: (stanza) => void got.push(stanza),
    got,
  };
}

test("rosters asked for in the same moment are read in one query", async (context) => {
  const db = await database(context);
  const rosters = new Rosters(node(db), defaults);
  await rosters.change(juliet, () => ({ put: item(romeo) })).told;
  const other = new Rosters(node(db), defaults);
  const all = context.mock.method(db, "all");
  const accounts = ["juliet", "a", "b", "c"].map((local) => Jid.of(local, "example.com"));
  const found = await Promise.all([...accounts, juliet].map((account) => other.get(account)));
  assert.equal(all.mock.callCount(), 1);
  assert.deepEqual([...found[0]!.items.keys()], ["romeo@example.net"]);
  assert.equal(found[0], found[4]);
  assert.equal(found[1]!.items.size, 0);
  assert.equal(other.get(juliet), found[0], "then at once, from memory");
});

test("what was kept comes back as it was", async (context) => {
  const db = await database(context);
  const rosters = new Rosters(node(db), defaults);
  const kept: ItemChange = {
    contact: romeo,
    name: "Roméo & co",
    groups: ["Friends", '"quoted"'],
    subscription: "from",
    ask: true,
    approved: true,
  };
  await rosters.change(juliet, () => ({
    put: kept,
    request: { contact: Jid.parse("paris@example.com"), stanza: "<x/>" },
  })).told;
  await rosters.change(juliet, () => ({ remove: Jid.parse("nobody@example.com") })).told;
  const before = await rosters.get(juliet);
  const after = await new Rosters(node(db), defaults).get(juliet);
  assert.deepEqual([...after.items.values()], [...before.items.values()]);
  assert.deepEqual({ ...after.items.get("romeo@example.net"), version: 0 }, { ...kept, version: 0 });
  assert.deepEqual([...after.requests.values()], [{ contact: Jid.parse("paris@example.com"), stanza: "<x/>" }]);
  assert.deepEqual([after.version, after.removed], [before.version, before.removed]);
  assert.equal(after.removed, after.version);
});

test("a change that cannot be written changes nothing, and the next one can", async (context) => {
  const db = await database(context);
  const home = node(db);
  const client = session("juliet@example.com/balcony");
  home.sessions.add(client);
  const rosters = new Rosters(home, defaults);
  const roster = await rosters.get(juliet);
  const batch = context.mock.method(db, "batch", () => Promise.reject(new DatabaseError("full", "no room")));
  const changing = rosters.change(juliet, () => ({ put: item(romeo) }));
  await assert.rejects(changing.committed, { kind: "full" });
  await assert.rejects(changing.told, { kind: "full" });
  assert.equal(roster.items.size, 0);
  assert.equal(roster.version, 0);
  assert.equal(client.got.length, 0);
  batch.mock.restore();
  await rosters.change(juliet, () => ({ put: item(romeo) })).told;
  assert.equal(roster.items.size, 1);
  assert.equal(client.got.length, 1);
  await rosters.changing(juliet);
  assert.equal(rosters.changing(juliet), undefined);
});

test("changes of one roster wait for each other, and see each other", async (context) => {
  const rosters = new Rosters(node(await database(context)), defaults);
  const sizes: number[] = [];
  const changes = Array.from({ length: 20 }, (_, index) =>
    rosters.change(juliet, async (roster) => {
      sizes.push(roster.items.size);
      await new Promise(setImmediate);
      return { put: item(`contact${index}@example.com`) };
    }),
  );
  await Promise.all(changes.map(({ told }) => told));
  assert.deepEqual(
    sizes,
    Array.from({ length: 20 }, (_, index) => index),
  );
  const versions = [...(await rosters.get(juliet)).items.values()].map(({ version }) => version);
  assert.deepEqual(
    versions,
    [...new Set(versions)].sort((one, other) => one - other),
    "each has a version of its own, growing",
  );
});

test("rosters of accounts without sessions go from memory, the longest unused first", async (context) => {
  const db = await database(context);
  const home = node(db);
  const rosters = new Rosters(home, { ...defaults, idle: 2 });
  const online = Jid.parse("online@example.com");
  home.sessions.add(session("online@example.com/x"));
  await rosters.get(online);
  const [a, b, c] = ["a", "b", "c"].map((local) => Jid.of(local, "example.com")) as [Jid, Jid, Jid];
  await rosters.get(a);
  await rosters.get(b);
  rosters.get(a);
  await rosters.get(c);
  assert.equal(rosters.cached(b), undefined);
  assert.ok(rosters.cached(a));
  assert.ok(rosters.cached(c));
  assert.ok(rosters.cached(online));
});

test("a roster stays in memory until some time after the last session", async (context) => {
  const home = node(await database(context));
  const rosters = new Rosters(home, { ...defaults, idle: 1 });
  const clients = [session("juliet@example.com/balcony"), session("juliet@example.com/chamber")];
  for (const client of clients) home.sessions.add(client);
  rosters.opened(juliet);
  await rosters.get(juliet);
  home.sessions.remove(clients[0]!);
  rosters.closed(juliet);
  await rosters.get(romeo);
  await rosters.get(Jid.parse("a@example.com"));
  assert.ok(rosters.cached(juliet));
  assert.equal(rosters.cached(romeo), undefined);
  home.sessions.remove(clients[1]!);
  rosters.closed(juliet);
  assert.ok(rosters.cached(juliet));
  await rosters.get(romeo);
  assert.equal(rosters.cached(juliet), undefined);
});

test("idle rosters go when their time is over", async (context) => {
  const rosters = new Rosters(node(await database(context)), { ...defaults, idleMs: -1 });
  await rosters.get(juliet);
  assert.equal(rosters.cached(juliet), undefined);
});

test("a roster that is being changed stays the only one of its account", async (context) => {
  const rosters = new Rosters(node(await database(context)), { ...defaults, idle: 1 });
  const { told } = rosters.change(juliet, async () => {
    await rosters.get(romeo);
    await rosters.get(juliet);
    return { put: item(romeo) };
  });
  await told;
  assert.equal((await rosters.get(juliet)).items.size, 1);
});

test("a change made on another node is seen here", async (context) => {
  const db = await database(context);
  const hub = new MemoryHub();
  const here = new Rosters(node(db, hub, "here"), defaults);
  const there = new Rosters(node(db, hub, "there"), defaults);
  assert.equal((await here.get(juliet)).items.size, 0);
  await there.change(juliet, () => ({ put: item(romeo) })).told;
  await new Promise(setImmediate);
  assert.equal((await here.get(juliet)).items.size, 1);
});

test("a roster that was changed elsewhere while it was read is not kept", async (context) => {
  const db = await database(context);
  const hub = new MemoryHub();
  const here = new Rosters(node(db, hub, "here"), defaults);
  const bus = hub.join("there");
  const reading = here.get(juliet);
  const read = db.all(sql`select 1`);
  const stale = new Promise<void>((resolve) => {
    context.mock.method(db, "all", () => stale.then(() => read.then(() => [])));
    bus.broadcast("stale", `roster ${juliet}`);
    setImmediate(resolve);
  });
  await reading;
  await stale;
  assert.equal(here.cached(juliet), undefined);
});

test("an account that is forgotten leaves nothing", async (context) => {
  const db = await database(context);
  const rosters = new Rosters(node(db), defaults);
  await rosters.change(juliet, () => ({ put: item(romeo), request: { contact: romeo, stanza: "<x/>" } })).told;
  const last = await rosters.forget(juliet);
  assert.equal(last.items.size, 1);
  const now = await rosters.get(juliet);
  assert.deepEqual([now.items.size, now.requests.size, now.version], [0, 0, 0]);
  await rosters.change(juliet, () => ({ put: item(romeo) })).told;
  const { version } = await rosters.get(juliet);
  assert.ok(version > Date.parse("2026-01-01"), "versions follow the clock: none is given out to two accounts");
});
