import { type Stage, scenario } from "#test/harness/scenario.ts";
import { configures, entering, enters, failed, opens, refusal, request, room, seen, subject } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"] };

const invite = (to: string) => `<message to='${room}' id='i'><x xmlns='http://jabber.org/protocol/muc#user'>
  <invite to='${to}'><reason>Come</reason><continue thread='t'/></invite></x></message>`;

async function pair({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  return { romeo, juliet };
}

scenario(
  "§7.8.2: an invitation, and that it is declined",
  { skipOn: ["prosody"], why: "it drops what continues a conversation" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    await romeo.sends(invite("juliet@example.com"));
    await juliet.receives(`<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'>
    <invite from='…'><reason>Come</reason><continue thread='t'/></invite></x></message>`);
    await juliet.sends(`<message to='${room}'><x xmlns='http://jabber.org/protocol/muc#user'>
    <decline to='romeo@example.com'><reason>Father</reason></decline></x></message>`);
    await romeo.receives(`<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'>
    <decline from='…'><reason>Father</reason></decline></x></message>`);
  },
);

scenario("§7.8.2: an invitation carries the password", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_passwordprotectedroom": "1", "muc#roomconfig_roomsecret": "rose" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await romeo.sends(invite("juliet@example.com"));
  await juliet.receives(
    "<message><x xmlns='http://jabber.org/protocol/muc#user'><invite/><password>rose</password></x></message>",
  );
});

scenario("§7.8.2: refusals of invitations", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.exchange(invite("romeo@example.com"), failed("message", "forbidden"));
  await romeo.exchange(invite("nobody@example.com"), failed("message", "item-not-found"));
  await romeo.exchange(invite("@"), failed("message", "jid-malformed"));
  await juliet.exchange(
    `<message to='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='romeo@example.com'/></x></message>`,
    failed("message", "not-acceptable"),
  );
  await romeo.receivesNothing();
});

scenario("§9.5: an invitation to a members-only room makes a member, where one may invite", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await configures(romeo, { "muc#roomconfig_membersonly": "1", "muc#roomconfig_allowinvites": "0" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await romeo.sends(invite("juliet@example.com"));
  await juliet.receives(
    "<message><x xmlns='http://jabber.org/protocol/muc#user'><invite from='romeo@example.com'/></x></message>",
  );
  await juliet.sends(entering("Juliet"));
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  await juliet.receives(seen("Juliet", "affiliation='member'", [110]));
  await juliet.receives(subject());
  await juliet.exchange(invite("nurse@example.com"), failed("message", "forbidden"));
  await nurse.receivesNothing();
});

scenario("XEP-0249: a direct invitation is passed on", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await romeo.sends(`<message to='${juliet}'><x xmlns='jabber:x:conference' jid='${room}' reason='Come'/></message>`);
  await juliet.receives(
    `<message from='${romeo}'><x xmlns='jabber:x:conference' jid='${room}' reason='Come'/></message>`,
  );
});

scenario("§7.13, §8.6: a visitor asks for voice, a moderator grants it", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_moderatedroom": "1" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(seen("Juliet", "role='visitor'"));
  await juliet.sends(`<message to='${room}'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>
    <field var='muc#role'><value>participant</value></field></x></message>`);
  await romeo.receives(`<message from='${room}'><x xmlns='jabber:x:data' type='form'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>
    <field var='muc#roomnick'><value>Juliet</value></field><field var='muc#request_allow'/></x></message>`);
  await romeo.sends(`<message to='${room}'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>
    <field var='muc#role'><value>participant</value></field><field var='muc#jid'><value>${juliet}</value></field>
    <field var='muc#roomnick'><value>Juliet</value></field>
    <field var='muc#request_allow'><value>true</value></field></x></message>`);
  await juliet.receives(seen("Juliet", "role='participant'", [110]));
});

scenario("§8.6: who is no moderator grants no voice", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.exchange(
    `<message to='${room}'><x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>
      <field var='muc#roomnick'><value>Juliet</value></field>
      <field var='muc#request_allow'><value>1</value></field></x></message>`,
    failed("message", "forbidden"),
  );
});

const register = (nick: string) => `<iq type='set' id='q' to='${room}'><query xmlns='jabber:iq:register'>
  <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
  <field var='muc#register_roomnick'><value>${nick}</value></field></x></query></iq>`;
const form = (where = room) => `<iq type='get' id='q' to='${where}'><query xmlns='jabber:iq:register'/></iq>`;

scenario("§7.10, §7.12: who registers is a member with a nickname of their own", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await enters(juliet, "J", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/J'/>`);
  const node = `<iq type='get' id='q' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/></iq>`;
  await juliet.exchange(
    node,
    "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/></iq>",
  );
  await juliet.exchange(
    form(),
    "<iq type='result'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='form'><field var='muc#register_roomnick'/></x></query></iq>",
  );
  await juliet.exchange(register("Romeo"), refusal("conflict"));
  await juliet.sends(register("Juliet"));
  await juliet.receivesInAnyOrder(
    "<iq type='result' id='q'/>",
    seen("J", "affiliation='member' role='participant'", [110]),
  );
  await romeo.receives(seen("J", "affiliation='member'"));
  await juliet.exchange(
    form(),
    "<iq type='result'><query xmlns='jabber:iq:register'><registered/><username>Juliet</username></query></iq>",
  );
  await juliet.exchange(
    node,
    `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>
    <identity category='conference' type='text' name='Juliet'/></query></iq>`,
  );
  await nurse.exchange(entering("juliet"), failed("presence", "conflict")); // §7.2.8
  await nurse.exchange(register("Juliet"), refusal("conflict"));
  await juliet.sends(`<iq type='set' id='q' to='${room}'><query xmlns='jabber:iq:register'><remove/></query></iq>`);
  await juliet.receivesInAnyOrder("<iq type='result' id='q'/>", seen("J", "affiliation='none'", [110]));
});

scenario("§7.10: registration where it is not to be", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.exchange(form("void@conference.example.com"), refusal("item-not-found"));
  await configures(romeo, { "x-muc#roomconfig_registration": "0" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await juliet.exchange(form(), refusal("not-allowed"));
  await juliet.exchange(register("Juliet"), refusal("not-allowed"));
  await juliet.exchange(
    `<iq type='set' id='q' to='${room}'><query xmlns='jabber:iq:register'/></iq>`,
    refusal("bad-request"),
  );
  await romeo.exchange(request("get", "admin", "<item affiliation='member'/>"), "<iq type='result' id='q'/>");
});
