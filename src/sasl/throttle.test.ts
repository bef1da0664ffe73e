import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SaslError } from "./error.ts";
import { Throttle } from "./throttle.ts";

const settings = { attempts: 3, addressAttempts: 5, window: 60_000, lock: 1000, trust: 1_000_000 };
const attacker = "192.0.2.66";
const home = "198.51.100.7";

function start(options: Partial<typeof settings> = {}, capacity = 100) {
  let now = 0;
  const throttle = new Throttle({ ...settings, ...options }, () => now, capacity);
  const fail = (times: number, address = attacker, account: string | undefined = "romeo") => {
    for (let i = 0; i < times; i++) throttle.failed(address, account);
  };
  return {
    throttle,
    fail,
    pass: (time: number) => {
      now += time;
    },
  };
}

test("an account is locked after its attempts, from everywhere, for the time of the lock", () => {
  const { throttle, fail, pass } = start();
  fail(2);
  assert.equal(throttle.delay(attacker, "romeo"), 0);
  fail(1);
  assert.equal(throttle.delay(attacker, "romeo"), 1000);
  assert.equal(throttle.delay(home, "romeo"), 1000);
  assert.equal(throttle.delay(home, "juliet"), 0);
  pass(999);
  assert.equal(throttle.delay(home, "romeo"), 1);
  pass(1);
  assert.equal(throttle.delay(home, "romeo"), 0);
});

test("each further failure doubles the lock, up to 64 times", () => {
  const { throttle, fail, pass } = start({ addressAttempts: 1000 });
  fail(3);
  for (const expected of [2, 4, 8, 16, 32, 64, 64, 64]) {
    pass(throttle.delay(attacker, "romeo"));
    fail(1);
    assert.equal(throttle.delay(attacker, "romeo"), expected * 1000);
  }
});

test("failures are forgotten after a quiet window, which begins when a lock ends", () => {
  const { throttle, fail, pass } = start();
  fail(2);
  pass(60_001);
  fail(2);
  assert.equal(throttle.delay(attacker, "romeo"), 0);
  fail(1);
  pass(1000 + 60_000);
  fail(1);
  assert.equal(throttle.delay(attacker, "romeo"), 2000, "not yet forgotten");
  pass(2000 + 60_001);
  fail(1);
  assert.equal(throttle.delay(attacker, "romeo"), 0);
});

test("a success clears the account's count, not the address's", () => {
  const { throttle, fail } = start();
  fail(2);
  throttle.succeeded(home, "romeo");
  fail(2);
  assert.equal(throttle.delay(attacker, "romeo"), 0);
  fail(1);
  assert.equal(throttle.delay(attacker, "juliet"), 1000, "five failures of one address");
});

test("an address is locked for all accounts, also by names that cannot be one", () => {
  const { throttle, fail } = start();
  for (let i = 0; i < 4; i++) fail(1, attacker, `user${i}`);
  throttle.failed(attacker, undefined);
  assert.equal(throttle.delay(attacker, "juliet"), 1000);
  assert.equal(throttle.delay(attacker, undefined), 1000);
  assert.equal(throttle.delay(home, "juliet"), 0);
});

test("nobody elsewhere can lock the owner out of an address that succeeded lately", () => {
  const { throttle, fail, pass } = start();
  throttle.succeeded(home, "romeo");
  fail(500);
  assert.ok(throttle.delay(attacker, "romeo") > 0);
  assert.ok(throttle.delay("203.0.113.1", "romeo") > 0);
  assert.equal(throttle.delay(home, "romeo"), 0);
  pass(1_000_001);
  fail(3);
  assert.equal(throttle.delay(home, "romeo"), 1000, "the success is too long ago");
});

test("others behind the owner's address cannot lock the owner out with other names", () => {
  const { throttle, fail } = start();
  throttle.succeeded(home, "romeo");
  fail(50, home, "juliet");
  assert.equal(throttle.delay(home, "romeo"), 0);
  assert.ok(throttle.delay(home, "mercutio") > 0);
});

test("a trusted address loses the trust by its own failures, so it cannot guess for ever", () => {
  const { throttle, fail } = start({ addressAttempts: 1000 });
  throttle.succeeded(home, "romeo");
  fail(2, home);
  assert.equal(throttle.delay(home, "romeo"), 0);
  fail(1, home);
  assert.ok(throttle.delay(home, "romeo") > 0);
});

test("memory is bounded, and the oldest goes first", () => {
  const { throttle, fail } = start({ addressAttempts: 1 }, 10);
  fail(3, home, "romeo");
  for (let i = 0; i < 9; i++) fail(3, `10.0.0.${i}`, `user${i}`);
  assert.ok(throttle.delay("203.0.113.1", "romeo") > 0);
  for (let i = 0; i < 1000; i++) {
    throttle.failed(`10.1.${i % 250}.1`, `name${i}`);
    throttle.succeeded(`10.2.${i % 250}.1`, `other${i}`);
  }
  assert.ok(throttle.size <= 30, `${throttle.size}`);
  assert.equal(throttle.delay("203.0.113.1", "romeo"), 0);
});

test("what is used stays", () => {
  const { throttle, fail } = start({ addressAttempts: 1000 }, 10);
  fail(3, attacker, "romeo");
  for (let i = 0; i < 50; i++) {
    assert.ok(throttle.delay(home, "romeo") > 0);
    fail(1, attacker, `user${i}`);
  }
});

test("the view of a connection refuses with a condition clients understand", () => {
  const { throttle } = start();
  const attempts = throttle.at(attacker, (user) => `${user}@example.com`);
  for (let i = 0; i < 3; i++) {
    attempts.admit("romeo");
    attempts.failed("romeo");
  }
  assert.throws(
    () => attempts.admit("romeo"),
    (error) =>
      error instanceof SaslError && error.condition === "temporary-auth-failure" && /1 seconds/.test(error.message),
  );
  attempts.admit("juliet");
  throttle.at(home, (user) => `${user}@example.org`).admit("romeo");
  attempts.succeeded("romeo");
  attempts.admit("romeo");
});

test("property: once there were as many failures as allowed, no guess comes within a lock of the last", () => {
  const steps = fc.array(fc.record({ wait: fc.nat(3000), address: fc.constantFrom(attacker, home) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (tries) => {
      const { throttle, pass } = start({ addressAttempts: 1000 });
      let last = Number.NEGATIVE_INFINITY;
      let time = 0;
      let guesses = 0;
      for (const { wait, address } of tries) {
        pass(wait);
        time += wait;
        if (throttle.delay(address, "romeo") > 0) continue;
        if (guesses >= settings.attempts) assert.ok(time - last >= settings.lock, "a guess within a lock");
        throttle.failed(address, "romeo");
        guesses++;
        last = time;
      }
    }),
  );
});
