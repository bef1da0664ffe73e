import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LoopbackInternet } from "#test/harness/federation/internet.ts";
import { Ledger } from "#test/harness/federation/ledger.ts";
import { type Parloir, parloirAt } from "#test/harness/federation/parloir.ts";
import { awaits, befriend, eventually, lacking } from "./neighbours.ts";

/** Two services of ours with each other: one connection for both directions, over TLS from the first byte. */

const skip = lacking("dnsmasq-base");

describe("two of ours", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let north: Parloir;
  let south: Parloir;
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const [up, down] = [await internet.place("north.example"), await internet.place("south.example")];
    const name = "south.example";
    await internet.resolves({ services: { [`_xmpps-server._tcp.${name}`]: [{ name, port: 5270 }] } });
    const settings = { s2s: { dialback: "never" } };
    [north, south] = await Promise.all([
      parloirAt(internet.premises(up), { settings }),
      parloirAt(internet.premises(down), { settings }),
    ]);
    ends.push(async () => void (await Promise.all([north.kill(), south.kill()])));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  test("one connection carries both directions", async () => {
    const [romeo, juliet] = [await north.connect("romeo"), await south.connect("juliet")];
    await befriend(romeo, juliet);
    await romeo.sends(`<message to='${juliet}' type='chat'><body>Hi</body></message>`);
    await awaits(juliet, `<message from='${romeo}'><body>Hi</body></message>`);
    await juliet.sends(`<message to='${romeo}' type='chat'><body>Ho</body></message>`);
    await awaits(romeo, `<message from='${juliet}'><body>Ho</body></message>`);
    for (const one of [north, south]) {
      const listed = (await one.correspondences()).filter(({ domain }) => !domain.startsWith("conference."));
      assert.deepEqual(
        listed.map(({ direction, state, authentication, encrypted }) => [direction, state, authentication, encrypted]),
        [["both", "open", "certificate", true]],
      );
    }
    await Promise.all([romeo.disconnect(), juliet.disconnect()]);
  });

  test("presence recovers when one of them starts again", async () => {
    const [romeo, juliet] = [await north.connect("mercutio"), await south.connect("nurse")];
    await befriend(romeo, juliet);
    await south.stop();
    await awaits(romeo, `<presence from='${juliet}' type='unavailable'/>`);
    await south.start();
    const back = await south.connect("nurse");
    await awaits(romeo, `<presence from='${back}'/>`);
    await awaits(back, `<presence from='${romeo}'/>`);
    await Promise.all([romeo.disconnect(), back.disconnect()]);
  });

  for (const end of ["kill", "stop"] as const) {
    test(`one ends (${end}) while messages go there: each arrives or comes back`, async () => {
      const [romeo, juliet] = [await north.connect(`romeo-${end}`), await south.connect(`juliet-${end}`)];
      const ledger = new Ledger();
      const reading = [ledger.reads(romeo), ledger.reads(juliet)];
      const sends = async (count: number) => {
        for (let left = count; left > 0; left--) await ledger.send(romeo, `${juliet.jid.bare}`);
      };
      await sends(100);
      await eventually("some have arrived", () => ledger.arrived.size > 10);
      const ending = south[end]();
      await sends(100);
      await ending;
      await sends(20);
      await south.start();
      const again = await south.connect(`juliet-${end}`);
      reading.push(ledger.reads(again));
      await sends(20);
      assert.deepEqual(await ledger.settles(), []);
      for (const client of [romeo, juliet, again]) client.wire.transport.destroy();
      await Promise.all(reading);
    });
  }
});
