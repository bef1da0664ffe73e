/**
 * Bad networks between clients and the service: connections that are cut into single bytes, delayed, broken in the middle
 * of a stanza or of a TLS record, and half open. What was acknowledged arrives, nothing comes twice, sessions go on.
 *
 *     CHAOS_SECONDS=60 CHAOS_SEED=7 node --test tests/chaos/network.test.ts
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "#app/control/client.ts";
import { XmppServer } from "#test/bench/load/login.ts";
import { randomFrom } from "#test/crash/workload.ts";
import { BadNetwork, type Faults } from "#test/harness/proxy.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Conversation } from "./conversation.ts";

const seconds = Number(process.env.CHAOS_SECONDS ?? 1);
const seed = Number(process.env.CHAOS_SEED ?? 1);
const people = ["romeo", "juliet", "nurse"];
const domain = "example.com";

const networks: readonly { readonly name: string; readonly tls: boolean; readonly faults: Faults }[] = [
  { name: "bytes that come one by one, over TLS", tls: true, faults: { piece: 1 } },
  { name: "pieces that come late", tls: true, faults: { piece: 300, delay: 15 } },
  { name: "connections that break in the middle of a stanza", tls: false, faults: { cutAfter: 15_000 } },
  {
    name: "connections that break in the middle of a TLS record",
    tls: true,
    faults: { piece: 500, cutAfter: 30_000, cuts: ["reset", "close"] },
  },
  {
    name: "connections that one side believes open",
    tls: false,
    faults: { cutAfter: 20_000, cuts: ["half-open-server", "half-open-client", "silence"] },
  },
];

for (const { name, tls, faults } of networks) {
  test(`${name}: nothing is lost, nothing comes twice`, { timeout: 60_000 + seconds * 2_000 }, async () => {
    const service = await startService({
      settings: {
        c2s: { encryption: "optional", rate: "0 B" },
        log: { level: "warn" },
        accounts: { iterations: 4096 },
        limits: { "connections-per-address": 1_000 },
      },
    });
    try {
      for (const name of people) await service.addUser(`${name}@${domain}`, "pencil");
      await talkOver(service, { tls, faults });
    } finally {
      await service.stop();
    }
    assert.equal(service.log, "", "the service complained");
  });
}

async function talkOver(service: RunningService, { tls, faults }: { tls: boolean; faults: Faults }): Promise<void> {
  const random = randomFrom(seed);
  const network = await BadNetwork.start(service, { faults, random });
  const server = new XmppServer({ port: network.port }, domain, "pencil", { patience: 500 });
  const place = { server: Promise.resolve(server), generation: 1 };
  const conversation = new Conversation({ place, domain, random, people, tls, patience: 500 });
  try {
    await conversation.start();
    let over = false;
    const talking = conversation.talk(() => over);
    await sleep(seconds * 1_000);
    over = true;
    network.heal();
    await talking;
    await conversation.settle();
    judge(conversation, faults.cutAfter === undefined ? undefined : network);
    const { domains, counters } = await status(service);
    assert.deepEqual(domains, [{ name: domain, sessions: people.length }], "a session was left behind");
    assert.equal(counters.sessions_away, 0);
  } finally {
    await conversation.end();
    await network.close();
  }
}

function judge({ ledger, clients }: Conversation, network: BadNetwork | undefined): void {
  const { acknowledged, lost: _, ...others } = ledger.count("online");
  if (process.env.CHAOS_SECONDS) console.log(acknowledged, JSON.stringify(others), network?.counted);
  assert.ok(acknowledged > 0);
  assert.deepEqual(ledger.wrong, []);
  assert.deepEqual(ledger.details("online").lost, []);
  assert.deepEqual(others, { duplicated: 0, redelivered: 0, repeated: 0, archiveOnly: 0 });
  assert.ok(network === undefined || (network.cuts > 0 && clients.some(({ times }) => times.resumed > 0)));
}

async function status(service: RunningService) {
  const answer = await ask(join(service.folder, "data"), { command: "status", arguments: {} });
  return answer!.result as { domains: { name: string; sessions: number }[]; counters: Record<string, number> };
}
