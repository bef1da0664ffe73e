import assert from "node:assert/strict";
import { test } from "node:test";
import { Addresses } from "./addresses.ts";

test("an address is one object, however it is written", () => {
  const addresses = new Addresses();
  const romeo = addresses.of("romeo@example.net");
  assert.equal(romeo?.toString(), "romeo@example.net");
  assert.equal(addresses.of("romeo@example.net"), romeo);
  assert.equal(addresses.of("Romeo@EXAMPLE.net"), romeo);
  assert.notEqual(addresses.of("romeo@example.com"), romeo);
});

test("what is no address is none", () => {
  assert.equal(new Addresses().of("rom eo@example.net"), undefined);
});
