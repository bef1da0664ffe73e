import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { removing } from "#core/account.ts";
import { interested, options, publication, read, reading, refused } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const tune = "http://jabber.org/protocol/tune";
const piece = "<tune xmlns='http://jabber.org/protocol/tune'><artist>Gerald Finzi</artist></tune>";
const published = "<iq type='result' id='publish'/>";
const juliets = "juliet@example.com";

scenario(
  "pep §6.1: nobody takes all the subscriptions of a node, nor makes one publication go out a thousand times",
  { skipOn: ["prosody"], why: "it has no such limit" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const nurse = await connect("nurse@example.com/kitchen");
    await juliet.exchange(
      publication(tune, `<item id='a'>${piece}</item>`, options({ "pubsub#access_model": "open" })),
      published,
    );
    const subscribing = (resource: number) =>
      `<iq type='set' id='sub' to='${juliets}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
        <subscribe node='${tune}' jid='nurse@example.com/${resource}'/></pubsub></iq>`;
    for (let number = 0; number < 10; number++) {
      await nurse.exchange(subscribing(number), "<iq type='result' id='sub'/>");
    }
    await nurse.exchange(
      subscribing(10),
      "<iq type='error' id='sub'><error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await nurse.exchange(subscribing(3), "<iq type='result' id='sub'/>");
  },
);

scenario(
  "pep §16.4.4: an item whose time is over is shown to nobody",
  { skipOn: ["prosody"], why: "0.12 keeps items for ever" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const brief = options({ "pubsub#item_expire": "1", "pubsub#max_items": "max" });
    await juliet.exchange(publication(tune, `<item id='a'>${piece}</item>`, brief), published);
    await juliet.exchange(reading(juliets, tune), read(tune, "<item id='a'/>"));
    await setTimeout(1100);
    for (const inside of ["", "<item id='a'/>"]) {
      const items = await juliet.exchange(reading(juliets, tune, inside), read(tune, ""));
      assert.doesNotMatch(items.toString(), /<item /);
    }
    const list = await juliet.exchange(
      `<iq type='get' id='list' to='${juliets}'><query xmlns='http://jabber.org/protocol/disco#items' node='${tune}'/></iq>`,
      "<iq type='result' id='list'/>",
    );
    assert.doesNotMatch(list.toString(), /<item /);
    await interested(juliet, tune);
    await juliet.receivesNothing();
  },
);

scenario(
  "pep §7.1.5: as many items as the server allows is one condition, however it is written",
  { skipOn: ["prosody"], why: "it compares the texts" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const many = (text: string) => options({ "pubsub#max_items": text });
    await juliet.exchange(publication("n", "<item id='1'/>", many("max")), published);
    await juliet.exchange(publication("n", "<item id='2'/>", many("10000000")), published);
    const conflict = refused("publish", "conflict", "precondition-not-met");
    await juliet.exchange(publication("n", "<item id='3'/>", many("3")), conflict);
    const unknown = options({ "pubsub#access_model": "authorize" });
    await juliet.exchange(publication("n", "<item id='3'/>", unknown), conflict);
    await juliet.exchange(publication("new", "<item id='3'/>", unknown), conflict);
  },
);

scenario(
  "pep: whoever gets the address of somebody who is gone inherits nothing of others",
  { skipOn: ["prosody"], why: "looks into our server" },
  async ({ connect, assembly }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const nurse = await connect("o_nurse\\27s@example.com/kitchen");
    await connect("oxnurse\\27s@example.com/kitchen");
    await juliet.exchange(
      publication(tune, `<item id='a'>${piece}</item>`, options({ "pubsub#access_model": "whitelist" })),
      published,
    );
    const owner = "http://jabber.org/protocol/pubsub#owner";
    await juliet.exchange(
      `<iq type='set' id='set'><pubsub xmlns='${owner}'><affiliations node='${tune}'>
        <affiliation jid='${nurse.jid.bare}' affiliation='member'/>
        <affiliation jid='${nurse.jid.bare.toString().replace("_", "x")}' affiliation='member'/></affiliations></pubsub></iq>`,
      "<iq type='result' id='set'/>",
    );
    await nurse.exchange(
      `<iq type='set' id='sub' to='${juliets}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
        <subscribe node='${tune}' jid='${nurse}'/></pubsub></iq>`,
      "<iq type='result' id='sub'/>",
    );
    await nurse.disconnect();
    await assembly.hosts.get("example.com")!.hooks.fire(removing, { account: nurse.jid.bare });
    for (const what of ["subscriptions", "affiliations"]) {
      const left = await juliet.exchange(
        `<iq type='get' id='get'><pubsub xmlns='${owner}'><${what} node='${tune}'/></pubsub></iq>`,
        "<iq type='result' id='get'/>",
      );
      assert.ok(!left.toString().includes("o_nurse"), left.toString());
      assert.equal(left.toString().includes("oxnurse"), what === "affiliations");
    }
  },
);
