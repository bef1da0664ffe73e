import assert from "node:assert/strict";
import { test } from "node:test";
import { fullBucket, isFull, spend } from "./bucket.ts";

const pace = { rate: 1_000, burst: 5_000 };

test("a burst is free, more waits until it has come back", () => {
  const bucket = fullBucket(pace, 0);
  assert.equal(spend(bucket, 5_000, pace, 0), 0);
  assert.equal(spend(bucket, 300, pace, 0), 300);
  assert.equal(spend(bucket, 0, pace, 300), 0);
  assert.equal(spend(bucket, 1_000, pace, 1_300), 0);
  assert.equal(spend(bucket, 1, pace, 1_300), 1);
});

test("no more than the burst comes back, and nobody waits for ever", () => {
  const bucket = fullBucket(pace, 0);
  assert.equal(spend(bucket, 5_500, pace, 1_000_000), 500);
  assert.equal(spend(bucket, 1_000_000, pace, 1_000_000), 10_000);
});

test("a bucket is full again after its time", () => {
  const bucket = fullBucket(pace, 0);
  assert.equal(isFull(bucket, pace, 0), true);
  spend(bucket, 2_000, pace, 0);
  assert.equal(isFull(bucket, pace, 1_999), false);
  assert.equal(isFull(bucket, pace, 2_000), true);
});

test("without a rate there is no limit", () => {
  const free = { rate: 0, burst: 0 };
  assert.equal(spend(fullBucket(free, 0), 1e9, free, 0), 0);
});
