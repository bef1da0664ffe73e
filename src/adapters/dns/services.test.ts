import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inOrder, type ServiceRecord } from "./services.ts";

function record(name: string, priority: number, weight: number): ServiceRecord {
  return { name, port: 5269, priority, weight, security: "starttls" };
}

/** A source of numbers that repeats itself from run to run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("the lowest priority comes first", () => {
  const order = inOrder([record("c", 20, 100), record("a", 0, 0), record("b", 10, 1)], Math.random);
  assert.deepEqual(
    order.map(({ name }) => name),
    ["a", "b", "c"],
  );
});

test("among equals the weight says how often one comes first", () => {
  const random = seeded(7);
  const first = { a: 0, b: 0, c: 0 };
  const records = [record("a", 0, 60), record("b", 0, 30), record("c", 0, 0)];
  for (let round = 0; round < 9000; round++) first[inOrder(records, random)[0]!.name as "a" | "b" | "c"]++;
  assert.ok(Math.abs(first.a - 6000) < 300, `a ${first.a}`);
  assert.ok(Math.abs(first.b - 3000) < 300, `b ${first.b}`);
  assert.ok(first.c > 0 && first.c < 300, `c ${first.c}`);
});

test("equals without weight come in any order", () => {
  const random = seeded(3);
  const records = [record("a", 0, 0), record("b", 0, 0)];
  const first = new Set(Array.from({ length: 50 }, () => inOrder(records, random)[0]!.name));
  assert.equal(first.size, 2);
});

test("each record comes once, by priority, whatever the numbers", () => {
  const any = fc.record({
    name: fc.string(),
    port: fc.nat(65535),
    priority: fc.nat(3),
    weight: fc.nat(65535),
    security: fc.constantFrom("direct" as const, "starttls" as const),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), random, (records, number) => {
      const order = inOrder(records, () => number);
      assert.equal(order.length, records.length);
      assert.equal(new Set(order).size, records.length);
      for (const [index, { priority }] of order.entries()) assert.ok(priority >= (order[index - 1]?.priority ?? 0));
    }),
  );
});
