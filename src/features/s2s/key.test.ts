import assert from "node:assert/strict";
import { test } from "node:test";
import { DialbackKeys } from "./key.ts";

test("dialback keys: the example of XEP-0185 §3", () => {
  const keys = new DialbackKeys(Buffer.from("s3cr3tf0rd14lb4ck"));
  const purpose = { receiving: "xmpp.example.com", originating: "example.org", stream: "D60000229F" };
  const key = "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643";
  assert.equal(keys.make(purpose), key);
  assert.ok(keys.fits(key, purpose));
  assert.ok(!keys.fits(key.slice(1), purpose));
  assert.ok(!keys.fits(key, { ...purpose, stream: "D60000229E" }));
  assert.ok(!keys.fits(key, { ...purpose, originating: "example.net" }));
});
