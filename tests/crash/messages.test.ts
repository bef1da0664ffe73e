/**
 * Every message is counted: the service is killed (SIGKILL) under a load of clients with stream management, and started
 * again on the same data. What it acknowledged to a sender must be with the recipient's client or in an archive, and no
 * message comes twice.
 *
 *     CRASH_ROUNDS=200 CRASH_SEED=7 node --test tests/crash/messages.test.ts
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KillableService } from "#test/bench/servers/killable.ts";
import { accounts, type Count, countLosses } from "#test/chaos/count.ts";

const rounds = Number(process.env.CRASH_ROUNDS ?? 3);
const seed = Number(process.env.CRASH_SEED ?? 1);

for (const [how, name, times] of [
  ["kill", `killed ${rounds} times under load, it loses and doubles no message`, rounds],
  ["stop", "stopped and started again under load, it loses and doubles no message", Math.ceil(rounds / 3)],
] as const) {
  test(name, { timeout: 60_000 + times * 10_000 }, async () => {
    const server = new KillableService(accounts);
    try {
      const count = await countLosses(server, { rounds: times, seed, how });
      judge(count);
      if (process.env.CRASH_ROUNDS) {
        for (const way of ways) console.log(way, JSON.stringify(count.ledger.count(way)));
        console.log(JSON.stringify(count.times));
      }
    } finally {
      await server.remove();
    }
  });
}

const ways = ["online", "away", "room"] as const;

function judge({ ledger, times, roomArchive }: Count): void {
  assert.deepEqual(ledger.wrong, []);
  for (const way of ways) assert.ok(ledger.count(way).acknowledged > 0, `no message to ${way} was acknowledged`);
  assert.ok(times.resumed > 0, "no session was ever resumed");
  assert.ok(roomArchive, "the room has no archive");
  const { lost, duplicated } = ledger.details(...ways);
  assert.deepEqual(lost, []);
  assert.deepEqual(duplicated, []);
}
