import assert from "node:assert/strict";
import { test } from "node:test";
import { preparePassword, prepareUser } from "./prepare.ts";

test("passwords: the examples of SASLprep (RFC 4013 §3)", () => {
  assert.equal(preparePassword("I\u00adX"), "IX");
  assert.equal(preparePassword("user"), "user");
  assert.equal(preparePassword("USER"), "USER");
  assert.equal(preparePassword("\u00aa"), "a");
  assert.equal(preparePassword("\u2168"), "IX");
  assert.equal(preparePassword("\u0007"), undefined);
  assert.equal(preparePassword("\u06271"), undefined);
});

test("passwords: characters younger than SASLprep are prepared as an OpaqueString", () => {
  assert.equal(preparePassword("correct 😀"), "correct 😀");
  assert.equal(preparePassword("ẞ\u00a0e\u0301"), "ẞ é");
  assert.equal(preparePassword("😀\u0007"), undefined);
});

test("passwords: limits", () => {
  assert.equal(preparePassword(""), undefined);
  assert.equal(preparePassword("\u00ad"), undefined, "nothing is left");
  assert.equal(preparePassword("x".repeat(1023))?.length, 1023);
  assert.equal(preparePassword("x".repeat(1024)), undefined);
  assert.equal(preparePassword("é".repeat(512)), undefined);
});

test("user names: as localparts (RFC 7622 §3.3)", () => {
  assert.equal(prepareUser("Juliet"), "juliet");
  assert.equal(prepareUser("a".repeat(1023))?.length, 1023);
  assert.equal(prepareUser("é".repeat(512)), undefined, "1024 bytes");
  for (const text of [
    "",
    "a".repeat(1024),
    "a b",
    'a"b',
    "a&b",
    "a'b",
    "a/b",
    "a:b",
    "a<b",
    "a>b",
    "a@b",
    "a\0b",
    "\u2163",
  ]) {
    assert.equal(prepareUser(text), undefined, JSON.stringify(text));
  }
});
