import assert from "node:assert/strict";
import { befriend } from "#features/presence/people.fixture.ts";
import type { Client } from "#test/harness/client.ts";
import { introduced, passing, publication, read, reading } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";

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

const uncheckable =
  "<presence><c xmlns='http://jabber.org/protocol/caps' hash='md5' node='http://x' ver='v'/></presence>";

/** What a client answers to those who ask what it can. */
async function interestIn(client: Client, question: Element, features: string): Promise<void> {
  await client.sends(
    `<iq type='result' to='${question.attrs.from}' id='${question.attrs.id}'>
      <query xmlns='http://jabber.org/protocol/disco#info' node='http://x#v'>${features}</query></iq>`,
  );
}

/** The question of the other server; its own is asked too. */
async function questionFrom(client: Client, domain: string): Promise<Element> {
  for (;;) {
    const question = await passing(client, "presence");
    if (question.attrs.from === domain) return question;
  }
}

/** The next message: its own server asks what it can, and presence comes. */
async function messageTo(client: Client): Promise<Element> {
  for (;;) {
    const stanza = await client.next("a message");
    if (stanza.name === "message") return stanza;
  }
}

scenario("pep: who leaves before the question is answered is told no more", { servers }, async ({ connect }) => {
  const juliet = await connect("juliet@two.example/balcony");
  const romeo = await connect("romeo@one.example/orchard");
  await befriend(romeo, juliet);
  const watching = await connect("romeo@one.example/watching", { presence: false });
  await watching.becomesAvailable(uncheckable);
  const question = await questionFrom(watching, "two.example");
  await watching.sends("<presence type='unavailable'/>");
  for (;;) if ((await juliet.next("the end of the watching client")).attrs.type === "unavailable") break;
  await interestIn(watching, question, `<feature var='${tune}+notify'/>`);
  await watching.sends(`<message to='${juliet}' type='chat' id='answered'><body>Now.</body></message>`);
  await juliet.receives("<message id='answered'/>");
  await juliet.sends(publication(tune, `<item id='a'>${piece}</item>`));
  await juliet.receives("<iq type='result' id='publish'/>");
  await juliet.sends(`<message to='${watching}' type='headline' id='last'/>`);
  assert.equal((await messageTo(watching)).attrs.id, "last");
});

scenario("pep: what a client says for itself alone is not believed of others", { servers }, async ({ connect }) => {
  const juliet = await connect("juliet@two.example/balcony");
  const romeo = await connect("romeo@one.example/orchard");
  await befriend(romeo, juliet);
  const watching = await connect("romeo@one.example/watching", { presence: false });
  await watching.becomesAvailable(uncheckable);
  const question = await questionFrom(watching, "two.example");
  const other = await connect("romeo@one.example/other", { presence: false });
  await other.becomesAvailable(uncheckable);
  for (;;) if ((await juliet.next("presence of the other")).attrs.from === `${other}`) break;
  await interestIn(watching, question, `<feature var='${tune}+notify'/>`);
  await interestIn(other, await questionFrom(other, "two.example"), "");
  await other.sends(`<message to='${juliet}' type='chat' id='answered'><body>Now.</body></message>`);
  await juliet.receives("<message id='answered'/>");
  await juliet.sends(publication(tune, `<item id='a'>${piece}</item>`));
  await juliet.receives("<iq type='result' id='publish'/>");
  await juliet.sends(`<message to='${other}' type='headline' id='last'/>`);
  assert.equal((await messageTo(other)).attrs.id, "last");
  assert.match((await messageTo(watching)).toString(), /id=['"]a['"]/);
});
