import assert from "node:assert/strict";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import { entering, enters, opens, refusal, room, seen, subject } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"], why: "a module of others" };
const stanzaId = tag("urn:xmpp:sid:0", "stanza-id");
const body = tag("jabber:client", "body");

const moderate = (
  id: string,
) => `<iq type='set' id='q' to='${room}'><moderate id='${id}' xmlns='urn:xmpp:message-moderate:1'>
  <retract xmlns='urn:xmpp:message-retract:1'/><reason>Rude</reason></moderate></iq>`;

/** Juliet has said something; its id in the room. */
async function said({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.sends(`<message to='${room}' type='groupchat' id='m1'><body>Bad words</body></message>`);
  await juliet.receives("<message id='m1'/>");
  const message = await romeo.receives("<message id='m1'/>");
  return { romeo, juliet, id: message.child(stanzaId)!.attrs.id! };
}

/** What a newcomer sees of the first message. */
async function firstPast({ connect }: Stage) {
  const nurse = await connect("nurse@example.com/kitchen");
  await nurse.sends(entering("Nurse", ""));
  await nurse.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Juliet'/>`,
    seen("Nurse", "", [110]),
  );
  return { nurse, past: await nurse.receives(`<message from='${room}/Juliet' type='groupchat' id='m1'/>`) };
}

scenario("XEP-0425 §3: a moderator removes a message; newcomers see that one was removed", ours, async (stage) => {
  const { romeo, juliet, id } = await said(stage);
  await juliet.exchange(moderate(id), refusal("forbidden"));
  await romeo.sends(moderate(id));
  const notice = `<message from='${room}' type='groupchat'><retract id='${id}' xmlns='urn:xmpp:message-retract:1'>
    <moderated by='${room}/Romeo' xmlns='urn:xmpp:message-moderate:1'><occupant-id xmlns='urn:xmpp:occupant-id:0' id='…'/></moderated>
    <reason>Rude</reason></retract></message>`;
  await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", notice);
  await juliet.receives(notice);
  const { nurse, past } = await firstPast(stage);
  assert.equal(past.child(body), undefined);
  assert.match(past.toString(), /<retracted .*<moderated/);
  assert.equal(past.child(stanzaId)!.attrs.id, id);
  await nurse.receives(subject());
});

scenario("XEP-0424: who wrote a message takes it back, and nobody else does", ours, async (stage) => {
  const { romeo, juliet, id } = await said(stage);
  const retract = `<message to='${room}' type='groupchat' id='r1'><retract id='${id}' xmlns='urn:xmpp:message-retract:1'/></message>`;
  await romeo.exchange(retract, "<message id='r1'/>");
  await juliet.receives("<message id='r1'/>");
  const before = await firstPast(stage);
  assert.equal(before.past.child(body)!.text, "Bad words");
  await before.nurse.disconnect();
  await juliet.receives(`<presence from='${room}/Nurse'/>`);
  await juliet.receives(`<presence from='${room}/Nurse' type='unavailable'/>`);
  await juliet.exchange(retract, "<message id='r1'/>");
  const after = await firstPast(stage);
  assert.equal(after.past.child(body), undefined);
  assert.match(after.past.toString(), /<retracted /);
});

const picture = "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>";
const card = (type: string, content: string) => `<iq type='${type}' id='q' to='${room}'>${content}</iq>`;

scenario("XEP-0486: an owner gives a room a picture, which everybody finds", ours, async (stage) => {
  const { romeo, juliet } = await said(stage);
  const info = `<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
  await juliet.exchange(card("set", picture), refusal("forbidden"));
  await romeo.sends(card("set", picture));
  const told =
    "<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>";
  await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", told);
  await juliet.receives(told);
  await juliet.exchange(card("get", "<vCard xmlns='vcard-temp'/>"), `<iq type='result' id='q'>${picture}</iq>`);
  await juliet.exchange(
    info,
    `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>
    <feature var='vcard-temp'/><x xmlns='jabber:x:data'><field var='muc#roominfo_avatarhash'>
    <value>29e2dcfbb16f63bb0254df7585a15bb6fb5e927d</value></field></x></query></iq>`,
  );
  await romeo.sends(card("set", "<vCard xmlns='vcard-temp'/>"));
  await juliet.receives(told);
  const answer = await juliet.exchange(info, "<iq type='result' id='d'/>");
  assert.doesNotMatch(answer.toString(), /avatarhash/);
});
