import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Jid } from "#jid/jid.ts";
import { body, message } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import { History, Past, readWanted } from "./history.ts";
import { user } from "./tags.ts";

const room = Jid.parse("verona@conference.example.com");
const history = tag("http://jabber.org/protocol/muc", "history");
const all = {
  stanzas: Number.POSITIVE_INFINITY,
  characters: Number.POSITIVE_INFINITY,
  since: Number.NEGATIVE_INFINITY,
};

function filled(count: number, limit = 100): History {
  const messages = new History();
  for (let at = 0; at < count; at++) messages.add(said(at), limit);
  return messages;
}

/** Message number `id`, said at this second. */
function said(id: number, archived = true): Past {
  const element = message({ from: `${room}/Romeo` }, user({}), body({}, `m${id}`));
  return new Past(id, id * 1000, element.toString(), archived);
}

function idsOf(history: History): readonly number[] {
  return history.all.map(({ id }) => id);
}

test("the last ones are kept", () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), (count, limit) => {
      const kept = filled(count, limit).all.map(({ at }) => at / 1000);
      assert.deepEqual(kept, Array.from({ length: count }, (_, at) => at).slice(Math.max(0, count - limit)));
    }),
  );
});

test("of long messages fewer are kept: memory is bounded", () => {
  const messages = new History();
  const long = "x".repeat(60_000);
  for (let id = 1; id <= 20; id++) messages.add(new Past(id, id, long, false), 100);
  assert.deepEqual(idsOf(messages), [13, 14, 15, 16, 17, 18, 19, 20]);
  messages.add(new Past(21, 21, "x".repeat(600_000), false), 100);
  assert.deepEqual(idsOf(messages), [21]);
  messages.complement([new Past(1, 1, long, true), new Past(2, 2, long, true)], 100);
  assert.deepEqual(idsOf(messages), [21]);
});

test("§7.2.14: the newest that fit every wish, and no more would fit", () => {
  const messages = filled(20);
  const shown = messages.all.map((one) => one.show(room));
  const sizes = shown.map(({ element }) => element.toString().length);
  fc.assert(
    fc.property(fc.nat(25), fc.nat(5000), fc.integer({ min: -5, max: 25 }), (stanzas, characters, second) => {
      const since = second * 1000;
      const chosen = messages.chosen({ stanzas, characters, since }, room);
      const start = 20 - chosen.length;
      assert.deepEqual(chosen, shown.slice(start));
      const size = (from: number) => sizes.slice(from).reduce((sum, one) => sum + one, 0);
      assert.ok(
        chosen.length <= stanzas &&
          size(start) <= characters &&
          messages.all.slice(start).every(({ at }) => at >= since),
      );
      if (start > 0 && chosen.length < stanzas && messages.all[start - 1]!.at >= since) {
        assert.ok(size(start - 1) > characters);
      }
    }),
  );
  assert.equal(messages.chosen(all, room).length, 20);
});

test("§7.2.13: newcomers get a message with its moment, and without what only some may know", () => {
  const { element, from } = said(1).show(room);
  assert.equal(from.toString(), `${room}/Romeo`);
  assert.equal(element.child(user), undefined);
  assert.match(element.toString(), /<delay [^>]*stamp='1970-01-01T00:00:01(\.000)?Z'/);
});

test("what the archive has can be forgotten, and comes back in its order", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(30), (before, unarchived, after, limit) => {
      const history = new History();
      const total = before + unarchived + after;
      const isArchived = (id: number) => id < before || id >= before + unarchived;
      for (let id = 0; id < before + unarchived; id++) history.add(said(id, isArchived(id)), 100);
      history.forget();
      assert.equal(history.complete, false);
      assert.deepEqual(idsOf(history).filter(isArchived), []);
      for (let id = before + unarchived; id < total; id++) history.add(said(id), 100);
      const all = Array.from({ length: total }, (_, id) => id);
      history.complement(
        all.filter(isArchived).map((id) => said(id)),
        limit,
      );
      assert.equal(history.complete, true);
      assert.deepEqual(idsOf(history), limit === 0 ? [] : all.slice(-limit));
    }),
  );
});

test("§7.2.14: wishes are read; what is no number is none", () => {
  assert.deepEqual(readWanted(undefined, 0), all);
  assert.deepEqual(readWanted(history({ maxstanzas: "x", maxchars: "-1", since: "yesterday" }), 0), all);
  assert.deepEqual(readWanted(history({ maxstanzas: "3", maxchars: "0", seconds: "10" }), 60_000), {
    stanzas: 3,
    characters: 0,
    since: 50_000,
  });
  assert.equal(readWanted(history({ seconds: "10", since: "1970-01-01T00:00:55Z" }), 60_000).since, 55_000);
});
