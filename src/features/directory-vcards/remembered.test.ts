import assert from "node:assert/strict";
import { test } from "node:test";
import { DirectoryError } from "#core/people.ts";
import { Remembered } from "./remembered.ts";

const patienceMs = 60_000;

function counted<Value>(answer: (time: number) => Value | Promise<Value>) {
  const ask = async () => answer(++ask.times);
  ask.times = 0;
  return ask;
}

test("asked once, by however many, and kept until it is forgotten", async () => {
  const remembered = new Remembered<number>({ capacity: 10, patienceMs });
  const ask = counted((time) => time);
  assert.deepEqual(await Promise.all([remembered.get("a", ask), remembered.get("a", ask)]), [1, 1]);
  assert.equal(remembered.get("a", ask), 1, "at once");
  remembered.forget("a");
  assert.equal(await remembered.get("a", ask), 2);
  remembered.clear();
  assert.equal(await remembered.get("a", ask), 3);
});

test("that there is nothing is kept too", async () => {
  const remembered = new Remembered<undefined>({ capacity: 10, patienceMs });
  const ask = counted(() => undefined);
  await remembered.get("a", ask);
  assert.equal(remembered.get("a", ask), undefined);
  assert.equal(ask.times, 1);
});

test("beyond the capacity the least recently used goes, and what is too heavy is not kept", async () => {
  const remembered = new Remembered<string>({ capacity: 10, patienceMs, weigh: (text) => text.length });
  for (const text of ["aaaa", "bbbb"]) await remembered.get(text, async () => text);
  await remembered.get("aaaa", async () => "");
  await remembered.get("cccc", async () => "cccc");
  assert.equal(remembered.weight, 8);
  assert.equal(await remembered.get("bbbb", async () => "again"), "again");
  assert.equal(await remembered.get("d", async () => "d".repeat(11)), "d".repeat(11));
  assert.equal(await remembered.get("d", async () => "d"), "d");
});

test("what is forgotten while it is asked is not kept", async () => {
  const remembered = new Remembered<string>({ capacity: 10, patienceMs });
  const first = Promise.withResolvers<string>();
  const old = remembered.get("a", () => first.promise);
  remembered.forget("a");
  assert.equal(await remembered.get("a", async () => "new"), "new");
  first.resolve("old");
  assert.equal(await old, "old");
  assert.equal(
    remembered.get("a", async () => "newest"),
    "new",
  );
});

test("after no answer what is kept still holds, and nothing is asked for a while", async () => {
  let now = 0;
  const remembered = new Remembered<string>({ capacity: 10, patienceMs, clock: () => now });
  await remembered.get("a", async () => "known");
  const down = counted(() => {
    throw new DirectoryError("down");
  });
  await assert.rejects(async () => remembered.get("b", down), DirectoryError);
  await assert.rejects(async () => remembered.get("c", down), DirectoryError);
  assert.equal(down.times, 1);
  assert.equal(remembered.get("a", down), "known");
  now += 15_000;
  assert.equal(await remembered.get("c", async () => "back"), "back");
});

test("an answer that does not come is none", async () => {
  const remembered = new Remembered<string>({ capacity: 10, patienceMs: 1 });
  await assert.rejects(async () => remembered.get("a", () => new Promise(() => {})), DirectoryError);
});

test("a bug is no silence of the directory", async () => {
  const remembered = new Remembered<string>({ capacity: 10, patienceMs });
  await assert.rejects(
    async () =>
      remembered.get("a", async () => {
        throw new TypeError("a bug");
      }),
    TypeError,
  );
  assert.equal(await remembered.get("a", async () => "fine"), "fine");
});

test("what was said is asked again after five minutes, and holds if there is no answer", async () => {
  let now = 0;
  const remembered = new Remembered<string>({
    capacity: 3,
    patienceMs,
    clock: () => now,
    weigh: (text) => text.length,
  });
  await remembered.get("a", async () => "old");
  now += 299_999;
  assert.equal(
    remembered.get("a", async () => "new"),
    "old",
  );
  now += 1;
  assert.equal(
    await remembered.get("a", async () => {
      throw new DirectoryError("down");
    }),
    "old",
  );
  now += 15_000;
  assert.equal(await remembered.get("a", async () => "new"), "new");
  assert.equal(
    remembered.get("a", async () => "newest"),
    "new",
  );
  assert.equal(remembered.weight, 3);
});
