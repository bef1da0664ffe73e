/**
 * What was acknowledged survives: the service is killed (SIGKILL) under load at random moments and started again on the
 * same data; then everything it had answered for must be there, no message twice.
 *
 *     CRASH_ROUNDS=100 CRASH_SEED=7 node --test tests/crash/
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { XmppServer } from "#test/bench/load/login.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { audit } from "./audit.ts";
import { domain, password, people, randomFrom, Workload, World } from "./workload.ts";

const rounds = Number(process.env.CRASH_ROUNDS ?? 4);
const firstSeed = Number(process.env.CRASH_SEED ?? 1);

/** An installation whose service is started more than once. */
class Installation {
  readonly #folder = mkdtempSync(join(tmpdir(), "parloir-crash-"));
  #service: RunningService | undefined;

  get service(): RunningService {
    return this.#service!;
  }

  async start(): Promise<void> {
    const settings = {
      log: { level: "warn" },
      c2s: { encryption: "optional", rate: "0 B" },
      offline: { messages: 100_000 },
    };
    this.#service = await startService({ folder: this.#folder, settings });
  }

  /** Whatever has happened, nothing is left. */
  async remove(): Promise<void> {
    await this.#service?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function withInstallation(run: (installation: Installation) => Promise<void>): Promise<void> {
  const installation = new Installation();
  try {
    await installation.start();
    for (const name of people) await installation.service.addUser(`${name}@${domain}`, password);
    await run(installation);
  } finally {
    await installation.remove();
  }
}

interface Round {
  readonly number: number;
  end(service: RunningService): Promise<void>;
}

/** What the service is killed at, in turn: an acknowledgement of this kind; and the last of them that may be it. */
const kinds = [
  ["message", 40],
  ["contact", 120],
  ["account", 5],
  ["document", 40],
  ["request", 6],
] as const;

/** The worst moment: something was acknowledged just now. */
function moment(world: World, round: number, random: () => number): Promise<void> {
  const [what, most] = kinds[round % kinds.length]!;
  return world.acknowledgement(what, 1 + Math.floor(random() * most));
}

/** Loads the service, ends it in the midst, and starts it again. */
async function round(installation: Installation, world: World, { number, end }: Round): Promise<Workload> {
  const { service } = installation;
  await service.addUser(`away${number}@${domain}`, password);
  const seed = firstSeed * 1000 + number;
  const server = new XmppServer(service, domain, password);
  const load = new Workload(world, server, { folder: service.folder, round: number, seed });
  const done = load.run();
  await Promise.race([done, moment(world, number, randomFrom(seed)), sleep(1500)]);
  load.expectEnd();
  await end(service);
  await done;
  assert.equal(service.log, "", "the service complained");
  await installation.start();
  return load;
}

test(
  `killed ${rounds} times under load, it keeps what it has acknowledged`,
  { timeout: 60_000 + rounds * 10_000 },
  () =>
    withInstallation(async (installation) => {
      const world = new World();
      for (let number = 0; number < rounds; number++) {
        await round(installation, world, { number, end: (service) => service.kill() });
        await audit(installation.service, world, { last: number === rounds - 1 });
      }
      const { contacts, documents, accounts, requests } = world;
      for (const one of [contacts, documents, accounts, requests]) {
        assert.ok(one.acknowledged > 0, `no ${one.what} was ever acknowledged: nothing was tested`);
      }
      assert.ok(world.mail.some((one) => one.acknowledged > 0));
      if (process.env.CRASH_ROUNDS) {
        const counts = [contacts, documents, accounts, requests].map((one) => `${one.what}: ${one.acknowledged}`);
        console.log(
          `acknowledged: ${counts.join(", ")}, messages: ${world.mail.reduce((sum, one) => sum + one.acknowledged, 0)}`,
        );
      }
    }),
);

test("asked to stop under load, it tells its clients, ends well and keeps everything", { timeout: 60_000 }, () =>
  withInstallation(async (installation) => {
    const world = new World();
    const load = await round(installation, world, { number: 0, end: (service) => service.stop() });
    const told = [...load.sessions].filter((session) => !session.left);
    assert.ok(told.length >= 6);
    for (const session of told) assert.match(session.farewell ?? "nothing", /<system-shutdown/, session.user);
    await audit(installation.service, world, { last: true });
  }),
);
