import assert from "node:assert/strict";
import { interested, notified, read, reading } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const node = "urn:xmpp:mds:displayed:0";
const state =
  "<displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='s1'/></displayed>";
const ours = { skipOn: ["prosody"], why: "0.12 does not assist" };

scenario("displayed §4.5.3: a marker says it to one's other clients, too", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber", { presence: false });
  await interested(chamber, node);
  await balcony.sends(
    `<message to='romeo@example.com'><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>${state}</message>`,
  );
  const marker = await romeo.receives(
    "<message from='juliet@example.com/balcony'><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>",
  );
  assert.doesNotMatch(marker.toString(), /mds/);
  await chamber.receives(notified("juliet@example.com", node, `<item id='romeo@example.com'>${state}</item>`));
  await balcony.exchange(
    reading("juliet@example.com", node),
    read(node, `<item id='romeo@example.com'>${state}</item>`),
  );
});

scenario("displayed §5.2: a node that is made so is nobody else's business", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony");
  await balcony.sends(`<message to='romeo@example.com'><body>Read.</body>${state}</message>`);
  await romeo.receives("<message><body>Read.</body></message>");
  await balcony.exchange(
    reading("juliet@example.com", node),
    read(node, `<item id='romeo@example.com'>${state}</item>`),
  );
  await romeo.exchange(
    reading("juliet@example.com", node),
    "<iq type='error' id='read'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("displayed: states of many conversations are kept", ours, async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony");
  for (const name of ["romeo", "nurse", "tybalt"]) {
    await connect(`${name}@example.com/somewhere`);
    await balcony.sends(
      `<message to='${name}@example.com'><received xmlns='urn:xmpp:receipts' id='x'/>${state}</message>`,
    );
  }
  await balcony.settles();
  await balcony.exchange(
    reading("juliet@example.com", node),
    read(node, ["romeo", "nurse", "tybalt"].map((name) => `<item id='${name}@example.com'>${state}</item>`).join("")),
  );
});
