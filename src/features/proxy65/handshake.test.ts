import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Handshake } from "./handshake.ts";

const name = "0123456789abcdef0123456789abcdef01234567";
const greeting = Buffer.from([5, 1, 0]);

function request({ command = 1, type = 3, host = name, port = 0 } = {}): Buffer {
  const tail = [host.length, ...Buffer.from(host, "latin1"), port >> 8, port & 255];
  return Buffer.from([5, command, 0, type, ...tail]);
}

function greeted(): Handshake {
  const handshake = new Handshake();
  handshake.take(greeting);
  return handshake;
}

test("the greeting: no authentication is chosen wherever it is offered", () => {
  for (const bytes of [
    [5, 1, 0],
    [5, 3, 2, 1, 0],
  ]) {
    const { reply, outcome } = new Handshake().take(Buffer.from(bytes));
    assert.deepEqual([...reply, outcome], [5, 0, "more"]);
  }
});

test("the greeting: without it, no acceptable method; another protocol gets no answer", () => {
  const refused = new Handshake().take(Buffer.from([5, 2, 1, 2]));
  assert.deepEqual([...refused.reply, refused.outcome], [5, 255, "refused"]);
  assert.equal(new Handshake().take(Buffer.from([5, 0])).outcome, "refused");
  for (const text of ["\u0004\u0001", "GET / HTTP/1.1\r\n", "<?xml version='1.0'?>"]) {
    const other = new Handshake().take(Buffer.from(text));
    assert.deepEqual([other.reply.length, other.outcome], [0, "refused"]);
  }
});

test("the request: its destination is repeated in the reply", () => {
  const handshake = greeted();
  assert.equal(handshake.take(request({ host: name.toUpperCase() })).outcome, "ready");
  assert.equal(handshake.destination, name);
  const reply = Buffer.from(handshake.answer(true));
  assert.deepEqual([...reply.subarray(0, 5)], [5, 0, 0, 3, 40]);
  assert.equal(reply.toString("latin1", 5, 45), name.toUpperCase());
  assert.deepEqual([...reply.subarray(45)], [0, 0]);
  assert.equal(handshake.answer(false)[1], 2);
});

test("the request: each thing that is not XEP-0065 has its reply", () => {
  const cases: [Buffer, number][] = [
    [request({ command: 2 }), 7],
    [request({ command: 3 }), 7],
    [Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, 0, 80]), 8],
    [Buffer.from([5, 1, 0, 4, ...new Array(16).fill(0), 0, 80]), 8],
    [request({ host: "example.com" }), 2],
    [request({ host: `${name.slice(1)}g` }), 2],
    [request({ host: `${name}0` }), 2],
    [request({ host: "" }), 2],
    [request({ port: 80 }), 2],
  ];
  for (const [bytes, code] of cases) {
    const { reply, outcome } = greeted().take(bytes);
    assert.deepEqual([reply[0], reply[1], outcome], [5, code, "refused"], bytes.toString("hex"));
  }
  assert.deepEqual(greeted().take(Buffer.from([4, 1, 0, 3, 1])).outcome, "refused");
});

test("however it is cut, the outcome is the same, and what follows is kept", () => {
  const all = Buffer.concat([greeting, request(), Buffer.from("early")]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: all.length - 6 }), { maxLength: 20 }), (cuts) => {
      const handshake = new Handshake();
      const places = [0, ...cuts.sort((one, other) => one - other), all.length];
      const replies: number[] = [];
      let ready = 0;
      for (let at = 1; at < places.length; at++) {
        const step = handshake.take(all.subarray(places[at - 1], places[at]));
        replies.push(...step.reply);
        if (step.outcome === "ready") ready++;
        else assert.equal(step.outcome, "more");
      }
      assert.deepEqual(replies, [5, 0]);
      assert.equal(ready, 1);
      assert.equal(handshake.destination, name);
      assert.equal(String(Buffer.from(handshake.rest)), "early");
    }),
  );
});

test("whatever comes, it never throws and soon has enough", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 20 }), (parts) => {
      const handshake = new Handshake();
      let taken = 0;
      for (const part of [greeting, ...parts]) {
        const { outcome } = handshake.take(part);
        if (outcome !== "more") return;
        taken += part.length;
        assert.ok(taken <= 600, "it should have refused");
      }
    }),
  );
});
