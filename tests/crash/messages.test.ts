/**
 * Every message is counted: the service is killed (SIGKILL) under a load of clients with stream management, and started
 * again on the same data. What it acknowledged to a sender must be with the recipient's client or in an archive, and no
 * message comes twice.
 *
 *     CRASH_ROUNDS=200 CRASH_SEED=7 node --test tests/crash/messages.test.ts
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Address } from "#test/bench/load/link.ts";
import { accounts, countLosses, type Killable } from "#test/chaos/count.ts";
import { type RunningService, startService } from "#test/harness/service.ts";

const rounds = Number(process.env.CRASH_ROUNDS ?? 3);
const seed = Number(process.env.CRASH_SEED ?? 1);

class Ours implements Killable {
  readonly domain = "example.com";
  readonly password = "pencil";
  readonly #folder = mkdtempSync(join(tmpdir(), "parloir-count-"));
  #service: RunningService | undefined;
  #made = false;

  async start(): Promise<Address> {
    this.#service = await startService({
      folder: this.#folder,
      settings: {
        log: { level: "warn" },
        c2s: { encryption: "optional", rate: "0 B" },
        muc: { rate: 0, "room-rate": 0 },
        offline: { messages: 100_000 },
        accounts: { iterations: 4096 },
      },
    });
    if (!this.#made) for (const name of accounts) await this.#service.addUser(`${name}@${this.domain}`, this.password);
    this.#made = true;
    return this.#service;
  }

  async kill(): Promise<void> {
    await this.#service!.kill();
    assert.equal(this.#service!.log, "", "the service complained");
  }

  async remove(): Promise<void> {
    await this.#service?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

test(`killed ${rounds} times under load, it loses and doubles no message`, {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const server = new Ours();
  try {
    const count = await countLosses(server, { rounds, seed });
    const { ledger, times } = count;
    const chats = ledger.count("online", "away");
    const room = ledger.count("room");
    console.log(JSON.stringify({ chats, room, times }));
    assert.deepEqual(ledger.wrong, []);
    assert.ok(ledger.count("online").acknowledged > 0 && ledger.count("away").acknowledged > 0);
    assert.ok(times.resumed > 0, "no session was ever resumed");
    assert.deepEqual(ledger.details("online", "away").lost, []);
    assert.deepEqual(ledger.details("online", "away").duplicated, []);
    assert.equal(room.duplicated, 0);
    assert.ok(room.acknowledged > 0);
    if (count.roomArchive) assert.deepEqual(ledger.details("room").lost, []);
  } finally {
    await server.remove();
  }
});
