import assert from "node:assert/strict";
import { test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { blockList, blocksNobody, matches } from "./block-list.ts";

test("matching of addresses (XEP-0191 §6)", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["user@domain/resource", ["user@domain/resource"], ["user@domain", "user@domain/other", "domain"]],
    ["user@domain", ["user@domain", "user@domain/resource"], ["other@domain/resource", "domain", "user@other"]],
    ["domain/resource", ["domain/resource"], ["domain", "domain/other", "user@domain/resource"]],
    ["domain", ["domain", "user@domain", "user@domain/resource", "domain/resource"], ["sub.domain", "user@sub.domain"]],
  ];
  for (const [item, blocked, free] of cases) {
    const list = blockList([item]);
    for (const text of blocked) assert.equal(matches(list, Jid.parse(text)), true, `${item} blocks ${text}`);
    for (const text of free) assert.equal(matches(list, Jid.parse(text)), false, `${item} does not block ${text}`);
  }
});

test("an empty list is the one that blocks nobody", () => {
  assert.equal(blockList([]), blocksNobody);
  assert.equal(matches(blocksNobody, Jid.parse("user@domain")), false);
});
