import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import { sourcing } from "./vcard.ts";

const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
const ours = { skipOn: ["prosody"], why: "ours alone" };
const hash = "a9993e364706816aba3e25717850c26c9cd0d89d"; // of "abc"
const photo = "<PHOTO><TYPE>image/png</TYPE><BINVAL>YWJj</BINVAL></PHOTO>";
const update = `<x xmlns='vcard-temp:x:update'><photo>${hash}</photo></x>`;

function set(content: string, to = ""): string {
  return `<iq type='set' id='v2' ${to && `to='${to}'`}><vCard xmlns='vcard-temp'>${content}</vCard></iq>`;
}

function get(to = ""): string {
  return `<iq type='get' id='v1' ${to && `to='${to}'`}><vCard xmlns='vcard-temp'/></iq>`;
}

function refused(id: string, condition: string, type: string): string {
  return `<iq type='error' id='${id}'><error type='${type}'><${condition} xmlns='${stanzaErrors}'/></error></iq>`;
}

/** The card of XEP-0054 §3.2, shortened. */
const stpeter = `<FN>Peter Saint-Andre</FN><N><FAMILY>Saint-Andre</FAMILY><GIVEN>Peter</GIVEN><MIDDLE/></N>
  <TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL><TEL><WORK/><FAX/><NUMBER/></TEL>
  <JABBERID>stpeter@jabber.org</JABBERID><DESC>Check out my blog at https://stpeter.im/</DESC>`;

const converts = { skipOn: ["prosody"], why: "it converts cards, and loses parts of them" };

scenario("vcard: one's own, set, read and replaced (XEP-0054 §3.1, §3.2)", converts, async ({ connect }) => {
  const peter = await connect("stpeter@example.com/roundabout");
  await peter.exchange(set(stpeter), "<iq type='result' id='v2'/>");
  await peter.exchange(get(), `<iq type='result' id='v1'><vCard xmlns='vcard-temp'>${stpeter}</vCard></iq>`);
  await peter.exchange(set("<FN>Peter</FN>"), "<iq type='result' id='v2'/>");
  const answer = await peter.exchange(
    get(),
    "<iq type='result' id='v1'><vCard xmlns='vcard-temp'><FN>Peter</FN></vCard></iq>",
  );
  assert.equal(answer.elements[0]!.elements.length, 1);
});

scenario("vcard: one that was never written is not found (§3.1)", ours, async ({ connect }) => {
  const peter = await connect("stpeter@example.com/roundabout");
  await peter.exchange(get(), refused("v1", "item-not-found", "cancel"));
});

scenario("vcard: anybody reads another's, whether connected or not (§3.3)", async ({ connect }) => {
  const jer = await connect("jer@example.com/x");
  const peter = await connect("stpeter@example.com/roundabout");
  await jer.exchange(set("<FN>JeremieMiller</FN>"), "<iq type='result'/>");
  const expected =
    "<iq type='result' from='jer@example.com' id='v1'><vCard xmlns='vcard-temp'><FN>JeremieMiller</FN></vCard></iq>";
  await peter.exchange(get("jer@example.com"), expected);
  await jer.disconnect();
  await peter.exchange(get("jer@example.com"), expected);
});

scenario("vcard: no card looks like no account (§3.3)", ours, async ({ connect, account }) => {
  const peter = await connect("stpeter@example.com/roundabout");
  await account("jer@example.com");
  const errors = [];
  for (const name of ["jer", "nobody"]) {
    const error = await peter.exchange(get(`${name}@example.com`), refused("v1", "service-unavailable", "cancel"));
    errors.push(error.toString().replaceAll(name, ""));
  }
  assert.equal(errors[0], errors[1]);
});

scenario("vcard: nobody changes another's, nor the server's (§3.2)", ours, async ({ connect }) => {
  const jer = await connect("jer@example.com/x");
  const peter = await connect("stpeter@example.com/roundabout");
  await jer.exchange(set("<FN>Jeremie</FN>"), "<iq type='result'/>");
  for (const to of ["jer@example.com", "example.com"]) {
    await peter.exchange(set("<FN>Peter</FN>", to), refused("v2", "forbidden", "auth"));
  }
  await jer.exchange(get(), "<iq type='result'><vCard xmlns='vcard-temp'><FN>Jeremie</FN></vCard></iq>");
});

scenario(
  "vcard: the server has its own",
  { ...ours, settings: { vcard: { name: "Observatoire", url: "https://example.com/", description: "Le service." } } },
  async ({ connect }) => {
    const peter = await connect("stpeter@example.com/roundabout");
    await peter.exchange(
      get("example.com"),
      `<iq type='result' from='example.com' id='v1'><vCard xmlns='vcard-temp'><FN>Observatoire</FN>
        <URL>https://example.com/</URL><DESC>Le service.</DESC><JABBERID>example.com</JABBERID></vCard></iq>`,
    );
  },
);

scenario(
  "vcard: a card that is too large is refused, and why",
  { ...ours, settings: { vcard: { size: "2 KiB" } } },
  async ({ connect }) => {
    const peter = await connect("stpeter@example.com/roundabout");
    await peter.exchange(
      set(`<PHOTO><BINVAL>${"A".repeat(2048)}</BINVAL></PHOTO>`),
      `<iq type='error' id='v2'><error type='modify'><not-acceptable xmlns='${stanzaErrors}'/>
      <text xmlns='${stanzaErrors}'>…at most 2 KiB…</text></error></iq>`,
    );
    await peter.exchange(get(), refused("v1", "item-not-found", "cancel"));
    await peter.exchange(set(`<PHOTO><BINVAL>${"A".repeat(1024)}</BINVAL></PHOTO>`), "<iq type='result'/>");
  },
);

scenario("vcard: it is advertised (§4)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    "<iq type='get' to='example.com' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='vcard-temp'/></query></iq>",
  );
});

/** Juliet with a photo, and what her own client is told of a presence she sends. */
async function withPhoto(connect: Stage["connect"]) {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(set(`<FN>Juliet</FN>${photo}`), "<iq type='result'/>");
  return juliet;
}

scenario(
  "avatars: presence of a client that knows nothing of them carries the hash (XEP-0153 §3.1)",
  ours,
  async ({ connect }) => {
    const juliet = await withPhoto(connect);
    await juliet.exchange("<presence/>", `<presence from='${juliet}'>${update}</presence>`);
    await juliet.exchange("<presence><show>away</show></presence>", `<presence><show>away</show>${update}</presence>`);
    // An empty <x/> leaves it to the server (§4.1 rule 2).
    const answer = await juliet.exchange(
      "<presence><x xmlns='vcard-temp:x:update'/></presence>",
      `<presence>${update}</presence>`,
    );
    assert.equal(answer.elements.filter((one) => one.ns === "vcard-temp:x:update").length, 1);
  },
);

scenario("avatars: what a client says itself stays", ours, async ({ connect }) => {
  const juliet = await withPhoto(connect);
  for (const said of ["<photo/>", "<photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo>"]) {
    const own = `<presence><x xmlns='vcard-temp:x:update'>${said}</x></presence>`;
    const answer = await juliet.exchange(own, own);
    assert.ok(!answer.toString().includes(hash));
  }
});

scenario("avatars: directed presence too", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await withPhoto(connect);
  await juliet.sends(`<presence to='${romeo}'/>`);
  await romeo.receives(`<presence from='${juliet}'>${update}</presence>`);
  await juliet.sends(`<presence type='unavailable' to='${romeo}'/>`);
  const gone = await romeo.receives(`<presence type='unavailable' from='${juliet}'/>`);
  assert.ok(!gone.toString().includes("vcard-temp"));
});

scenario(
  "avatars: a new photo is announced with the next presence, a removed one no more",
  ours,
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange(set(photo), "<iq type='result'/>");
    await juliet.receivesNothing();
    await juliet.exchange("<presence/>", `<presence>${update}</presence>`);
    await juliet.exchange(set(photo.replace("YWJj", "ZGVm")), "<iq type='result'/>");
    await juliet.exchange(
      "<presence/>",
      "<presence><x xmlns='vcard-temp:x:update'><photo>589c22335a381f122d129225f5c0ba3056ed5811</photo></x></presence>",
    );
    await juliet.exchange(set("<FN>Juliet</FN>"), "<iq type='result'/>");
    const answer = await juliet.exchange("<presence/>", `<presence from='${juliet}'/>`);
    assert.ok(!answer.toString().includes("vcard-temp"));
  },
);

scenario("avatars: known again after a new login", ours, async ({ connect }) => {
  const juliet = await withPhoto(connect);
  await juliet.disconnect();
  const again = await connect("juliet@example.com/balcony", { presence: false });
  await again.exchange("<presence/>", `<presence>${update}</presence>`);
});

scenario("vcard: what a directory knows goes before what people write", ours, async ({ connect, assembly }) => {
  const juliet = await withPhoto(connect);
  const field = (name: string) => tag("vcard-temp", name);
  assembly.hosts.get("example.com")!.hooks.on(sourcing, "amend", ({ account, fields }) => {
    if (account.local !== "juliet" && account.local !== "nurse") return;
    fields.push(field("FN")({}, "Juliet Capulet"));
    fields.push(field("PHOTO")({}, field("BINVAL")({}, "ZGVm")));
  });
  const answer = await juliet.exchange(
    get(),
    "<iq type='result'><vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard></iq>",
  );
  assert.equal(answer.elements[0]!.elements.length, 2);
  await juliet.exchange(set("<FN>J.</FN><NICKNAME>Jule</NICKNAME>"), "<iq type='result'/>");
  const changed = await juliet.exchange(
    get(),
    "<iq type='result'><vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN><NICKNAME>Jule</NICKNAME></vCard></iq>",
  );
  assert.ok(!changed.toString().includes("J."));
  await juliet.exchange(
    "<presence/>",
    "<presence><x xmlns='vcard-temp:x:update'><photo>589c22335a381f122d129225f5c0ba3056ed5811</photo></x></presence>",
  );
  // Somebody who has written nothing has a card all the same.
  const nurse = await connect("nurse@example.com/x");
  await nurse.exchange(get(), "<iq type='result'><vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard></iq>");
});

scenario("vcard: a card goes with its account, and its avatar", ours, async ({ connect, assembly }) => {
  const juliet = await withPhoto(connect);
  await juliet.disconnect();
  await assembly.hosts.get("example.com")!.fire(removing, { account: juliet.jid.bare });
  const again = await connect("juliet@example.com/balcony", { presence: false });
  await again.exchange(get(), refused("v1", "item-not-found", "cancel"));
  const answer = await again.exchange("<presence/>", `<presence from='${again}'/>`);
  assert.ok(!answer.toString().includes("vcard-temp"));
});
