import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import { configures, enters, opens, refusal, room } from "./room.fixture.ts";

const ours = { skipOn: ["prosody"] };
const item = tag("http://jabber.org/protocol/disco#items", "item");
const feature = tag("http://jabber.org/protocol/disco#info", "feature");
const service = "conference.example.com";

const info = (to: string, node = "") =>
  `<iq type='get' id='q' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'${node === "" ? "" : ` node='${node}'`}/></iq>`;
const items = (to: string, content = "") =>
  `<iq type='get' id='q' to='${to}'><query xmlns='http://jabber.org/protocol/disco#items'>${content}</query></iq>`;
const result = "<iq type='result' id='q'/>";

scenario(
  "§6.1, §6.2: the service is found, and says what it is",
  { skipOn: ["prosody"], why: "its version of the text is older" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      items("example.com"),
      `<iq type='result' from='example.com'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='${service}'/></query></iq>`,
    );
    await romeo.exchange(
      info(service),
      `<iq type='result' from='${service}'><query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='conference' type='text'/><feature var='http://jabber.org/protocol/muc'/>
      <feature var='http://jabber.org/protocol/muc#stable_id'/></query></iq>`,
    );
  },
);

scenario("§6.3: public rooms are listed by name; hidden ones for those who belong there", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await opens(romeo, "Romeo", "a\\20room@conference.example.com");
  const both = await juliet.exchange(items(service), result);
  assert.deepEqual(
    both.elements[0]!.all(item).map(({ attrs }) => [attrs.jid, attrs.name]),
    [
      ["a\\20room@conference.example.com", "a room"],
      ["test@conference.example.com", "test"],
      [room, "verona"],
    ],
  );
  await configures(romeo, { "muc#roomconfig_publicroom": "0", "muc#roomconfig_roomname": "Vérone" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  const left = await juliet.exchange(items(service), result);
  assert.equal(left.elements[0]!.all(item).length, 2);
  const own = await romeo.exchange(items(service), result);
  assert.deepEqual(
    own.elements[0]!.all(item).map(({ attrs }) => attrs.name),
    ["a room", "test", "Vérone"],
  );
});

scenario("§6.3: a long list comes in pages", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  const page = await romeo.exchange(
    items(service, "<set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set>"),
    "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><count>2</count></set></query></iq>",
  );
  assert.equal(page.elements[0]!.all(item).length, 1);
});

scenario(
  "§6.4: a room says what it is",
  { skipOn: ["prosody"], why: "its rooms are hidden unless told otherwise" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await opens(romeo, "Romeo");
    await configures(romeo, { "muc#roomconfig_roomname": "Verona", "muc#roomconfig_roomdesc": "Two households" });
    await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
    await romeo.exchange(
      info(room),
      `<iq type='result' from='${room}'><query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='conference' type='text' name='Verona'/><feature var='http://jabber.org/protocol/muc'/>
      <feature var='muc_open'/><feature var='muc_unmoderated'/><feature var='muc_unsecured'/>
      <feature var='muc_semianonymous'/><feature var='muc_public'/><feature var='muc_temporary'/>
      <feature var='http://jabber.org/protocol/muc#self-ping-optimization'/><feature var='urn:xmpp:occupant-id:0'/>
      <x xmlns='jabber:x:data' type='result'>
        <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value></field>
        <field var='muc#roominfo_description'><value>Two households</value></field>
        <field var='muc#roominfo_occupants'><value>1</value></field></x></query></iq>`,
    );
  },
);

scenario("§6.4: the features follow the configuration", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  await configures(romeo, {
    "muc#roomconfig_membersonly": "1",
    "muc#roomconfig_moderatedroom": "1",
    "muc#roomconfig_persistentroom": "1",
    "muc#roomconfig_publicroom": "0",
    "muc#roomconfig_whois": "anyone",
    "muc#roomconfig_passwordprotectedroom": "1",
    "muc#roomconfig_roomsecret": "rose",
  });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>", "<message type='groupchat'/>");
  const answer = await romeo.exchange(info(room), result);
  const features = answer.elements[0]!.all(feature).map(({ attrs }) => attrs.var!);
  assert.deepEqual(features.filter((one) => one.startsWith("muc_")).sort(), [
    "muc_hidden",
    "muc_membersonly",
    "muc_moderated",
    "muc_nonanonymous",
    "muc_passwordprotected",
    "muc_persistent",
  ]);
});

scenario("§6.4, §18.1.1: what is not there, and what is not known", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  await romeo.exchange(info("void@conference.example.com"), refusal("item-not-found"));
  await romeo.exchange(items("void@conference.example.com"), refusal("item-not-found"));
  await romeo.exchange(info(room, "http://jabber.org/protocol/muc#traffic"), refusal("service-unavailable"));
});

scenario("§6.5, §14.4: occupants are listed for those who are there", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  const outside = await juliet.exchange(items(room), result);
  assert.equal(outside.elements[0]!.all(item).length, 0);
  await enters(juliet, "Juliet", ["Romeo"]);
  const inside = await juliet.exchange(items(room), result);
  assert.equal(inside.elements[0]!.all(item).length, 2);
});

scenario(
  "a room is the same under each face of the domain",
  { domains: ["obs.example"], aliases: { "obs.example": ["jabber.obs.example"] }, ...ours },
  async ({ connect }) => {
    const romeo = await connect("romeo@obs.example/orchard");
    const juliet = await connect("juliet@obs.example/balcony", { face: "jabber.obs.example" });
    await opens(romeo, "Romeo", "verona@conference.obs.example");
    await juliet.sends(
      "<presence to='verona@conference.jabber.obs.example/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
    );
    await juliet.receives("<presence from='verona@conference.jabber.obs.example/Romeo'/>");
    await juliet.receives("<presence from='verona@conference.jabber.obs.example/Juliet'/>");
    await romeo.receives("<presence from='verona@conference.obs.example/Juliet'/>");
    await juliet.receives("<message from='verona@conference.jabber.obs.example'><subject/></message>");
    await juliet.sends("<message to='verona@conference.jabber.obs.example' type='groupchat'><body>Hi</body></message>");
    await romeo.receives("<message from='verona@conference.obs.example/Juliet'><body>Hi</body></message>");
  },
);

const namesOurs = { skipOn: ["prosody"], why: "its names do not follow the language" };

scenario("§6.1: the service is named in the language of who asks", namesOurs, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const asked = (what: string, to: string, lang: string) =>
    `<iq type='get' id='n' to='${to}' xml:lang='${lang}'><query xmlns='http://jabber.org/protocol/disco#${what}'/></iq>`;
  for (const [lang, name] of [
    ["fr", "Salons de discussion"],
    ["fr-CA", "Salons de discussion"],
    ["en", "Chat rooms"],
    ["de", "Chat rooms"],
  ] as const) {
    await romeo.exchange(
      asked("items", "example.com", lang),
      `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>
        <item jid='conference.example.com' name='${name}'/></query></iq>`,
    );
    await romeo.exchange(
      asked("info", "conference.example.com", lang),
      `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>
        <identity category='conference' type='text' name='${name}'/></query></iq>`,
    );
  }
});

scenario(
  "§6.3: clients without pages get so many rooms: those of the service, then the most visited",
  { settings: { muc: { listed: 2 } }, skipOn: ["prosody"], why: "ours alone" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    for (const local of ["abbey", "verona"]) await opens(romeo, "Romeo", `${local}@conference.example.com`);
    await enters(juliet, "Juliet", ["Romeo"]);
    const items = (set: string) =>
      `<iq type='get' id='l' to='conference.example.com'><query xmlns='http://jabber.org/protocol/disco#items'>${set}</query></iq>`;
    await juliet.sends(items(""));
    const named = (await juliet.next()).elements[0]!.elements.map(({ attrs }) => attrs.jid?.split("@")[0]);
    assert.deepEqual(named, ["test", "verona"]);
    await juliet.exchange(
      items("<set xmlns='http://jabber.org/protocol/rsm'><max>10</max></set>"),
      `<iq type='result' id='l'><query xmlns='http://jabber.org/protocol/disco#items'>
        <item jid='abbey@conference.example.com'/><item jid='test@conference.example.com'/>
        <item jid='verona@conference.example.com'/></query></iq>`,
    );
  },
);
