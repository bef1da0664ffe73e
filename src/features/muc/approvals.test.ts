import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { configures, entering, enters, failed, listed, opens, outside, room } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"], why: "it decides by itself" };
const configured = "<iq type='result' id='configure'/>";

function registers(nick: string): string {
  return `<iq type='set' id='r' to='${room}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
    <field var='muc#register_roomnick'><value>${nick}</value></field></x></query></iq>`;
}
function decides(jid: string, allow: string): string {
  return `<message to='${room}'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
    <field var='muc#jid'><value>${jid}</value></field>
    <field var='muc#register_allow'><value>${allow}</value></field></x></message>`;
}
const asked = (
  jid: string,
  nick: string,
) => `<message from='${room}'><body>…</body><x xmlns='jabber:x:data' type='form'>
  <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/muc#register</value></field>
  <field var='muc#jid'><value>${jid}</value></field>
  <field var='muc#register_roomnick'><value>${nick}</value></field>
  <field var='muc#register_allow' type='boolean'><value>0</value></field></x></message>`;

scenario("§7.10, §9.9: an owner decides who becomes a member of a members-only room", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const tybalt = await connect("tybalt@example.com/street");
  await opens(romeo, "Romeo");
  await configures(romeo, {
    "muc#roomconfig_membersonly": "1",
    "x-muc#roomconfig_approval": "1",
    "muc#roomconfig_lang": "fr",
  });
  await romeo.receivesInAnyOrder(configured, "<message type='groupchat'/>");
  await juliet.exchange(registers("Juliet"), "<iq type='result' id='r'/>");
  const question = await romeo.receives(asked("juliet@example.com", "Juliet"));
  assert.match(question.toString(), /souhaite devenir membre/);
  await juliet.exchange(registers("Juliet"), "<iq type='result' id='r'/>"); // it is not asked twice
  await juliet.exchange(entering("Juliet"), failed("presence", "registration-required"));
  await juliet.exchange(decides("juliet@example.com", "1"), failed("message", "forbidden"));
  await romeo.sends(decides("juliet@example.com", "1"));
  await romeo.receives(listed("juliet@example.com", "member"));
  await juliet.receives(`<message from='${room}'/>`); // §9.5: invited
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await romeo.exchange(decides("juliet@example.com", "1"), failed("message", "item-not-found"));
  await tybalt.exchange(registers("Tybalt"), "<iq type='result' id='r'/>");
  await romeo.receives(asked("tybalt@example.com", "Tybalt"));
  await romeo.sends(decides("tybalt@example.com", "0"));
  const declined = await tybalt.receives(`<message from='${room}'><body>…</body></message>`);
  assert.match(declined.toString(), /refusée/);
  await tybalt.exchange(entering("Tybalt"), failed("presence", "registration-required"));
});

scenario("XEP-0077 §3.2: who waits may think better of it", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await configures(romeo, { "x-muc#roomconfig_approval": "1" });
  await romeo.receivesInAnyOrder(configured, "<message type='groupchat'/>");
  await juliet.exchange(registers("Juliet"), "<iq type='result' id='r'/>");
  await romeo.receives(asked("juliet@example.com", "Juliet"));
  const removes = `<iq type='set' id='u' to='${room}'><query xmlns='jabber:iq:register'><remove/></query></iq>`;
  await juliet.exchange(removes, "<iq type='result' id='u'/>");
  await romeo.exchange(decides("juliet@example.com", "1"), failed("message", "item-not-found"));
  await juliet.exchange(removes, "<iq type='error' id='u'/>");
});

scenario("§7.10: without approval the person is a member at once, and is told outside", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await juliet.sends(registers("Juliet"));
  await juliet.receivesInAnyOrder("<iq type='result' id='r'/>", outside("member"));
});
