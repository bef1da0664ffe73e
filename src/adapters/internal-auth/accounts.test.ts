import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { type Database, DatabaseError, type Query } from "#core/database.ts";
import { authenticatorConformance } from "#sasl/authenticator.conformance.ts";
import { AccountError } from "#sasl/error.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import { InternalAccounts, type InternalAccountsOptions } from "./accounts.ts";
import { migrations } from "./store.ts";

/** The least of a database: in memory, one statement after the other. */
class TestDatabase implements Database {
  reads = 0;
  down = false;
  readonly #connection = new DatabaseSync(":memory:");

  constructor() {
    for (const step of migrations) this.#connection.exec(step);
  }

  async all<Row>(query: Query): Promise<Row[]> {
    this.reads++;
    return this.#statement(query, (statement) => statement.all(...query.values) as Row[]);
  }

  async one<Row>(query: Query): Promise<Row | undefined> {
    return (await this.all<Row>(query))[0];
  }

  async run(query: Query): Promise<number> {
    return this.#change(query);
  }

  async batch(queries: readonly Query[]): Promise<number[]> {
    return this.transaction(() => queries.map((query) => this.#change(query)));
  }

  async transaction<T>(work: (db: Database) => T | Promise<T>): Promise<T> {
    this.#connection.exec("savepoint work");
    try {
      const result = work(this); // a batch does not wait, so that batches never mix
      return result instanceof Promise ? await result : result;
    } catch (error) {
      this.#connection.exec("rollback to work");
      throw error;
    } finally {
      this.#connection.exec("release work");
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #change(query: Query): number {
    return this.#statement(query, (statement) => Number(statement.run(...query.values).changes));
  }

  #statement<T>(query: Query, run: (statement: ReturnType<DatabaseSync["prepare"]>) => T): T {
    if (this.down) throw new DatabaseError("unavailable", "down");
    try {
      return run(this.#connection.prepare(query.text.join("?")));
    } catch (cause) {
      const kind = String(cause).includes("constraint") ? "constraint" : "invalid";
      throw new DatabaseError(kind, String(cause), { cause });
    }
  }
}

function start(options: Partial<InternalAccountsOptions> = {}) {
  let now = 0;
  const database = new TestDatabase();
  const open = (more: Partial<InternalAccountsOptions> = {}) =>
    new InternalAccounts({ database, domain: "example.com", iterations: 4096, clock: () => now, ...options, ...more });
  const pass = (time: number) => {
    now += time;
  };
  return { database, open, pass };
}

for (const hashes of [["SHA-256", "SHA-1"], ["SHA-1"], ["SHA-512", "SHA-256", "SHA-1"]] as const) {
  authenticatorConformance(`internal accounts with ${hashes.join(", ")}`, ["admin", "interrupt", "scram"], async () => {
    const { database, open } = start({ hashes });
    const authenticator = open();
    await authenticator.admin.create("romeo", "Montague 1");
    const interrupt = async () => {
      database.down = true;
    };
    return { authenticator, user: "romeo", password: "Montague 1", interrupt, close: () => database.close() };
  });
}

test("nothing of a password is kept but its keys, each with a salt of its own", async () => {
  const { database, open } = start({ iterations: 5000 });
  await open().admin.create("romeo", "a very secret text");
  const rows = await database.all<Record<string, unknown>>({
    text: ["select * from account_key order by hash"],
    values: [],
  });
  const accounts = await database.all<Record<string, unknown>>({ text: ["select * from account"], values: [] });
  assert.deepEqual(Object.keys(accounts[0] ?? {}), ["domain", "username", "created"]);
  assert.equal(rows.length, 2);
  for (const row of rows) {
    const salt = row.salt as Uint8Array;
    assert.equal(salt.length, 16);
    assert.equal(row.iterations, 5000);
    const keys = await deriveKeys("a very secret text", row.hash as "SHA-1", salt, 5000);
    assert.deepEqual(Buffer.from(row.stored_key as Uint8Array), keys.storedKey);
    assert.deepEqual(Buffer.from(row.server_key as Uint8Array), keys.serverKey);
  }
  assert.notDeepEqual(rows[0]?.salt, rows[1]?.salt);
  await database.close();
});

test("domains do not share accounts", async () => {
  const { database, open } = start();
  const [verona, mantua] = [open({ domain: "verona.example" }), open({ domain: "mantua.example" })];
  await verona.admin.create("romeo", "one");
  await mantua.admin.create("romeo", "two");
  assert.equal(await verona.verify("romeo", "one"), true);
  assert.equal(await verona.verify("romeo", "two"), false);
  await mantua.admin.remove("romeo");
  assert.equal(await verona.exists("romeo"), true);
  assert.equal(await mantua.exists("romeo"), false);
  assert.deepEqual(await mantua.admin.list(), []);
  await database.close();
});

test("a cached account is answered at once and without the database, also an unknown one", async () => {
  const { database, open } = start();
  const accounts = open();
  await accounts.admin.create("romeo", "one");
  await accounts.exists("romeo");
  await accounts.exists("mercutio");
  const { reads } = database;
  assert.equal(accounts.exists("romeo"), true);
  assert.equal(accounts.exists("mercutio"), false);
  assert.ok(await accounts.scram("romeo", "SHA-1"));
  assert.equal(await accounts.verify("romeo", "one"), true);
  assert.equal(database.reads, reads);
  await database.close();
});

test("those who ask at the same time share one read", async () => {
  const { database, open } = start();
  const accounts = open();
  await Promise.all([accounts.exists("romeo"), accounts.exists("romeo"), accounts.scram("romeo", "SHA-1")]);
  assert.equal(database.reads, 1);
  await database.close();
});

test("what another process changed counts after the lifetime of the cache", async () => {
  const { database, open, pass } = start();
  const [server, commandLine] = [open(), open()];
  await commandLine.admin.create("romeo", "one");
  assert.equal(await server.verify("romeo", "one"), true);
  await commandLine.admin.setPassword("romeo", "two");
  pass(5000);
  assert.equal(await server.verify("romeo", "one"), false);
  assert.equal(await server.verify("romeo", "two"), true);
  await commandLine.admin.remove("romeo");
  pass(5000);
  assert.equal(await server.exists("romeo"), false);
  await commandLine.admin.create("romeo", "three");
  pass(5000);
  assert.equal(await server.exists("romeo"), true);
  await database.close();
});

test("a read that began before a change does not come back after it", async () => {
  const { database, open } = start();
  const accounts = open();
  await accounts.admin.create("romeo", "one");
  const early = accounts.exists("romeo");
  await accounts.admin.remove("romeo");
  await early;
  assert.equal(await accounts.exists("romeo"), false);
  await database.close();
});

test("the cache is bounded", async () => {
  const { database, open } = start({ cache: { entries: 3 } });
  const accounts = open();
  for (const user of ["a", "b", "c", "d"]) await accounts.exists(user);
  const { reads } = database;
  await accounts.exists("d");
  await accounts.exists("b");
  assert.equal(database.reads, reads);
  await accounts.exists("a");
  assert.equal(database.reads, reads + 1);
  await database.close();
});

test("a failure is not cached", async () => {
  const { database, open } = start();
  const accounts = open();
  await accounts.admin.create("romeo", "one");
  database.down = true;
  await assert.rejects(Promise.resolve(accounts.exists("romeo")), DatabaseError);
  database.down = false;
  assert.equal(await accounts.verify("romeo", "one"), true);
  await database.close();
});

test("an account whose keys are for another hash is verified with what it has", async () => {
  const { database, open } = start();
  await open({ hashes: ["SHA-1"] }).admin.create("romeo", "one");
  const accounts = open();
  assert.equal(await accounts.verify("romeo", "one"), true);
  assert.equal(await accounts.verify("romeo", "two"), false);
  assert.equal(await accounts.scram("romeo", "SHA-256"), undefined);
  assert.equal(await open({ hashes: ["SHA-256"] }).scram("romeo", "SHA-1"), undefined, "not among its hashes");
  await accounts.admin.setPassword("romeo", "one");
  assert.ok(await accounts.scram("romeo", "SHA-256"));
  await database.close();
});

test("an account without keys exists, and no password opens it", async () => {
  const { database, open } = start();
  await database.run({ text: ["insert into account values ('example.com', 'romeo', 0)"], values: [] });
  const accounts = open();
  assert.equal(await accounts.exists("romeo"), true);
  assert.equal(await accounts.verify("romeo", ""), false);
  assert.equal(await accounts.verify("romeo", "x"), false);
  await database.close();
});

test("settings that would weaken the keys are refused", () => {
  const { open } = start();
  assert.throws(() => open({ iterations: 4095 }), RangeError);
  assert.throws(() => open({ hashes: [] }), RangeError);
});

test("two creations at once: one wins", async () => {
  const { database, open } = start();
  const [one, two] = [open(), open()];
  const outcomes = await Promise.allSettled([one.admin.create("romeo", "one"), two.admin.create("romeo", "two")]);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(refused.length, 1);
  assert.ok(refused[0]?.reason instanceof AccountError);
  await database.close();
});
