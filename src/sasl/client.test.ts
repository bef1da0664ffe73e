import assert from "node:assert/strict";
import { test } from "node:test";
import { beginClient } from "./client.ts";
import { decodeText, encodeText } from "./encoding.ts";
import { begin } from "./mechanisms.ts";
import { context, fails } from "./scram.fixture.ts";

test("the client encodes reserved characters", () => {
  const client = beginClient("SCRAM-SHA-1", { user: "a,b=2C", password: "x", authzid: "a=", nonce: "abc" });
  assert.equal(decodeText(client.first()), "n,a=a=3D,n=a=2Cb=3D2C,r=abc");
});

test("the client does not trust the server: nonce, iterations, signature", async () => {
  const say = async (challenge: string) =>
    beginClient("SCRAM-SHA-1", { user: "user", password: "pencil", nonce: "abc" }).step(encodeText(challenge));
  await assert.rejects(say("r=abd123,s=QSXCR+Q6sek8bf92,i=4096"), fails("malformed-request", /nonce/));
  await assert.rejects(say("r=abc,s=QSXCR+Q6sek8bf92,i=4096"), fails("malformed-request", /nonce/));
  await assert.rejects(say("r=abc123,s=QSXCR+Q6sek8bf92,i=1"), fails("malformed-request", /iteration/));
  await assert.rejects(say("r=abc123,s=QSXCR+Q6sek8bf92,i=999999999"), fails("malformed-request", /iteration/));
  await assert.rejects(say("r=abc123,s=QSXCR+Q6sek8bf92,i=4096x"), fails("malformed-request", /iteration/));
  const client = beginClient("SCRAM-SHA-1", { user: "user", password: "pencil", nonce: "abc" });
  assert.throws(() => client.verify(encodeText("v=AAAA")), fails("not-authorized"), "before the proof");
  await client.step(encodeText("r=abc123,s=QSXCR+Q6sek8bf92,i=4096"));
  assert.throws(() => client.verify(), fails("malformed-request"));
  assert.throws(() => client.verify(encodeText("e=other-error")), fails("not-authorized", /other-error/));
});

test("the server's signature may come as a challenge of its own", async () => {
  const exchange = begin("SCRAM-SHA-1", context());
  const client = beginClient("SCRAM-SHA-1", { user: "user", password: "pencil" });
  const challenge = await exchange.step(client.first());
  const outcome = await exchange.step(await client.step(challenge.data ?? encodeText("")));
  assert.equal((await client.step(outcome.data ?? encodeText(""))).length, 0);
  client.verify();
});
