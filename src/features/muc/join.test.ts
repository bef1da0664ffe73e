import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { enters, instant, opens, room, subject } from "./room.fixture.ts";
import { user, userItem } from "./tags.ts";

scenario("§10.1.1: a room that does not exist is made, its creator is told", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends(`<presence to='${room}/Romeo' id='j1'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await romeo.receives(`<presence from='${room}/Romeo' id='j1'><x xmlns='http://jabber.org/protocol/muc#user'>
    <item affiliation='owner' role='moderator'/><status code='110'/><status code='201'/></x></presence>`);
  await romeo.receives(subject());
  await romeo.receivesNothing();
});

scenario("§7.2.10: a room is locked until it is configured; then it is open", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enters(romeo, "Romeo");
  await juliet.sends(`<presence to='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await juliet.receives(`<presence type='error' from='${room}/Juliet'><error type='cancel'>
    <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`);
  await instant(romeo);
  await enters(juliet, "Juliet", ["Romeo"]);
});

scenario(
  "§7.2: a refusal to let in says that it is one: profanity and Gajim look for it",
  { skipOn: ["prosody"], why: "it says so of other refusals, not where a room is locked" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await enters(romeo, "Romeo");
    const wish = `<x xmlns='http://jabber.org/protocol/muc'><password>secret</password></x>`;
    await juliet.sends(`<presence to='${room}/Juliet'>${wish}<c xmlns='urn:example:other'/></presence>`);
    const refusal = await juliet.next();
    assert.equal(refusal.attrs.type, "error");
    assert.deepEqual(
      refusal.elements.map(({ ns, name }) => `${name} ${ns}`),
      ["x http://jabber.org/protocol/muc", "error jabber:client"],
    );
    assert.ok(!refusal.toString().includes("secret"));
  },
);

scenario(
  "§7.1: others first, then oneself, the history, the subject, what is live",
  { skipOn: ["prosody"], why: "it drops the id of a subject" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(romeo, "Romeo");
    await romeo.exchange(
      `<message to='${room}' type='groupchat' id='m1'><body>Alone</body></message>`,
      `<message from='${room}/Romeo' type='groupchat' id='m1'><body>Alone</body></message>`,
    );
    await romeo.exchange(
      `<message to='${room}' type='groupchat' id='m2'><subject>Love</subject></message>`,
      `<message from='${room}/Romeo' type='groupchat' id='m2'><subject>Love</subject></message>`,
    );
    await juliet.sends(`<presence to='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    const other = await juliet.receives(`<presence from='${room}/Romeo'><x xmlns='http://jabber.org/protocol/muc#user'>
    <item affiliation='owner' role='moderator'/></x></presence>`);
    assert.equal(other.child(user)!.child(userItem)!.attrs.jid, undefined); // §7.2.4
    await juliet.receives(`<presence from='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc#user'>
    <item affiliation='none' role='participant'/><status code='110'/></x></presence>`);
    await juliet.receives(`<message from='${room}/Romeo' type='groupchat'><body>Alone</body>
    <delay xmlns='urn:xmpp:delay' from='${room}' stamp='…'/></message>`);
    await juliet.receives(`<message type='groupchat'><subject>Love</subject></message>`);
    await romeo.receives(`<presence from='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc#user'>
    <item affiliation='none' role='participant' jid='${juliet}'/></x></presence>`);
  },
);

scenario("§7.4, §7.14: what is said reaches all; who leaves is told, then the others", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.exchange(
    `<message to='${room}' type='groupchat' id='m1'><body>Ay me</body></message>`,
    `<message from='${room}/Juliet' type='groupchat' id='m1'><body>Ay me</body></message>`,
  );
  await romeo.receives(
    `<message from='${room}/Juliet' to='${romeo}' type='groupchat' id='m1'><body>Ay me</body></message>`,
  );
  await juliet.exchange(
    `<presence to='${room}/Juliet' type='unavailable'><status>Good night</status></presence>`,
    `<presence from='${room}/Juliet' type='unavailable'><status>Good night</status>
      <x xmlns='http://jabber.org/protocol/muc#user'><item role='none' affiliation='none'/><status code='110'/></x></presence>`,
  );
  await romeo.receives(`<presence from='${room}/Juliet' type='unavailable'><status>Good night</status>
    <x xmlns='http://jabber.org/protocol/muc#user'><item role='none' affiliation='none'/></x></presence>`);
});

scenario("§7.14: a connection that is lost leaves the room", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.drop();
  await romeo.receives(`<presence from='${room}/Juliet' type='unavailable'/>`);
});
