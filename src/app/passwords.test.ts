import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { demoPasswords, randomPassword } from "./passwords.ts";

const folder = mkdtempSync(join(tmpdir(), "parloir-passwords-"));
after(() => rmSync(folder, { recursive: true }));

test("passwords are readable and differ", () => {
  const all = Array.from({ length: 50 }, randomPassword);
  for (const password of all) assert.match(password, /^([a-z]{4}-){5}[a-z]{4}$/);
  assert.equal(new Set(all).size, 50);
});

test("demo passwords stay with an installation, and are not those of another", () => {
  const romeo = demoPasswords(folder)("romeo");
  assert.equal(demoPasswords(folder)("romeo"), romeo);
  assert.notEqual(demoPasswords(folder)("juliet"), romeo);
  assert.equal(statSync(join(folder, "demo.secret")).mode & 0o777, 0o600);
  const other = mkdtempSync(join(folder, "other-"));
  assert.notEqual(demoPasswords(other)("romeo"), romeo);
});
