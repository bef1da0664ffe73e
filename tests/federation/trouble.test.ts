import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ledger } from "#test/harness/federation/ledger.ts";
import { awaits, befriend, type Cast, eventually, lacking, neighbourhood } from "./neighbours.ts";

/** Servers that are killed, start again or do not answer: nothing is lost without a word, and everything comes back. */

const skip = lacking("dnsmasq-base", "prosody", "ejabberd");

describe("trouble with Prosody and ejabberd", { skip, timeout: 120_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let cast: Cast;
  before(async () => {
    cast = await neighbourhood({ after: (end) => ends.push(end) }, { prosody: { further: ["s2s_bidi"] } });
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const name of ["prosody", "ejabberd"] as const) {
    test(`${name} is killed while messages go there`, async () => {
      const romeo = await cast.ours.connect(`romeo-${name}`);
      const juliet = await cast[name].connect("juliet");
      await befriend(romeo, juliet);
      const ledger = new Ledger();
      const reading = [ledger.reads(romeo), ledger.reads(juliet)];
      const { bare } = juliet.jid;
      for (let count = 0; count < 100; count++) await ledger.send(romeo, `${bare}`);
      await eventually("some have arrived", () => ledger.arrived.size >= 10);
      const killed = cast[name].kill();
      for (let count = 0; count < 100; count++) await ledger.send(romeo, `${bare}`);
      await killed;
      for (let count = 0; count < 20; count++) await ledger.send(romeo, `${bare}`);
      await cast[name].start();
      const again = await cast[name].connect("juliet");
      reading.push(ledger.reads(again));
      for (let count = 0; count < 20; count++) await ledger.send(romeo, `${bare}`);
      assert.deepEqual(await ledger.settles(), []);
      for (const client of [romeo, juliet, again]) client.wire.transport.destroy();
      await Promise.all(reading);
    });

    test(`${name} stops and starts: presence recovers, both ways`, async () => {
      const romeo = await cast.ours.connect(`benvolio-${name}`);
      const juliet = await cast[name].connect("rosaline");
      await befriend(romeo, juliet);
      await cast[name].stop();
      await cast[name].start();
      const again = await cast[name].connect("rosaline");
      await awaits(romeo, `<presence from='${again}'/>`);
      await awaits(again, `<presence from='${romeo}'/>`);
      await again.sends(`<message to='${romeo.jid.bare}' type='chat'><body>Back</body></message>`);
      await awaits(romeo, `<message from='${again}'><body>Back</body></message>`);
      await romeo.disconnect();
      await awaits(again, `<presence from='${romeo}' type='unavailable'/>`);
      again.wire.transport.destroy();
    });
  }

  test("ours stops and starts: people elsewhere see it, and everything goes on", async () => {
    const romeo = await cast.ours.connect("balthasar");
    const others = [await cast.prosody.connect("paris"), await cast.ejabberd.connect("paris")];
    for (const one of others) await befriend(romeo, one);
    await cast.ours.stop();
    for (const one of others) await awaits(one, `<presence from='${romeo}' type='unavailable'/>`);
    await cast.ours.start();
    const back = await cast.ours.connect("balthasar");
    for (const one of others) {
      await awaits(one, `<presence from='${back}'/>`);
      await one.sends(`<message to='${back}' type='chat'><body>Welcome back</body></message>`);
      await awaits(back, `<message from='${one}'><body>Welcome back</body></message>`);
      await back.sends(`<message to='${one}' type='chat'><body>Thanks</body></message>`);
      await awaits(one, `<message from='${back}'><body>Thanks</body></message>`);
    }
    for (const one of [back, ...others]) one.wire.transport.destroy();
  });

  test("ours is killed while messages come from Prosody, which notes what we acknowledge", async () => {
    const romeo = await cast.ours.connect("mercutio");
    const juliet = await cast.prosody.connect("nurse");
    const ledger = new Ledger();
    const reading = [ledger.reads(romeo), ledger.reads(juliet)];
    const { bare } = romeo.jid;
    for (let count = 0; count < 100; count++) await ledger.send(juliet, `${bare}`);
    await eventually("some have arrived", () => ledger.arrived.size >= 10);
    const killed = cast.ours.kill();
    for (let count = 0; count < 100; count++) await ledger.send(juliet, `${bare}`);
    await killed;
    await cast.ours.start();
    const again = await cast.ours.connect("mercutio");
    reading.push(ledger.reads(again));
    await again.sends(
      "<iq type='set' id='a'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>250</max></set></query></iq>",
    );
    for (let count = 0; count < 20; count++) await ledger.send(juliet, `${bare}`);
    assert.deepEqual(await ledger.settles(), []);
    for (const client of [romeo, juliet, again]) client.wire.transport.destroy();
    await Promise.all(reading);
  });
});
