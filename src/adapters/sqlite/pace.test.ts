import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "./pace.ts";

it("pace: a burst goes at once, then commits are spaced, and rest is saved up to the burst", () => {
  const pace = new Pace({ burst: 3, perSecond: 250 }, 1_000);
  for (let commit = 0; commit < 3; commit++) {
    assert.equal(pace.wait(1_000), 0);
    pace.take(1_000);
  }
  assert.equal(pace.wait(1_000), 4);
  assert.equal(pace.wait(1_001), 3);
  assert.equal(pace.wait(1_004), 0);
  pace.take(1_004);
  assert.equal(pace.wait(1_004), 4);
  for (let commit = 0; commit < 3; commit++) {
    assert.equal(pace.wait(99_000), 0);
    pace.take(99_000);
  }
  assert.equal(pace.wait(99_000), 4);
});
