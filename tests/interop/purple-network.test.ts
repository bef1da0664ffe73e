// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config python3-slixmpp
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { randomFrom } from "#test/crash/workload.ts";
import { BadNetwork, type Faults } from "#test/harness/proxy.ts";
import { PurpleSuite } from "./purple/suite.ts";
import { type Came, visits } from "./purple/visits.ts";
import { SlixmppProcess } from "./slixmpp/driven.ts";

/**
 * libpurple on a network that breaks: it acknowledges (XEP-0198), but never resumes. What it had not acknowledged comes
 * again after its next login; nothing else does, and nothing is lost.
 */

const suite = new PurpleSuite();
const random = randomFrom(Number(process.env.CHAOS_SEED ?? 1));
const leastCuts = Number(process.env.CHAOS_CUTS ?? 3);
const faults: Faults = { piece: 1_000, cutAfter: 60_000, cuts: ["reset", "close"] };

test("libpurple is cut off again and again while somebody writes to it", async (context) => {
  const stage = suite.stage(context);
  const network = await BadNetwork.start(suite.service, { faults, random });
  context.after(() => network.close());
  const slixmpp = new SlixmppProcess(suite.service);
  context.after(() => slixmpp.stop());
  const romeo = slixmpp.client(`${await stage.account("romeo")}/orchard`);
  await romeo.logIn();
  const juliet = await stage.dial("juliet", { port: network.port });
  juliet.do("return");
  await juliet.expect("signed-on");
  await romeo.flood(stage.address("juliet"), "number", 0.005);
  while (network.cuts < leastCuts) await sleep(20);
  network.heal();
  await romeo.stop();
  await romeo.say(stage.address("juliet"), ["the end"]);
  const written = await romeo.acknowledged();

  const phone = slixmpp.client(`${stage.address("juliet")}/phone`);
  await juliet.expect("message", { kind: "received", text: "the end" });
  await juliet.settles();
  const came = visits(juliet);
  const all = came.flat();
  if (process.env.CHAOS_CUTS)
    console.log(
      written.length,
      came.map((visit) => [
        visit.length,
        visit
          .map(({ body }) => body)
          .join(" ")
          .replaceAll("number ", ""),
      ]),
    );
  const bodies = new Set(all.map(({ body }) => body));
  assert.deepEqual(
    written.filter((body) => !bodies.has(body)),
    [],
    "acknowledged to Romeo, and lost",
  );
  assert.ok(
    all.some(({ acknowledged }) => acknowledged),
    "some are known to be acknowledged",
  );
  for (const [first, second] of again(all)) {
    assert.ok(!first.acknowledged, `${first.body} came again, though libpurple had acknowledged it`);
    assert.equal(second.id, first.id);
    assert.ok(second.delayed, "what comes again says when it was sent");
  }
  await phone.logIn();
  assert.deepEqual(
    (await phone.read()).map(({ body }) => body),
    written,
    "the archive has each once, in order",
  );
});

/** Messages that came twice in a row of all that came: each with the next one of the same text. */
function again(all: readonly Came[]): [Came, Came][] {
  return all.flatMap((first, index) => {
    const second = all.slice(index + 1).find(({ body }) => body === first.body);
    return second === undefined ? [] : [[first, second] as [Came, Came]];
  });
}

test("the service found no fault of its own", () => {
  assert.doesNotMatch(suite.service.log, /^\S+ \S+ error /m);
});
