import assert from "node:assert/strict";
import { test } from "node:test";
import { Rates } from "./rates.ts";

test("so many at once, then as many in a minute", () => {
  let now = 0;
  const rates = new Rates(3, () => now);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => rates.take("anne")),
    [true, true, true, false],
  );
  now += 20_000;
  assert.deepEqual(
    [1, 2].map(() => rates.take("anne")),
    [true, false],
  );
  now += 600_000;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => rates.take("anne")),
    [true, true, true, false],
  );
});

test("each has its own turns", () => {
  const rates = new Rates(1, () => 0);
  assert.deepEqual([rates.take("anne"), rates.take("anne"), rates.take("paul")], [true, false, true]);
});

test("asking in vain does not put off the next turn", () => {
  let now = 0;
  const rates = new Rates(1, () => now);
  rates.take("anne");
  for (let step = 0; step < 59; step++) {
    now += 1000;
    assert.equal(rates.take("anne"), false);
  }
  now += 1001;
  assert.equal(rates.take("anne"), true);
});

test("0 is no limit, and memory is bounded", () => {
  const free = new Rates(0);
  assert.ok(Array.from({ length: 100 }, () => free.take("anne")).every(Boolean));
  const small = new Rates(1, () => 0, 2);
  for (const name of ["anne", "paul", "zoe"]) small.take(name);
  assert.equal(small.take("zoe"), false);
  assert.equal(small.take("anne"), true, "forgotten");
});
