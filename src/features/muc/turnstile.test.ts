import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turnstile } from "./turnstile.ts";

test("what exceeds a turn of the loop waits for the next, in order", async () => {
  const turnstile = new Turnstile();
  const done: number[] = [];
  const enter = (number: number, presences: number) => {
    done.push(number);
    turnstile.spend(presences);
  };
  assert.ok(turnstile.open);
  enter(0, 5_000);
  assert.ok(!turnstile.open);
  const waiting = [1, 2, 3, 4].map((number) => turnstile.wait(() => enter(number, 2_000)));
  assert.deepEqual(done, [0]);
  assert.equal(turnstile.waiting, 4);
  await turn();
  assert.deepEqual(done, [0, 1, 2]);
  assert.ok(!turnstile.open);
  await turn();
  assert.deepEqual(done, [0, 1, 2, 3, 4]);
  await Promise.all(waiting);
  await turn();
  assert.ok(turnstile.open);
  assert.equal(turnstile.waiting, 0);
});

test("who is refused is told, and holds nobody up", async () => {
  const turnstile = new Turnstile();
  turnstile.spend(10_000);
  const refused = turnstile.wait(() => {
    throw new Error("refused");
  });
  const next = turnstile.wait(() => {});
  await assert.rejects(refused, /refused/);
  await next;
  assert.ok(turnstile.open);
});

test("a little at a time never waits", async () => {
  const turnstile = new Turnstile();
  for (let round = 0; round < 3; round++) {
    for (let each = 0; each < 399; each++) {
      assert.ok(turnstile.open);
      turnstile.spend(10);
    }
    turnstile.spend(10);
    assert.ok(!turnstile.open);
    await turn();
  }
});

test("at the end nobody is left waiting", () => {
  const turnstile = new Turnstile();
  const done: number[] = [];
  for (let number = 0; number < 5; number++) {
    void turnstile.wait(() => {
      done.push(number);
      turnstile.spend(3_000);
    });
  }
  turnstile.finish();
  assert.deepEqual(done, [0, 1, 2, 3, 4]);
});

test("what has been done is not kept while others always wait", async () => {
  const turnstile = new Turnstile();
  let left = 3_000;
  const come = (): void => {
    const work = () => {
      turnstile.spend(4_000);
      if (left-- > 0) come();
    };
    void turnstile.wait(work);
  };
  come();
  come();
  while (left > 100) await turn();
  assert.ok(turnstile.waiting > 0);
  assert.ok(turnstile.held < 1_500, `${turnstile.held} are held`);
  turnstile.finish();
});
