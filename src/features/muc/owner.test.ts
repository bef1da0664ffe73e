import assert from "node:assert/strict";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import {
  configures,
  entering,
  enters,
  failed,
  listed,
  opens,
  refusal,
  request,
  room,
  seen,
  subject,
} from "./room.fixture.ts";

const ours = { skipOn: ["prosody"] };
const x = tag("jabber:x:data", "x");
const field = tag("jabber:x:data", "field");
const value = tag("jabber:x:data", "value");
const done = "<iq type='result' id='q'/>";
const configured = "<iq type='result' id='configure'/>";

async function pair({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  return { romeo, juliet };
}

scenario("§10.1.3: a reserved room: the form, its submission, the open room", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enters(romeo, "Romeo");
  await romeo.exchange(
    request("get", "owner", ""),
    `<iq type='result' id='q'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>
      <field var='muc#roomconfig_roomname'/><field var='muc#roomconfig_persistentroom'/>
      <field var='muc#roomconfig_membersonly'/><field var='muc#roomconfig_whois'/></x></query></iq>`,
  );
  await juliet.exchange(request("get", "owner", ""), refusal("forbidden"));
  await configures(romeo, { "muc#roomconfig_roomname": "A tomb" });
  await romeo.receives(configured);
  await enters(juliet, "Juliet", ["Romeo"]);
});

scenario("the form speaks the language of the reader", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await enters(romeo, "Romeo");
  for (const [lang, label] of [
    ["fr", "Nom du salon"],
    ["en", "Name of the room"],
  ]) {
    const answer = await romeo.exchange(
      `<iq type='get' id='f' xml:lang='${lang}' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`,
      "<iq type='result' id='f'/>",
    );
    const fields = answer.elements[0]!.child(x)!.all(field);
    assert.equal(fields.find((one) => one.attrs.var === "muc#roomconfig_roomname")!.attrs.label, label);
  }
});

scenario(
  "§10.1.3: a cancelled configuration destroys the new room",
  { skipOn: ["prosody"], why: "it keeps the room" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await enters(romeo, "Romeo");
    await romeo.sends(request("set", "owner", "<x xmlns='jabber:x:data' type='cancel'/>"));
    await romeo.receivesInAnyOrder(
      done,
      `<presence from='${room}/Romeo' type='unavailable'>
    <x xmlns='http://jabber.org/protocol/muc#user'><destroy/></x></presence>`,
    );
    const again = await enters(romeo, "Romeo");
    assert.match(again.toString(), /code='201'/);
  },
);

scenario("§10.1.3: a creator who leaves before configuring leaves no room", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enters(romeo, "Romeo");
  await romeo.exchange(`<presence to='${room}/Romeo' type='unavailable'/>`, "<presence type='unavailable'/>");
  const self = await enters(juliet, "Juliet");
  assert.match(self.toString(), /affiliation='owner'/);
});

scenario(
  "§10.1.1: a room that nobody configures opens by itself",
  { settings: { muc: { lock: "50 ms" } }, ...ours },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await enters(romeo, "Romeo");
    for (;;) {
      await juliet.sends(entering("Juliet"));
      const answer = await juliet.next();
      if (answer.attrs.type !== "error") break;
    }
    await romeo.receives(`<presence from='${room}/Juliet'/>`);
  },
);

scenario("§10.1.3: a password-protected room without a password is not acceptable", ours, async (stage) => {
  const { romeo } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_passwordprotectedroom": "1" });
  await romeo.receives(
    "<iq type='error' id='configure'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("§10.2: what is changed is shown; what is cancelled is not; others may not", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_roomdesc": "Where we lay our scene" });
  await romeo.receivesInAnyOrder(configured, "<message type='groupchat'/>");
  await romeo.exchange(request("set", "owner", "<x xmlns='jabber:x:data' type='cancel'/>"), done);
  const form = await romeo.exchange(request("get", "owner", ""), "<iq type='result' id='q'/>");
  const fields = form.elements[0]!.child(x)!.all(field);
  const description = fields.find((one) => one.attrs.var === "muc#roomconfig_roomdesc")!;
  assert.equal(description.child(value)!.text, "Where we lay our scene");
  await juliet.receives(
    "<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>",
  );
  await juliet.exchange(request("set", "owner", "<x xmlns='jabber:x:data' type='submit'/>"), refusal("forbidden"));
});

scenario("§10.2: the form holds the whole lists of owners and admins", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, {
    "muc#roomconfig_roomadmins": "juliet@example.com",
    "muc#roomconfig_roomowners": ["romeo@example.com", "nurse@example.com"],
  });
  await juliet.receives(seen("Juliet", "affiliation='admin' role='moderator'", [110]));
  await juliet.receives(seen("Romeo", `jid='${romeo}'`)); // §7.2.4: moderators see addresses
  await romeo.receivesInAnyOrder(
    configured,
    listed("nurse@example.com", "owner"),
    seen("Juliet", "affiliation='admin' role='moderator'"),
  );
  await configures(romeo, { "muc#roomconfig_roomowners": "juliet@example.com" });
  await juliet.receives(listed("nurse@example.com", "admin"));
  await juliet.receives(seen("Romeo", "affiliation='admin' role='moderator'"));
  await juliet.receives(seen("Juliet", "affiliation='owner'", [110]));
  await romeo.receivesInAnyOrder(
    configured,
    listed("nurse@example.com", "admin"),
    seen("Romeo", "affiliation='admin' role='moderator'", [110]),
    seen("Juliet", "affiliation='owner'"),
  );
});

scenario("§10.2: a room that is moderated no more gives voice to its visitors", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_moderatedroom": "1" });
  await juliet.receives("<message type='groupchat'/>");
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await nurse.sends(entering("Nurse"));
  await nurse.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Juliet'/>`,
    seen("Nurse", "role='visitor'", [110]), // §5.1.2
    subject(),
  );
  await configures(romeo, { "muc#roomconfig_moderatedroom": "0" });
  await nurse.receives(seen("Nurse", "role='participant'", [110]));
});

scenario("presence of visitors is hidden where the room is so (§7.2.2)", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, {
    "muc#roomconfig_moderatedroom": "1",
    "muc#roomconfig_presencebroadcast": ["moderator", "participant"],
  });
  await juliet.receives("<message type='groupchat'/>");
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  await juliet.receivesNothing();
  await romeo.sends(request("set", "admin", "<item nick='Nurse' role='participant'/>"));
  await juliet.receives(seen("Nurse", "role='participant'"));
  await romeo.sends(request("set", "admin", "<item nick='Nurse' role='visitor'/>"));
  await juliet.receives(seen("Nurse", "role='none'", [], "unavailable"));
});

scenario(
  "§10.9: an owner destroys a room, with a reason and another place",
  { skipOn: ["prosody"], why: "it shows the address of the owner in its last presence" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    const destroy = "<destroy jid='mantua@conference.example.com'><reason>Exile</reason></destroy>";
    await juliet.exchange(request("set", "owner", destroy), refusal("forbidden"));
    await romeo.sends(request("set", "owner", destroy));
    const gone = (nick: string) => `<presence from='${room}/${nick}' type='unavailable'>
    <x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='none'/>
    <destroy jid='mantua@conference.example.com'><reason>Exile</reason></destroy></x></presence>`;
    await juliet.receives(gone("Juliet"));
    await romeo.receivesInAnyOrder(done, gone("Romeo"));
  },
);

scenario("what its owner has destroyed says why, for a while; the owner may make it anew", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await romeo.sends(
    request("set", "owner", "<destroy jid='mantua@conference.example.com'><reason>Exile</reason></destroy>"),
  );
  await juliet.receives("<presence type='unavailable'/>");
  const refused = await juliet.exchange(
    entering("Juliet"),
    `<presence type='error'><error type='cancel'>
      <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:mantua@conference.example.com?join</gone></error></presence>`,
  );
  assert.match(refused.toString(), /Exile/);
  await romeo.receivesInAnyOrder(done, "<presence type='unavailable'/>");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
});

scenario(
  "who may open rooms is a setting",
  { settings: { muc: { creation: "admins", admins: ["romeo"] } }, ...ours },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await juliet.exchange(entering("Juliet"), failed("presence", "not-allowed")); // §10.1.1
    await opens(romeo, "Romeo");
  },
);

scenario("an account owns only so many rooms", { settings: { muc: { rooms: 1 } }, ...ours }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  await romeo.exchange(
    entering("Romeo", "", "mantua@conference.example.com"),
    failed("presence", "resource-constraint"),
  );
});
