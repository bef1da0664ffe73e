import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { befriend } from "#features/presence/people.fixture.ts";
import { interested, passing, publication, read, reading } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const picture = Buffer.from("a picture, for want of a better one");
const text = picture.toString("base64");
const hash = createHash("sha1").update(picture).digest("hex");
const juliets = "juliet@example.com";
const data = `<item id='${hash}'><data xmlns='urn:xmpp:avatar:data'>${text}</data></item>`;
const info = `<info id='${hash}' type='image/png' bytes='${picture.length}'/>`;
const metadata = `<item id='${hash}'><metadata xmlns='urn:xmpp:avatar:metadata'>${info}</metadata></item>`;
const photo = `<PHOTO><TYPE>image/png</TYPE><BINVAL>${text}</BINVAL></PHOTO>`;
const published = "<iq type='result' id='publish'/>";
const getCard = "<iq type='get' id='card'><vCard xmlns='vcard-temp'/></iq>";
const ours = { skipOn: ["prosody"], why: "0.12 converts with another module" };

scenario("avatars: XEP-0398 §3.1, what is published is in the vCard and in presence", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await befriend(romeo, juliet);
  await juliet.exchange(publication("urn:xmpp:avatar:data", data), published);
  await juliet.exchange(publication("urn:xmpp:avatar:metadata", metadata), published);
  await juliet.settles();
  await juliet.exchange(getCard, `<iq type='result' id='card'><vCard xmlns='vcard-temp'>${photo}</vCard></iq>`);
  await juliet.sends("<presence/>");
  await romeo.receives(
    `<presence from='${juliet}'><x xmlns='vcard-temp:x:update'><photo>${hash}</photo></x></presence>`,
  );
  const empty = "<item id='x'><metadata xmlns='urn:xmpp:avatar:metadata'/></item>";
  await juliet.exchange(publication("urn:xmpp:avatar:metadata", empty), published);
  await juliet.settles();
  const card = await juliet.exchange(getCard, "<iq type='result' id='card'><vCard xmlns='vcard-temp'/></iq>");
  assert.ok(!card.toString().includes("PHOTO"));
});

scenario("avatars: XEP-0398 §3.2, a photo in the vCard is published, once", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const phone = await connect("juliet@example.com/phone", { presence: false });
  await interested(phone, "urn:xmpp:avatar:metadata");
  for (const id of ["one", "two"]) {
    await juliet.exchange(
      `<iq type='set' id='${id}'><vCard xmlns='vcard-temp'><FN>Juliet</FN>${photo}</vCard></iq>`,
      `<iq type='result' id='${id}'/>`,
    );
  }
  assert.ok((await passing(phone, "presence")).toString().includes(hash));
  await phone.receivesNothing();
  await phone.exchange(reading(juliets, "urn:xmpp:avatar:data"), read("urn:xmpp:avatar:data", data));
});

scenario("avatars: data that is not what it says is not believed", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const forged = data.replace(text, Buffer.from("something else").toString("base64"));
  await juliet.exchange(publication("urn:xmpp:avatar:data", forged), published);
  await juliet.exchange(publication("urn:xmpp:avatar:metadata", metadata), published);
  await juliet.settles();
  await juliet.exchange(getCard, "<iq type='error' id='card'/>");
});

scenario(
  "avatars: a photo that cannot be published is kept in the vCard all the same",
  { ...ours, settings: { pep: { "item-size": "10 B" } } },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange(
      `<iq type='set' id='set'><vCard xmlns='vcard-temp'><FN>Juliet</FN>${photo}</vCard></iq>`,
      "<iq type='result' id='set'/>",
    );
    await juliet.exchange(getCard, `<iq type='result' id='card'><vCard xmlns='vcard-temp'>${photo}</vCard></iq>`);
  },
);
