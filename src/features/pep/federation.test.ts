import assert from "node:assert/strict";
import { befriend } from "#features/presence/people.fixture.ts";
import { introduced, passing, publication, read, reading } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"] }, { domains: ["two.example"] }];
const tune = "http://jabber.org/protocol/tune";
const piece = "<tune xmlns='http://jabber.org/protocol/tune'><artist>Gerald Finzi</artist></tune>";

scenario("pep: contacts on another server are told, now and when they come", { servers }, async ({ connect }) => {
  const juliet = await connect("juliet@two.example/balcony");
  const romeo = await connect("romeo@one.example/orchard");
  await befriend(romeo, juliet);
  await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`), "<iq type='result' id='publish'/>");
  const watching = await connect("romeo@one.example/watching", { presence: false });
  // The contact's server asks, too: it is there that the interest counts.
  await introduced(watching, ["one.example", "two.example"], [tune]);
  const last = await passing(watching, "presence");
  assert.deepEqual([last.name, last.attrs.from, last.attrs.to], ["message", "juliet@two.example", `${watching}`]);
  assert.match(last.toString(), /id=['"]a['"].*urn:xmpp:delay/s);
  await juliet.sends(publication(tune, `<item id='b'>${piece}</item>`));
  assert.match((await passing(watching, "presence")).toString(), /id=['"]b['"]/);
  await watching.exchange(reading("juliet@two.example", tune), read(tune, `<item id='b'>${piece}</item>`));
});

scenario("pep: who has left is told no more", { servers }, async ({ connect }) => {
  const juliet = await connect("juliet@two.example/balcony");
  const romeo = await connect("romeo@one.example/orchard");
  await befriend(romeo, juliet);
  const watching = await connect("romeo@one.example/watching", { presence: false });
  await introduced(watching, ["one.example", "two.example"], [tune]);
  await watching.sends("<presence type='unavailable'/>");
  for (;;) if ((await juliet.next("the end of the watching client")).attrs.type === "unavailable") break;
  await juliet.sends(publication(tune, `<item id='a'>${piece}</item>`));
  await juliet.receives("<iq type='result' id='publish'/>");
  await juliet.sends(`<message to='${watching}' type='headline' id='last'/>`);
  assert.equal((await passing(watching, "presence")).attrs.id, "last");
});
