import assert from "node:assert/strict";
import { test } from "node:test";
import { Handshakes } from "./handshakes.ts";

/** Handshakes with numbers, noted as they begin. */
function noting() {
  const handshakes = new Handshakes();
  const begun: number[] = [];
  const peers = Array.from({ length: 100 }, (_, number) => ({ number }));
  for (const peer of peers) handshakes.add(peer, () => void begun.push(peer.number));
  return { handshakes, begun, peers };
}

test("handshakes begin in order, and the next when one is over", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { handshakes, begun, peers } = noting();
  assert.equal(begun.length, 16);
  handshakes.done(peers[3]!);
  handshakes.done(peers[3]!);
  handshakes.done(peers[99]!); // it had not begun
  assert.equal(begun.length, 17);
  for (const peer of peers) handshakes.done(peer);
  assert.deepEqual(begun, [...peers.keys()]);
});

test("peers that do nothing keep the others waiting for a moment only", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { handshakes, begun, peers } = noting();
  context.mock.timers.tick(25);
  assert.equal(begun.length, 32);
  handshakes.done(peers[0]!); // not counted any more
  assert.equal(begun.length, 32);
  context.mock.timers.tick(25);
  context.mock.timers.tick(25);
  assert.equal(begun.length, 64);
});
