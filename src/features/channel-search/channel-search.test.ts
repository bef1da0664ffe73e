import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";

const skip = { skipOn: ["prosody"], why: "it has no search for rooms" };
const service = "conference.example.com";
const order = "{urn:xmpp:channel-search:0:order}";

interface Person {
  sends(text: string): Promise<void>;
  receives(text: string): Promise<unknown>;
  exchange(sent: string, expected: string): Promise<unknown>;
}

async function opens(owner: Person, local: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const room = `${local}@${service}`;
  await owner.sends(`<presence to='${room}/Owner'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await owner.receives(`<presence from='${room}/Owner'/>`);
  await owner.receives("<message type='groupchat'><subject/></message>");
  const written = Object.entries(fields).map(
    ([name, value]) => `<field var='muc#roomconfig_${name}'><value>${value}</value></field>`,
  );
  await owner.exchange(
    `<iq type='set' id='o' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'>${written.join("")}</x></query></iq>`,
    "<iq type='result' id='o'/>",
  );
}

function ask(fields: Readonly<Record<string, string>>, more = ""): string {
  const written = Object.entries(fields).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  return `<iq type='get' id='s' to='${service}'><search xmlns='urn:xmpp:channel-search:0:search'>${more}
    <x xmlns='jabber:x:data' type='submit'>${written.join("")}</x></search></iq>`;
}

function found(...items: readonly string[]): string {
  return `<iq type='result' id='s'><result xmlns='urn:xmpp:channel-search:0:search'>${items.join("")}</result></iq>`;
}

function refused(condition: string, detail: string, type = "modify"): string {
  return `<iq type='error' id='s'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <${detail} xmlns='urn:xmpp:channel-search:0:error'/></error></iq>`;
}

function addresses(element: {
  elements: readonly { elements: readonly { attrs: Readonly<Record<string, string>> }[] }[];
}) {
  return element.elements[0]!.elements.flatMap(({ attrs }) => (attrs.address ? [attrs.address.split("@")[0]!] : []));
}

scenario("search: the form (XEP-0433 §4.1, §4.2.1)", skip, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    `<iq type='get' id='i' to='${service}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:channel-search:0:search'/></query></iq>",
  );
  await romeo.exchange(
    `<iq type='get' id='f' to='${service}'><search xmlns='urn:xmpp:channel-search:0:search'/></iq>`,
    `<iq type='result' id='f'><search xmlns='urn:xmpp:channel-search:0:search'><x xmlns='jabber:x:data' type='form'>
      <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:channel-search:0:search-params</value></field>
      <field var='q' type='text-single'/><field var='all'/><field var='sinname'><value>1</value></field>
      <field var='sindescription'/><field var='sinaddress'/>
      <field var='key' type='list-single'><value>${order}nusers</value></field></x></search></iq>`,
  );
});

scenario("search: by words, in what order, in pages (XEP-0433 §4.2.2.1)", skip, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "alpha", { roomname: "Café des poètes", lang: "fr", persistentroom: "1" });
  await opens(romeo, "beta", { roomname: "Sonnets", roomdesc: "For poets &amp; readers", whois: "anyone" });
  await opens(romeo, "gamma", { roomname: "Duels", passwordprotectedroom: "1", roomsecret: "x" });
  await juliet.sends(`<presence to='beta@${service}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await juliet.receives(`<presence from='beta@${service}/Owner'/>`);
  await juliet.receives(`<presence from='beta@${service}/Juliet'/>`);
  await juliet.receives("<message type='groupchat'/>");
  const both = await juliet.exchange(
    ask({ q: "POÈT" }),
    found(`<item address='alpha@${service}'><name>Café des poètes</name><language>fr</language><nusers>1</nusers>
      <service-type>xep-0045</service-type><is-open>true</is-open><anonymity-mode>muc_semianonymous</anonymity-mode></item>`),
  );
  assert.deepEqual(addresses(both), ["beta", "alpha"]);
  assert.deepEqual(addresses(await juliet.exchange(ask({ q: "poet", key: `${order}address` }), found())), [
    "alpha",
    "beta",
  ]);
  assert.deepEqual(addresses(await juliet.exchange(ask({ q: "poet", sindescription: "0" }), found())), ["alpha"]);
  assert.deepEqual(
    addresses(await juliet.exchange(ask({ q: "gam" }), found("<item><is-open>false</is-open></item>"))),
    ["gamma"],
  );
  assert.deepEqual(addresses(await juliet.exchange(ask({ q: "gam", sinaddr: "false" }), found())), []);
  assert.deepEqual(addresses(await juliet.exchange(ask({ q: "poet", types: "xep-0369" }), found())), []);
  assert.deepEqual(addresses(await juliet.exchange(ask({ all: "true", min_users: "2" }), found())), ["beta"]);
  const pages = (after: string) => `<set xmlns='http://jabber.org/protocol/rsm'><max>2</max>${after}</set>`;
  const one = await juliet.exchange(
    ask({ all: "1", key: `${order}address` }, pages("")),
    found("<set xmlns='http://jabber.org/protocol/rsm'><count>4</count></set>"),
  );
  const other = await juliet.exchange(
    ask({ all: "1", key: `${order}address` }, pages(`<after>beta@${service}</after>`)),
    found(),
  );
  assert.deepEqual([...addresses(one), ...addresses(other)], ["alpha", "beta", "gamma", "test"]);
});

scenario("search: rooms that are not for everybody are found by their members", skip, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "secret", { publicroom: "0" });
  await opens(romeo, "members", { membersonly: "1" });
  assert.deepEqual(addresses(await juliet.exchange(ask({ all: "1" }), found())), ["test"]);
  const own = addresses(await romeo.exchange(ask({ all: "1", key: `${order}address` }), found()));
  assert.deepEqual(own, ["members", "secret", "test"]);
});

scenario("search: what is wrong with it is told (XEP-0433 §4.2.2.2 to §4.2.2.7)", skip, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(ask({ q: "ab", key: "size" }), refused("feature-not-implemented", "invalid-sort-key"));
  await romeo.exchange(ask({ q: "a" }), refused("bad-request", "invalid-search-terms"));
  await romeo.exchange(ask({ q: "ab", all: "1" }), refused("bad-request", "conflicting-fields"));
  await romeo.exchange(ask({}), refused("bad-request", "no-search-conditions"));
});

scenario(
  "search: not too often (XEP-0433 §4.2.2.4)",
  { ...skip, settings: { "channel-search": { rate: 2 } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    for (let count = 0; count < 2; count++) await romeo.exchange(ask({ q: "nothing" }), found());
    await romeo.exchange(ask({ q: "nothing" }), refused("resource-constraint", "rate-limit", "wait"));
  },
);
