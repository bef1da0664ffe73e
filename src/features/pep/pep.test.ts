import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { befriend } from "#features/presence/people.fixture.ts";
import {
  interested,
  notified,
  options,
  passing,
  publication,
  read,
  reading,
  refused,
} from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const tune = "http://jabber.org/protocol/tune";
const piece = "<tune xmlns='http://jabber.org/protocol/tune'><artist>Gerald Finzi</artist></tune>";
const published = "<iq type='result' id='publish'/>";
const juliets = "juliet@example.com";

scenario(
  "pep §3, §4: contacts and own clients that are interested are told",
  { skipOn: ["prosody"], why: "it asks each client once for each account" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const chamber = await connect("juliet@example.com/chamber", { presence: false });
    const romeo = await connect("romeo@example.com/orchard");
    const nurse = await connect("nurse@example.com/kitchen", { presence: false });
    await befriend(romeo, juliet);
    await interested(chamber, tune);
    await interested(nurse, tune);
    const watching = await connect("romeo@example.com/watching", { presence: false });
    await interested(watching, tune);
    await juliet.sends(publication(tune, `<item id='current'>${piece}</item>`));
    assert.equal((await passing(juliet, "presence")).attrs.type, "result");
    const own = await passing(chamber, "presence");
    assert.deepEqual([own.name, own.attrs.from, own.attrs.type], ["message", juliets, "headline"]);
    const told = await passing(watching, "presence");
    assert.deepEqual([told.name, told.attrs.from, told.attrs.to], ["message", juliets, `${watching}`]);
    await romeo.sends("<iq type='get' id='last' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert.equal((await passing(romeo, "presence")).attrs.id, "last");
    await nurse.receivesNothing();
  },
);

scenario(
  "pep §4.3.4: who comes later gets what was published last",
  { skipOn: ["prosody"], why: "it asks each client once for each account" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await befriend(romeo, juliet);
    await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`), published);
    await juliet.exchange(publication(tune, `<item id='b'>${piece}</item>`), published);
    const late = await connect("romeo@example.com/late", { presence: false });
    await interested(late, tune);
    const last = await passing(late, "presence");
    assert.match(last.toString(), /id=['"]b['"]/);
    assert.match(last.toString(), /urn:xmpp:delay/);
  },
);

scenario("pep §4.3.4: a large item comes whole to who comes later", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const large = `<tune xmlns='http://jabber.org/protocol/tune'><title>${"long ".repeat(5000)}</title></tune>`;
  await juliet.exchange(publication(tune, `<item id='a'>${large}</item>`), published);
  const late = await connect("juliet@example.com/late", { presence: false });
  await interested(late, tune);
  await late.receives(notified(juliets, tune, `<item id='a'>${large}</item>`));
});

scenario(
  "pep: by default one item is kept, and only contacts read it",
  { skipOn: ["prosody"], why: "it refuses everything as forbidden" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    const nurse = await connect("nurse@example.com/kitchen");
    await befriend(romeo, juliet);
    await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`), published);
    await juliet.exchange(publication(tune, `<item id='b'>${piece}</item>`), published);
    const all = await romeo.exchange(reading(juliets, tune), read(tune, `<item id='b'>${piece}</item>`));
    assert.doesNotMatch(all.toString(), /id=['"]a['"]/);
    await nurse.exchange(reading(juliets, tune), refused("read", "not-authorized", "presence-subscription-required"));
  },
);

scenario(
  "pep §7.1.5: options make the node, and are conditions afterwards",
  { skipOn: ["prosody"], why: "it refuses everything as forbidden" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await befriend(romeo, juliet);
    const secret = { "pubsub#persist_items": "true", "pubsub#access_model": "whitelist", "pubsub#max_items": "max" };
    const list = "urn:example:list";
    for (const id of ["one", "two"]) {
      await juliet.exchange(publication(list, `<item id='${id}'>${piece}</item>`, options(secret)), published);
    }
    await juliet.exchange(reading(juliets, list), read(list, "<item id='one'/><item id='two'/>"));
    await romeo.exchange(reading(juliets, list), refused("read", "not-allowed", "closed-node"));
    await juliet.exchange(
      publication(list, `<item id='three'>${piece}</item>`, options({ ...secret, "pubsub#access_model": "open" })),
      refused("publish", "conflict", "precondition-not-met"),
    );
  },
);

scenario("pep: others publish nothing here", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await connect("juliet@example.com/balcony");
  const request = publication(tune, `<item>${piece}</item>`).replace("<iq ", `<iq to='${juliets}' `);
  await romeo.exchange(
    request,
    "<iq type='error' id='publish'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("pep §7.2: a retracted item is gone, and those interested are told", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await interested(juliet, tune);
  await juliet.sends(publication(tune, `<item id='a'>${piece}</item>`));
  await juliet.receivesInAnyOrder(published, notified(juliets, tune, "<item id='a'/>"));
  const request = `<iq type='set' id='retract'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
    <retract node='${tune}' notify='true'><item id='a'/></retract></pubsub></iq>`;
  await juliet.sends(request);
  await juliet.receivesInAnyOrder("<iq type='result' id='retract'/>", notified(juliets, tune, "<retract id='a'/>"));
  await juliet.exchange(reading(juliets, tune), read(tune, ""));
  await juliet.exchange(
    request,
    "<iq type='error' id='retract'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("pep §6.5.4: pages of items", { skipOn: ["prosody"], why: "0.12 has no pages here" }, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const list = "urn:example:list";
  for (const id of ["a", "b", "c"]) {
    await juliet.exchange(
      publication(list, `<item id='${id}'>${piece}</item>`, options({ "pubsub#max_items": "max" })),
      published,
    );
  }
  const page = `<iq type='get' id='read'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${list}'/>
    <set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>a</after></set></pubsub></iq>`;
  await juliet.exchange(
    page,
    `<iq type='result' id='read'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
      <items node='${list}'><item id='b'/><item id='c'/></items>
      <set xmlns='http://jabber.org/protocol/rsm'><first index='1'>b</first><last>c</last><count>3</count></set></pubsub></iq>`,
  );
  const newest = await juliet.exchange(
    reading(juliets, list).replace("<items ", "<items max_items='1' "),
    read(list, "<item id='c'/>"),
  );
  assert.doesNotMatch(newest.toString(), /id=['"]b['"]/);
});

scenario("pep §8.2, §8.4: the owner configures and deletes", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`), published);
  const owner = "http://jabber.org/protocol/pubsub#owner";
  await juliet.exchange(
    `<iq type='get' id='form'><pubsub xmlns='${owner}'><configure node='${tune}'/></pubsub></iq>`,
    `<iq type='result' id='form'><pubsub xmlns='${owner}'><configure node='${tune}'><x xmlns='jabber:x:data' type='form'>
      <field var='pubsub#access_model'><value>presence</value></field></x></configure></pubsub></iq>`,
  );
  await juliet.exchange(
    `<iq type='set' id='open'><pubsub xmlns='${owner}'><configure node='${tune}'><x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field>
      <field var='pubsub#access_model'><value>open</value></field></x></configure></pubsub></iq>`,
    "<iq type='result' id='open'/>",
  );
  const nurse = await connect("nurse@example.com/kitchen");
  await nurse.exchange(reading(juliets, tune), read(tune, "<item id='a'/>"));
  await juliet.exchange(
    `<iq type='set' id='gone'><pubsub xmlns='${owner}'><delete node='${tune}'/></pubsub></iq>`,
    "<iq type='result' id='gone'/>",
  );
  await juliet.exchange(
    reading(juliets, tune),
    "<iq type='error' id='read'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("pep: somebody who is no contact subscribes to an open node", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await juliet.exchange(
    publication(tune, `<item id='a'>${piece}</item>`, options({ "pubsub#access_model": "open" })),
    published,
  );
  await nurse.sends(
    `<iq type='set' id='sub' to='${juliets}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
      <subscribe node='${tune}' jid='nurse@example.com'/></pubsub></iq>`,
  );
  await nurse.receivesInAnyOrder(
    `<iq type='result' id='sub'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
      <subscription node='${tune}' jid='nurse@example.com' subscription='subscribed'/></pubsub></iq>`,
    notified(juliets, tune, "<item id='a'/>"),
  );
  await juliet.exchange(publication(tune, `<item id='b'>${piece}</item>`), published);
  await nurse.receives(notified(juliets, tune, "<item id='b'/>"));
});

scenario("pep §5: what an account publishes can be found", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`), published);
  await juliet.exchange(
    `<iq type='get' id='info' to='${juliets}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    `<iq type='result' id='info'><query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='pubsub' type='pep'/>
      <feature var='http://jabber.org/protocol/pubsub#publish-options'/></query></iq>`,
  );
  await juliet.exchange(
    `<iq type='get' id='items' to='${juliets}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    `<iq type='result' id='items'><query xmlns='http://jabber.org/protocol/disco#items'>
      <item jid='${juliets}' node='${tune}'/></query></iq>`,
  );
});

scenario(
  "pep: what is too large, or too much, is refused and changes nothing",
  {
    settings: { pep: { "item-size": "100 B", "account-size": "150 B", nodes: 2 } },
    skipOn: ["prosody"],
    why: "has other limits",
  },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const item = (id: string, length: number) => `<item id='${id}'><a xmlns='urn:x'>${"x".repeat(length)}</a></item>`;
    const many = options({ "pubsub#max_items": "max" });
    await juliet.exchange(
      publication("n", item("1", 200), many),
      refused("publish", "not-acceptable", "payload-too-big"),
    );
    await juliet.exchange(publication("n", item("1", 60), many), published);
    await juliet.exchange(
      publication("n", item("2", 60), many),
      "<iq type='error' id='publish'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await juliet.exchange(publication("n", item("1", 70), many), published);
    await juliet.exchange(publication("o", "<item id='1'/>"), published);
    await juliet.exchange(
      publication("p", "<item id='1'/>"),
      refused("publish", "resource-constraint", "max-nodes-exceeded"),
    );
  },
);

scenario(
  "pep: what an account published goes with it",
  { skipOn: ["prosody"], why: "looks into our server" },
  async ({ connect, assembly }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange(publication("urn:xmpp:bookmarks:1", "<item id='room@example.com'/>"), published);
    await juliet.disconnect();
    const host = assembly.hosts.get("example.com")!;
    await host.hooks.fire(removing, { account: juliet.jid.bare });
    const again = await connect("juliet@example.com/balcony");
    await again.exchange(
      reading(juliets, "urn:xmpp:bookmarks:1"),
      "<iq type='error' id='read'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
  },
);
