import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDateTime } from "#stanza/time.ts";
import { scenario } from "#test/harness/scenario.ts";
import { formatOffset } from "./time.ts";

scenario("time: the server tells its clock and its offset (XEP-0202 §3)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const before = Date.now();
  const answer = await romeo.exchange(
    "<iq type='get' to='example.com' id='time_1'><time xmlns='urn:xmpp:time'/></iq>",
    `<iq type='result' from='example.com' id='time_1'>
      <time xmlns='urn:xmpp:time'><tzo>…:…</tzo><utc>…Z</utc></time></iq>`,
  );
  const told = parseDateTime(answer.elements[0]!.elements.find((one) => one.name === "utc")!.text)!.getTime();
  // Servers may tell whole seconds.
  assert.ok(told >= before - 1000 && told <= Date.now());
});

test("offsets from UTC, east and west", () => {
  assert.equal(formatOffset(0), "+00:00");
  assert.equal(formatOffset(60), "+01:00");
  assert.equal(formatOffset(-360), "-06:00");
  assert.equal(formatOffset(345), "+05:45");
  assert.equal(formatOffset(-210), "-03:30");
});
