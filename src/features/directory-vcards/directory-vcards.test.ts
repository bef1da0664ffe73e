import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MemoryPeople, type MemoryPerson } from "#test/harness/people.ts";
import { type ScenarioOptions, scenario } from "#test/harness/scenario.ts";
import { type Element, tag } from "#xml/element.ts";

const errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
const portrait = Buffer.from("a portrait");

const elodie: MemoryPerson = {
  user: "egarcia",
  displayName: "Élodie García",
  givenName: "Élodie",
  familyName: "García",
  mail: ["elodie.garcia@example.com", "eg@example.com"],
  phones: [
    { kind: "work", number: "+33 1 00 00 00 00" },
    { kind: "mobile", number: "+33 6 00 00 00 00" },
  ],
  organisation: "Observatoire",
  unit: "Étoiles",
  title: "Astronome",
  room: "B 12",
  photo: { type: "image/jpeg", data: portrait },
};
const marguerite: MemoryPerson = { user: "mduras", displayName: "Marguerite Duras", mail: [], hidden: true };

function options(people: MemoryPeople, cards: Record<string, unknown> = {}): ScenarioOptions {
  return {
    people: { "example.com": people },
    settings: { "directory-vcards": cards },
    skipOn: ["prosody"],
    why: "it has no directory",
  };
}

const get = (to = "") => `<iq type='get' id='g' ${to && `to='${to}@example.com'`}><vCard xmlns='vcard-temp'/></iq>`;
const set = (content: string) => `<iq type='set' id='s'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`;
const card = (content: string) => `<iq type='result' id='g'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`;
const nothing = `<iq type='error' id='g'><error type='cancel'><service-unavailable xmlns='${errors}'/></error></iq>`;
const done = "<iq type='result' id='s'/>";

function hashOf(data: Uint8Array): string {
  return createHash("sha1").update(data).digest("hex");
}

function update(data: Uint8Array): string {
  return `<presence><x xmlns='vcard-temp:x:update'><photo>${hashOf(data)}</photo></x></presence>`;
}

function fieldsNamed(answer: Element, name: string): readonly Element[] {
  return answer.elements[0]!.all(tag("vcard-temp", name));
}

scenario(
  "cards: what the directory knows, without anybody having typed it",
  options(new MemoryPeople([elodie])),
  async (stage) => {
    await stage.account("egarcia@example.com");
    const paul = await stage.connect("paul@example.com/x");
    const answer = await paul.exchange(
      get("egarcia"),
      card(`<FN>Élodie García</FN><N><FAMILY>García</FAMILY><GIVEN>Élodie</GIVEN></N>
      <EMAIL><INTERNET/><PREF/><USERID>elodie.garcia@example.com</USERID></EMAIL>
      <EMAIL><INTERNET/><USERID>eg@example.com</USERID></EMAIL>
      <TEL><WORK/><VOICE/><NUMBER>+33 1 00 00 00 00</NUMBER></TEL>
      <TEL><WORK/><CELL/><NUMBER>+33 6 00 00 00 00</NUMBER></TEL>
      <ORG><ORGNAME>Observatoire</ORGNAME><ORGUNIT>Étoiles</ORGUNIT></ORG>
      <TITLE>Astronome</TITLE><ADR><WORK/><EXTADD>B 12</EXTADD></ADR>
      <PHOTO><TYPE>image/jpeg</TYPE><BINVAL>${portrait.toString("base64")}</BINVAL></PHOTO>`),
    );
    assert.equal(fieldsNamed(answer, "EMAIL").length, 2);
    // Somebody the directory does not know has what was written.
    await paul.exchange(get(), `<iq type='error' id='g'><error><item-not-found xmlns='${errors}'/></error></iq>`);
    await paul.exchange(set("<FN>Paul</FN><TITLE>King</TITLE>"), done);
    await paul.exchange(get(), card("<FN>Paul</FN><TITLE>King</TITLE>"));
  },
);

scenario(
  "cards: people change some fields, the directory keeps the others",
  options(new MemoryPeople([elodie])),
  async (stage) => {
    const anne = await stage.connect("egarcia@example.com/x");
    const written = "<FN>Lolo</FN><TITLE>Reine</TITLE><ROLE>Reine</ROLE><TEL><NUMBER>1</NUMBER></TEL>";
    const photo = "<PHOTO><BINVAL>YWJj</BINVAL></PHOTO>";
    await anne.exchange(set(`${written}<NICKNAME>Lolo</NICKNAME><DESC>Salut</DESC><URL>http://x/</URL>${photo}`), done);
    const answer = await anne.exchange(
      get(),
      card(`<FN>Élodie García</FN><TITLE>Astronome</TITLE><NICKNAME>Lolo</NICKNAME><DESC>Salut</DESC>
      <URL>http://x/</URL>${photo}`),
    );
    for (const name of ["FN", "TITLE", "PHOTO"]) assert.equal(fieldsNamed(answer, name).length, 1, name);
    assert.equal(fieldsNamed(answer, "TEL").length, 2);
    assert.equal(fieldsNamed(answer, "ROLE").length, 0);
  },
);

scenario(
  "cards: which fields, the operator decides",
  options(new MemoryPeople([elodie]), { editable: ["TITLE", "ROLE"] }),
  async (stage) => {
    const anne = await stage.connect("egarcia@example.com/x");
    await anne.exchange(set("<TITLE>Reine</TITLE><ROLE>Reine</ROLE><DESC>Salut</DESC>"), done);
    const answer = await anne.exchange(get(), card("<TITLE>Reine</TITLE><ROLE>Reine</ROLE>"));
    assert.equal(fieldsNamed(answer, "TITLE").length, 1);
    assert.equal(fieldsNamed(answer, "DESC").length, 0);
  },
);

scenario(
  "cards: a field that a client leaves empty is the directory's",
  options(new MemoryPeople([elodie])),
  async (stage) => {
    const anne = await stage.connect("egarcia@example.com/x");
    await anne.exchange(set("<PHOTO><BINVAL> </BINVAL></PHOTO>"), done);
    const answer = await anne.exchange(get(), card("<PHOTO><TYPE>image/jpeg</TYPE></PHOTO>"));
    assert.equal(fieldsNamed(answer, "PHOTO").length, 1);
  },
);

scenario(
  "avatars: the directory's photo is announced, then one's own",
  options(new MemoryPeople([elodie])),
  async (stage) => {
    const anne = await stage.connect("egarcia@example.com/x", { presence: false });
    await anne.exchange("<presence/>", update(portrait));
    await anne.exchange(set("<PHOTO><BINVAL>YWJj</BINVAL></PHOTO>"), done);
    await anne.exchange("<presence/>", update(Buffer.from("abc")));
  },
);

scenario(
  "cards: a photo beyond the limit is left out",
  options(new MemoryPeople([elodie]), { "photo-size": "9 B" }),
  async (stage) => {
    const anne = await stage.connect("egarcia@example.com/x");
    const answer = await anne.exchange(get(), card("<FN>Élodie García</FN>"));
    assert.equal(fieldsNamed(answer, "PHOTO").length, 0);
  },
);

const changing = new MemoryPeople([elodie]);
scenario("cards: asked once, and anew after the directory has changed", options(changing), async (stage) => {
  await stage.account("egarcia@example.com");
  const paul = await stage.connect("paul@example.com/x");
  await paul.exchange(get("egarcia"), card("<TITLE>Astronome</TITLE>"));
  const { find, photo } = changing.asked;
  await paul.exchange(get("egarcia"), card("<TITLE>Astronome</TITLE>"));
  assert.deepEqual([changing.asked.find, changing.asked.photo], [find, photo]);
  const anne = await stage.connect("egarcia@example.com/x", { presence: false });
  await anne.exchange("<presence/>", update(portrait));
  const other = Buffer.from("another portrait");
  changing.change({ persons: [{ ...elodie, title: "Directrice", photo: { type: "image/png", data: other } }] });
  await paul.exchange(get("egarcia"), card("<TITLE>Directrice</TITLE><PHOTO><TYPE>image/png</TYPE></PHOTO>"));
  await anne.exchange("<presence/>", update(other));
  changing.change({ ended: ["egarcia"] });
  await paul.exchange(get("egarcia"), nothing);
});

const failing = new MemoryPeople([elodie]);
scenario("cards: while the directory is down, what the person wrote", options(failing), async (stage) => {
  failing.fail = true;
  const anne = await stage.connect("egarcia@example.com/x");
  const paul = await stage.connect("paul@example.com/x");
  await anne.exchange(set("<NICKNAME>Lolo</NICKNAME>"), done);
  const answer = await paul.exchange(get("egarcia"), card("<NICKNAME>Lolo</NICKNAME>"));
  assert.equal(fieldsNamed(answer, "FN").length, 0);
  const shown = await anne.exchange("<presence/>", "<presence/>");
  assert.ok(!shown.toString().includes("vcard-temp"));
});

const lost = new MemoryPeople([elodie]);
scenario("cards: what is known of the directory outlives its failure", options(lost), async (stage) => {
  await stage.account("egarcia@example.com");
  const paul = await stage.connect("paul@example.com/x");
  await paul.exchange(get("egarcia"), card("<TITLE>Astronome</TITLE>"));
  lost.fail = true;
  await paul.exchange(get("egarcia"), card("<TITLE>Astronome</TITLE>"));
});

scenario(
  "cards: hidden people show theirs to themselves and to contacts",
  options(new MemoryPeople([marguerite])),
  async (stage) => {
    const hidden = await stage.connect("mduras@example.com/x");
    const paul = await stage.connect("paul@example.com/x");
    const zoe = await stage.connect("zoe@example.com/x");
    await hidden.exchange(set("<NICKNAME>M.</NICKNAME>"), done);
    await hidden.exchange(get(), card("<FN>Marguerite Duras</FN><NICKNAME>M.</NICKNAME>"));
    for (const stranger of [paul, zoe]) await stranger.exchange(get("mduras"), nothing);
    await paul.sends("<presence to='mduras@example.com' type='subscribe'/>");
    await hidden.receives("<presence type='subscribe'/>");
    await hidden.sends("<presence to='paul@example.com' type='subscribed'/>");
    await paul.receives("<presence from='mduras@example.com/x'/>");
    await paul.exchange(get("mduras"), card("<FN>Marguerite Duras</FN><NICKNAME>M.</NICKNAME>"));
    await zoe.exchange(get("mduras"), nothing);
  },
);
