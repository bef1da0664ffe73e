import assert from "node:assert/strict";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import { occupantId } from "./occupant-id.ts";
import { configures, entering, enters, failed, opens, room, seen, subject } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"] };
const stanzaId = tag("urn:xmpp:sid:0", "stanza-id");

async function pair({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  return { romeo, juliet };
}

scenario("§7.4: who is not there is not heard; nor where there is no room", async (stage) => {
  const { romeo } = await pair(stage);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  const message = (where: string) => `<message to='${where}' type='groupchat'><body>Madam!</body></message>`;
  await nurse.exchange(message(room), failed("message", "not-acceptable"));
  await nurse.exchange(message("void@conference.example.com"), failed("message", "item-not-found"));
  await romeo.receivesNothing();
});

scenario(
  "§7.4, XEP-0359, XEP-0421: a message has the id of its sender, of the room and of the occupant",
  ours,
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    await juliet.sends(`<message to='${room}' type='groupchat' id='m1'><body>Hi</body>
    <stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='${room}'/>
    <occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/></message>`);
    const first = await romeo.receives("<message id='m1'><body>Hi</body></message>");
    assert.equal(first.all(stanzaId).length, 1);
    assert.notEqual(first.child(stanzaId)!.attrs.id, "forged");
    assert.equal(first.all(occupantId).length, 1);
    const id = first.child(occupantId)!.attrs.id!;
    assert.notEqual(id, "forged");
    await juliet.receives("<message id='m1'/>");
    await juliet.sends(`<presence to='${room}/Giulietta'/>`);
    await romeo.receives(seen("Juliet", "nick='Giulietta'", [303], "unavailable"));
    await romeo.receives(
      `<presence from='${room}/Giulietta'><occupant-id xmlns='urn:xmpp:occupant-id:0' id='${id}'/></presence>`,
    );
    await juliet.receives(seen("Juliet", "nick='Giulietta'", [110, 303], "unavailable"));
    await juliet.receives(seen("Giulietta", "role='participant'", [110]));
    await juliet.sends(`<message to='${room}' type='groupchat'><body>Anonymous</body></message>`);
    const second = await romeo.receives("<message id='…'><body>Anonymous</body></message>");
    assert.notEqual(second.child(stanzaId)!.attrs.id, first.child(stanzaId)!.attrs.id);
  },
);

scenario("§7.5: a private message reaches one occupant alone", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  await romeo.receives(`<presence from='${room}/Nurse'/>`);
  await juliet.receives(`<presence from='${room}/Nurse'/>`);
  await juliet.sends(`<message to='${room}/Romeo' type='chat' id='p1'><body>Psst</body></message>`);
  await romeo.receives(`<message from='${room}/Juliet' to='${romeo}' type='chat' id='p1'><body>Psst</body>
    <x xmlns='http://jabber.org/protocol/muc#user'/></message>`);
  await nurse.receivesNothing();
});

scenario("§7.5: errors of private messages", async (stage) => {
  const { juliet } = await pair(stage);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  const to = (nick: string, type: string) => `<message to='${room}/${nick}' type='${type}'><body>Psst</body></message>`;
  await juliet.exchange(to("Romeo", "groupchat"), failed("message", "bad-request"));
  await juliet.exchange(to("Tybalt", "chat"), failed("message", "item-not-found"));
  await nurse.exchange(to("Romeo", "chat"), failed("message", "not-acceptable"));
});

scenario("§7.5: a room without private messages", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await configures(romeo, { "muc#roomconfig_allowpm": "moderators" });
  await juliet.receives("<message type='groupchat'/>");
  await juliet.exchange(
    `<message to='${room}/Juliet' type='chat'><body>Me</body></message>`,
    failed("message", "forbidden"),
  );
  await juliet.sends(`<message to='${room}/Romeo' type='chat'><body>Help</body></message>`);
  await romeo.receivesInAnyOrder(
    "<iq type='result'/>",
    "<message type='groupchat'/>",
    "<message><body>Help</body></message>",
  );
});

scenario("§7.6: a change of name; one that is taken is refused", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.exchange(`<presence to='${room}/Romeo'/>`, failed("presence", "conflict"));
  await juliet.sends(`<presence to='${room}/Giulietta'/>`);
  await romeo.receives(seen("Juliet", "nick='Giulietta'", [303], "unavailable"));
  await romeo.receives(`<presence from='${room}/Giulietta'/>`);
  await juliet.receives(seen("Juliet", "nick='Giulietta'", [110, 303], "unavailable"));
  await juliet.receives(seen("Giulietta", "role='participant'", [110]));
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>New</body></message>`,
    `<message from='${room}/Giulietta'><body>New</body></message>`,
  );
});

scenario("§8.1: the subject is for moderators, unless the room says otherwise; it stays", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const set = (text: string) => `<message to='${room}' type='groupchat'><subject>${text}</subject></message>`;
  await juliet.exchange(set("Night"), failed("message", "forbidden"));
  await romeo.exchange(set("Day"), `<message from='${room}/Romeo'><subject>Day</subject></message>`);
  await juliet.receives("<message><subject>Day</subject></message>");
  await configures(romeo, { "muc#roomconfig_changesubject": "1" });
  await juliet.receives("<message type='groupchat'/>");
  await juliet.exchange(set("Night"), `<message from='${room}/Juliet'><subject>Night</subject></message>`);
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await nurse.sends(entering("Nurse"));
  await nurse.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Juliet'/>`,
    seen("Nurse", "role='participant'", [110]),
    "<message><subject>Night</subject></message>",
  );
  await juliet.receives(`<presence from='${room}/Nurse'/>`);
  await juliet.exchange(set(""), subject());
});

scenario("§8.1: a message with a body does not set the subject", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><subject>Re</subject><body>Text</body></message>`,
    "<message><subject>Re</subject><body>Text</body></message>",
  );
  await romeo.receives("<message><subject>Re</subject><body>Text</body></message>");
});

scenario("§17.2: a message to a room that is not of type groupchat is refused", ours, async (stage) => {
  const { juliet } = await pair(stage);
  await juliet.exchange(
    `<message to='${room}' type='chat'><body>Hi</body></message>`,
    failed("message", "bad-request"),
  );
});

scenario("who writes too fast is told to wait", { settings: { muc: { rate: 2 } }, ...ours }, async (stage) => {
  const { juliet } = await pair(stage);
  for (const type of [undefined, undefined, "error"]) {
    await juliet.sends(`<message to='${room}' type='groupchat'><body>Hi</body></message>`);
    assert.equal((await juliet.next()).attrs.type === "error", type === "error");
  }
});

scenario("what is too long is refused", { settings: { muc: { size: "1 KiB" } }, ...ours }, async (stage) => {
  const { juliet } = await pair(stage);
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>${"x".repeat(1100)}</body></message>`,
    failed("message", "policy-violation"),
  );
});

scenario("XEP-0334: what is not to be kept is not shown to newcomers", ours, async (stage) => {
  const { juliet } = await pair(stage);
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>Burn</body><no-store xmlns='urn:xmpp:hints'/></message>`,
    "<message><body>Burn</body></message>",
  );
  const nurse = await stage.connect("nurse@example.com/kitchen");
  await nurse.sends(entering("Nurse", ""));
  await nurse.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Juliet'/>`,
    seen("Nurse", "", [110]),
    subject(),
  );
});

scenario("§11.1, §18.1.2: a client that bounces what it gets is out", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.sends(`<message to='${room}/Romeo' type='error' id='x'><error type='cancel'>
    <recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  await romeo.receives(seen("Juliet", "role='none'", [333], "unavailable"));
  await juliet.receives(seen("Juliet", "role='none'", [110, 333], "unavailable"));
});

scenario(
  "a room in which too much is said takes a rest",
  { settings: { muc: { "room-rate": 1 } }, ...ours },
  async (stage) => {
    const { juliet } = await pair(stage);
    const hi = `<message to='${room}' type='groupchat'><body>Hi</body></message>`;
    await juliet.exchange(hi, "<message type='groupchat'/>");
    await juliet.exchange(hi, failed("message", "resource-constraint"));
  },
);

scenario(
  "XEP-0500: in slow mode people wait between messages, but not admins, nor for what is no text",
  ours,
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    const info = `<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
    await configures(romeo, { "muc#roomconfig_slow_mode_duration": "3600" });
    await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
    await juliet.receives("<message type='groupchat'/>");
    await juliet.exchange(
      info,
      `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><x xmlns='jabber:x:data'>
      <field var='muc#roominfo_slow_mode_duration'><value>3600</value></field></x></query></iq>`,
    );
    const hi = `<message to='${room}' type='groupchat'><body>Hi</body></message>`;
    const typing = `<message to='${room}' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`;
    await juliet.exchange(hi, "<message type='groupchat'/>");
    await juliet.exchange(
      typing,
      "<message type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    const refused = await juliet.exchange(hi, failed("message", "policy-violation"));
    assert.match(refused.toString(), /type='wait'.*3600/);
    await romeo.receives("<message><body>Hi</body></message>");
    await romeo.receives("<message type='groupchat'/>");
    await romeo.exchange(hi, "<message type='groupchat'/>");
    await romeo.exchange(hi, "<message type='groupchat'/>");
  },
);

scenario("§17.4: who asks oneself through the room is not kept from speaking meanwhile", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  await romeo.sends(`<iq type='get' id='me' to='${room}/Romeo'><query xmlns='jabber:iq:version'/></iq>`);
  await romeo.sends(`<message type='groupchat' id='hello' to='${room}'><body>Hello</body></message>`);
  const question = await romeo.receives("<iq type='get'><query xmlns='jabber:iq:version'/></iq>");
  await romeo.receives(`<message type='groupchat' id='hello' from='${room}/Romeo'><body>Hello</body></message>`);
  await romeo.sends(
    `<iq type='result' id='${question.attrs.id}' to='${question.attrs.from}'><query xmlns='jabber:iq:version'><name>x</name></query></iq>`,
  );
  await romeo.receives(`<iq type='result' id='me' from='${room}/Romeo'><query xmlns='jabber:iq:version'/></iq>`);
});
