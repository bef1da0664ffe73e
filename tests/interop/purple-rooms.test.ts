// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PurpleClient } from "./purple/client.ts";
import { PurpleSuite } from "./purple/suite.ts";

/** Rooms as the guide of the institute has them: Pidgin's list of rooms, the room that is always there, one's own. */

const suite = new PurpleSuite();

/** Answers the open question with a button. */
async function press(client: PurpleClient, button: RegExp): Promise<void> {
  const question = await client.expect("question");
  assert.match(question.buttons!, button);
  client.do("answer", `${question.buttons!.split("|").findIndex((label) => button.test(label))}`);
}

test("the list of rooms: the service is proposed, the room `test` is there", async (context) => {
  const { online } = suite.stage(context);
  const romeo = await online("romeo");
  romeo.do("rooms");
  const asked = await romeo.expect("input");
  assert.equal(asked.value, "conference.example.com");
  romeo.do("enter");
  const room = await romeo.expect("room", ({ name }) => name === "test");
  assert.equal(room.name, "test");
});

test("two people join the room `test` and read each other", async (context) => {
  const { online } = suite.stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  const room = "test@conference.example.com";
  romeo.do("join", "test", "conference.example.com", "Roméo");
  await romeo.expect("room-joined", { room });
  juliet.do("join", "test", "conference.example.com", "Juliette");
  await juliet.expect("room-joined", { room });
  await romeo.expect("occupant", { room, name: "Juliette" });
  juliet.do("speak", room, "Salut à tous &amp; bienvenue");
  const heard = await romeo.expect("message", { with: room, name: "Juliette", kind: "received" });
  assert.equal(heard.text, "Salut à tous & bienvenue");
});

test("a room of one's own with the default configuration; a colleague joins it", async (context) => {
  const { online } = suite.stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  const room = "verone@conference.example.com";
  romeo.do("join", "verone", "conference.example.com", "Roméo");
  await press(romeo, /Accept Defaults/);
  await romeo.settles();
  juliet.do("join", "verone", "conference.example.com", "Juliette");
  await juliet.expect("room-joined", { room });
  await romeo.expect("occupant", { room, name: "Juliette" });
  romeo.do("speak", room, "Bienvenue");
  assert.equal((await juliet.expect("message", { with: room, name: "Roméo" })).text, "Bienvenue");
});

test("a room of one's own, configured in the dialog: a name, a password, members only", async (context) => {
  const { online, address } = suite.stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  const room = "mantoue@conference.example.com";
  romeo.do("join", "mantoue", "conference.example.com", "Roméo");
  await press(romeo, /Configure/);
  const form = await romeo.expect("form");
  assert.match(form.fields!, /muc#roomconfig_roomname=/);
  for (const [field, value] of [
    ["muc#roomconfig_roomname", "Exil à Mantoue"],
    ["muc#roomconfig_passwordprotectedroom", "1"],
    ["muc#roomconfig_roomsecret", "apothicaire"],
    ["muc#roomconfig_membersonly", "1"],
  ] as const) {
    romeo.do("fill", field, value);
  }
  romeo.do("submit");
  await romeo.settles();
  assert.ok(!romeo.has("failed"), romeo.tail());
  assert.ok(!romeo.has("notice"), romeo.tail());
  romeo.do("xml", `<iq type='get' id='about' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  const about = (await romeo.answer("about")).toString();
  for (const told of ["Exil à Mantoue", "muc_membersonly", "muc_passwordprotected"])
    assert.ok(about.includes(told), about);
  juliet.do("join", "mantoue", "conference.example.com", "Juliette");
  const refusal = await juliet.expect("notice");
  assert.match(JSON.stringify(refusal), /members|membres|registration/i);
  const item = `<item affiliation='member' jid='${address("juliet")}'/>`;
  romeo.do(
    "xml",
    `<iq type='set' id='member' to='${room}'><query xmlns='http://jabber.org/protocol/muc#admin'>${item}</query></iq>`,
  );
  assert.equal((await romeo.answer("member")).attrs.type, "result");
});

test("a configuration that is cancelled leaves no room", async (context) => {
  const { online } = suite.stage(context);
  const romeo = await online("romeo");
  const room = "padoue@conference.example.com";
  romeo.do("join", "padoue", "conference.example.com", "Roméo");
  await press(romeo, /Configure/);
  await romeo.expect("form");
  romeo.do("cancel");
  await romeo.settles();
  const asked = romeo.stanzas("xml-sent").some((stanza) => /muc#owner.*type=.cancel/.test(stanza.toString()));
  assert.ok(asked, romeo.tail());
  romeo.do("xml", `<iq type='get' id='gone' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  assert.match((await romeo.answer("gone")).toString(), /item-not-found/);
});
