import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArchiveIds, startOf, timeOf } from "./ids.ts";

const secret = new Uint8Array(32).map((_, index) => index * 7 + 1);
const highest = 2 ** 52 - 1;

test("ids go up, whatever the clock does, and say when they were given", () => {
  const ids = new ArchiveIds(secret);
  let last = 0;
  const begun = Date.now();
  for (let count = 0; count < 10_000; count++) {
    const id = ids.next();
    assert.ok(id > last);
    last = id;
  }
  assert.equal(ids.last, last);
  assert.ok(timeOf(last).getTime() >= begun);
  const later = startOf(Date.now() + 3_600_000);
  const setBack = new ArchiveIds(secret, later);
  assert.ok(setBack.next() > later);
});

test("two nodes never give the same id", () => {
  const one = new ArchiveIds(secret, 0, 1);
  const other = new ArchiveIds(secret, 0, 2);
  const all = new Set<number>();
  for (let count = 0; count < 5_000; count++) all.add(one.next()).add(other.next());
  assert.equal(all.size, 10_000);
});

test("the text of an id leads back to it, and to no other", () => {
  const ids = new ArchiveIds(secret);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: highest }), (id) => {
      assert.match(ids.toText(id), /^[0-9a-z]{11}$/);
      assert.equal(ids.parse(ids.toText(id)), id);
    }),
  );
  for (const id of [0, 1, highest]) assert.equal(ids.parse(ids.toText(id)), id);
});

test("what is no id is none", () => {
  const ids = new ArchiveIds(secret);
  for (const text of ["", "1", "zzzzzzzzzzz", "28482-98726-73623", "ABCDEFGHIJK", "000000000001"]) {
    assert.equal(ids.parse(text), undefined, text);
  }
});

test("neighbours do not look like neighbours, and another secret gives other texts", () => {
  const ids = new ArchiveIds(secret);
  const texts = Array.from({ length: 100 }, (_, index) => ids.toText(2 ** 50 + index * 16));
  assert.ok(new Set(texts.map((text) => text.slice(0, 4))).size > 90);
  assert.notEqual(new ArchiveIds(secret.toReversed()).toText(5), ids.toText(5));
});

test("a moment and its first id", () => {
  const moment = Date.UTC(2026, 5, 1, 12, 0, 0, 7);
  assert.equal(timeOf(startOf(moment)).getTime(), moment);
  assert.equal(timeOf(startOf(moment) - 1).getTime(), moment - 1);
  assert.equal(startOf(0), 0);
});
