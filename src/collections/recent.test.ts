import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Recent } from "./recent.ts";

describe("a table that forgets what was used least recently", () => {
  test("what was asked for stays, what was not goes", () => {
    const table = new Recent<number>(2);
    table.set("a", 1);
    table.set("b", 2);
    assert.equal(table.get("a"), 1);
    table.set("c", 3);
    assert.deepEqual([table.get("a"), table.get("b"), table.get("c")], [1, undefined, 3]);
  });

  test("a value is taken once", () => {
    const table = new Recent<number>(2);
    table.set("a", 1);
    assert.deepEqual([table.take("a"), table.take("a")], [1, undefined]);
  });

  test("it never grows beyond its capacity and always has the last", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.string({ maxLength: 2 }), { minLength: 1 }),
        (capacity, keys) => {
          const table = new Recent<string>(capacity);
          for (const key of keys) table.set(key, key);
          assert.ok(table.size <= capacity);
          assert.equal(table.get(keys.at(-1)!), keys.at(-1));
        },
      ),
    );
  });
});
