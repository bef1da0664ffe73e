import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turns } from "./turns.ts";

test("what comes is begun in order, a few pieces in each turn", async () => {
  const turns = new Turns();
  const begun: number[] = [];
  const counts: number[] = [];
  for (let number = 0; number < 10; number++) turns.add(() => void begun.push(number));
  counts.push(begun.length);
  while (begun.length < 11) {
    await turn();
    if (counts.length === 1) turns.add(() => void begun.push(10));
    counts.push(begun.length);
  }
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(counts.slice(0, 2), [4, 8]);
  assert.equal(counts.at(-1), 11);
});

test("a single piece does not wait, not even after others", async () => {
  const turns = new Turns();
  for (let round = 0; round < 3; round++) {
    let begun = 0;
    for (let number = 0; number < 4; number++) turns.add(() => void begun++);
    assert.equal(begun, 4);
    await turn();
    await turn();
  }
});
