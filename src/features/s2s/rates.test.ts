import assert from "node:assert/strict";
import { test } from "node:test";
import { Rates } from "./rates.ts";

test("rates: a burst is free, the rest waits; each domain for itself", () => {
  const rates = new Rates(1_000, 5_000);
  assert.equal(rates.spend("a.example", 5_000), 0);
  const wait = rates.spend("a.example", 1_000);
  assert.ok(wait > 0 && wait <= 1_000);
  assert.equal(rates.spend("b.example", 5_000), 0);
  assert.equal(new Rates(0, 0).spend("a.example", 1e9), 0);
});
