import assert from "node:assert/strict";
import fc from "fast-check";
import { removing } from "#core/account.ts";
import { type Database, type Query, sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Archive } from "./archive.ts";
import { startOf } from "./ids.ts";
import { mam } from "./mam.ts";
import { conditions, endsQuery, namedQuery, pageQuery, readPage } from "./pages.ts";
import { countQuery, nthNewestQuery } from "./store.ts";
import { sweep } from "./upkeep.ts";

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };
const romeo = Jid.parse("romeo@example.com");
const juliet = Jid.parse("juliet@example.com/balcony");
const nurse = Jid.parse("nurse@elsewhere.example");
const all = { low: 0, high: Number.MAX_SAFE_INTEGER };

function archiveOf({ assembly }: Stage): Archive {
  return assembly.hosts.get("example.com")!.view("test").use(mam).archive;
}

/** Archives a message from Romeo for him, and for Juliet if it is to her. */
function archived(archive: Archive, to: Jid, text: string): number {
  const stanza = Stanza.of("message", message({ type: "chat" }, body({}, text)), romeo, to);
  const id = archive.add(stanza, romeo, to);
  if (to === juliet) assert.equal(archive.add(stanza, to, romeo), id);
  return id;
}

async function numberOf(archive: Archive, account: Jid): Promise<number> {
  return (await archive.addresses.find(account.bare.toString()))!;
}

scenario("pages concatenate to the whole, for any size, direction and filter", ours, async (stage) => {
  const archive = archiveOf(stage);
  const toJuliet: number[] = [];
  const everything: number[] = [];
  for (let count = 0; count < 120; count++) {
    const to = count % 3 === 0 ? nurse : juliet;
    const id = archived(archive, to, `message ${count}`);
    everything.push(id);
    if (to === juliet) toJuliet.push(id);
  }
  await archive.writer.settle();
  const owner = await numberOf(archive, romeo);
  const walk = async (size: number, backwards: boolean, selection: typeof all & { with?: Jid }) => {
    const found: number[] = [];
    let at: number | undefined;
    for (;;) {
      const bounds = at === undefined ? all : backwards ? { low: 0, high: at - 1 } : { low: at + 1, high: all.high };
      const range = { max: size, backwards, continues: at !== undefined, ...bounds };
      const page = await readPage(archive, owner, { selection, range, named: at === undefined ? [] : [at] });
      const ids = page.messages.map(({ id }) => id);
      if (backwards) found.unshift(...ids);
      else found.push(...ids);
      if (page.complete) return { found, count: page.count };
      assert.equal(ids.length, size);
      at = backwards ? ids[0]! : ids.at(-1)!;
    }
  };
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 130 }),
    fc.boolean(),
    fc.boolean(),
    fc.tuple(fc.nat(120), fc.nat(120)),
    async (size, backwards, onlyJuliet, [from, until]) => {
      const low = everything[from] ?? 0;
      const high = everything[until] ?? all.high;
      const selection = onlyJuliet ? { low, high, with: juliet.bare } : { low, high };
      const expected = (onlyJuliet ? toJuliet : everything).filter((id) => id >= low && id <= high);
      assert.deepEqual(await walk(size, backwards, selection), { found: expected, count: expected.length });
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

scenario("a message between two accounts is kept once, and goes with its last owner", ours, async (stage) => {
  const archive = archiveOf(stage);
  const count = async (table: Query) =>
    (await archive.db.one<{ count: number }>(sql`select count(*) as count from ${table}`))!.count;
  for (let number = 0; number < 1_200; number++) archived(archive, number % 2 === 0 ? juliet : nurse, "x");
  await archive.writer.settle();
  assert.equal(await count(sql`archive_message`), 1_200);
  assert.equal(await count(sql`archive_entry`), 1_800);
  const host = stage.assembly.hosts.get("example.com")!;
  await host.fire(removing, { account: romeo });
  assert.equal(await count(sql`archive_entry`), 600);
  assert.equal(await count(sql`archive_message`), 600);
  assert.equal(await count(sql`archive_text`), 600);
  await host.fire(removing, { account: juliet.bare });
  assert.equal(await count(sql`archive_entry`), 0);
  assert.equal(await count(sql`archive_message`), 0);
  assert.equal(await count(sql`archive_text`), 0);
});

scenario("old messages are forgotten, younger ones stay", ours, async (stage) => {
  const archive = archiveOf(stage);
  for (let number = 0; number < 700; number++) archived(archive, juliet, "old");
  await archive.writer.settle();
  await new Promise((resolve) => setTimeout(resolve, 10)); // ids may run ahead of the clock by a few milliseconds
  const boundary = Date.now() + 1;
  while (Date.now() <= boundary + 20) await new Promise((resolve) => setTimeout(resolve, 1));
  const young = archived(archive, juliet, "young");
  await archive.writer.settle();
  const sweepBefore = (moment: number) => {
    archive.keeps("example.com", () => startOf(moment));
    return sweep(archive);
  };
  await sweepBefore(Date.now() - 3_600_000);
  const left = () =>
    archive.db.all<{ owner: number; id: number }>(sql`select owner, id from archive_entry order by owner`);
  assert.equal((await left()).length, 1_402);
  await sweepBefore(boundary);
  assert.deepEqual(
    (await left()).map(({ id }) => id),
    [young, young],
  );
  assert.deepEqual(await archive.db.all(sql`select id from archive_message`), [{ id: young }]);
  await sweepBefore(Date.now() + 86_400_000);
  assert.deepEqual(await left(), []);
});

scenario("large archives are counted on request only, and exactly", ours, async (stage) => {
  const archive = archiveOf(stage);
  for (let number = 0; number < 5_001; number++) archived(archive, nurse, "x");
  await archive.writer.settle();
  const owner = await numberOf(archive, romeo);
  const countOf = async (max: number, low: number, continues = false) => {
    const range = { max, backwards: false, continues, ...all };
    return (await readPage(archive, owner, { selection: { ...all, low }, range, named: [] })).count;
  };
  assert.equal(await countOf(0, 0), 5_001);
  assert.equal(await countOf(10, 0), undefined);
  const [first] = await archive.db.all<{ id: number }>(sql`select min(id) as id from archive_entry`);
  assert.equal(await countOf(10, first!.id + 1), 5_000);
  assert.equal(await countOf(10, first!.id + 1, true), undefined, "it was told on the first page");
  const { id: late } = (await archive.db.one<{ id: number }>(nthNewestQuery(owner, all.high, 250)))!;
  assert.equal(await countOf(10, late, true), 250);
});

async function plan(db: Database, query: Query): Promise<string[]> {
  const rows = await db.all<{ detail: string }>(sql`explain query plan ${query}`);
  return rows.map(({ detail }) => detail);
}

const entries = "USING PRIMARY KEY (owner=? AND id>? AND id<?)";
const byPeer = "INDEX archive_entry_peer (owner=? AND peer=? AND id>? AND id<?)";

/** All that a form of a query (XEP-0313 §4.1) may select by, alone and with the others, and how that is read. */
const selections: readonly (readonly [name: string, selection: object, read: string])[] = [
  ["everything, or start, end, before-id, after-id", {}, entries],
  ["with, a bare address", { with: juliet.bare }, `USING COVERING ${byPeer}`],
  ["with, a full address", { with: juliet }, `USING COVERING ${byPeer}`],
  ["a nickname of a room", { resource: "Nurse" }, entries],
  ["a nickname of a room, and who it was", { resource: "Nurse", with: nurse }, `USING COVERING ${byPeer}`],
  ["ids", { ids: [1, 2, 3] }, "USING PRIMARY KEY (owner=? AND id=?)"],
  ["ids, with", { ids: [1, 2, 3], with: juliet.bare }, "(owner=? AND"],
];

for (const [name, selection, read] of selections) {
  scenario(`a page is one indexed read, whatever it is a page of: ${name}`, ours, async (stage) => {
    const archive = archiveOf(stage);
    const chosen = { ...all, ...selection };
    const where = conditions(1, chosen, "with" in chosen ? 2 : undefined);
    const most = 51;
    // Before, after, flipped and the last page differ in bounds and direction only.
    for (const backwards of [false, true]) {
      const [entry, joined, ...more] = await plan(
        archive.db,
        pageQuery(where, { low: 5, high: 10 ** 15, max: most, backwards }),
      );
      assert.ok(entry!.startsWith("SEARCH e ") && entry!.includes(read), entry);
      assert.equal(joined, "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)");
      assert.deepEqual(more, [], "nothing is sorted or scanned");
    }
    const counting = await plan(archive.db, countQuery(where, { after: 5, high: 10 ** 15, most }));
    // The subquery itself is an iterator: what it gives is counted as it comes.
    assert.deepEqual(counting.slice(2), ["SCAN (subquery-1)"]);
    assert.match(counting[0]!, /^CO-ROUTINE/);
    assert.ok(counting[1]!.startsWith("SEARCH e ") && counting[1]!.includes(read), counting[1]);
  });
}

scenario("a search is no walk through the archive", ours, async (stage) => {
  const archive = archiveOf(stage);
  const where = conditions(1, { ...all, words: ["word"] }, undefined);
  for (const backwards of [false, true]) {
    const steps = await plan(archive.db, pageQuery(where, { low: 5, high: 10 ** 15, max: 51, backwards }));
    assert.doesNotMatch(steps.join("\n"), /SCAN [em]\b/);
  }
});

scenario("the quota, ids that are named, and the ends are looked up in the index", ours, async (stage) => {
  const archive = archiveOf(stage);
  for (const query of [
    nthNewestQuery(1, 10 ** 15, 10_000),
    endsQuery(1, 5, false),
    endsQuery(1, 5, true),
    namedQuery(1, [1, 2]),
  ]) {
    const steps = await plan(archive.db, query);
    assert.equal(steps.length, 1, steps.join("\n"));
    assert.match(steps[0]!, /^SEARCH archive_entry USING PRIMARY KEY \(owner=\? AND id[<>=]/);
  }
});
