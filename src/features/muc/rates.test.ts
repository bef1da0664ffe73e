import assert from "node:assert/strict";
import { test } from "node:test";
import { Rates } from "./rates.ts";

test("a bucket empties, and fills again over a minute; those of others stay full", () => {
  let now = 0;
  const rates = new Rates<object | string>(3, () => now);
  for (const key of ["text", {}]) {
    assert.deepEqual(
      [1, 2, 3, 4].map(() => rates.take(key)),
      [true, true, true, false],
    );
    now += 20_000;
    assert.deepEqual(
      [1, 2].map(() => rates.take(key)),
      [true, false],
    );
  }
  assert.equal(rates.take({}), true);
});

test("no limit", () => {
  const rates = new Rates<string>(0);
  assert.ok(Array.from({ length: 1000 }, () => rates.take("x")).every(Boolean));
});
