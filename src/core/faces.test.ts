import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { parseText } from "#xml/parser.ts";
import { Faces } from "./faces.ts";

const faces = new Faces([{ name: "obs.example", aliases: ["jabber.obs.example", "é.obs.example"] }]);
const inward = (text: string) => faces.inward(parseText(text)).toString();
const outward = (text: string) => faces.outward(parseText(text), "jabber.obs.example").toString();

describe("faces of a domain", () => {
  test("addresses have one canonical form", () => {
    assert.equal(faces.canonical(Jid.parse("a@jabber.obs.example/x")).toString(), "a@obs.example/x");
    assert.equal(faces.canonical(Jid.parse("é.obs.example")).toString(), "obs.example");
    assert.equal(faces.canonical(Jid.parse("a@elsewhere.example")).toString(), "a@elsewhere.example");
    assert.equal(faces.shown(Jid.parse("a@obs.example/x"), "jabber.obs.example").toString(), "a@jabber.obs.example/x");
    assert.deepEqual(faces.aliases("obs.example"), ["jabber.obs.example", "é.obs.example"]);
  });

  const translated: readonly [alias: string, canonical: string][] = [
    ["<m to='a@jabber.obs.example/r/s'/>", "<m to='a@obs.example/r/s'/>"],
    [
      "<q><item jid='a@jabber.obs.example' name='jabber.obs.example'/></q>",
      "<q><item jid='a@obs.example' name='jabber.obs.example'/></q>",
    ],
    [
      "<m><f><m from='a@jabber.obs.example'><b>jabber.obs.example</b></m></f></m>",
      "<m><f><m from='a@obs.example'><b>jabber.obs.example</b></m></f></m>",
    ],
    [
      "<x xmlns='jabber:x:data'><field><value>a@jabber.obs.example</value><value>see jabber.obs.example</value></field></x>",
      "<x xmlns='jabber:x:data'><field><value>a@obs.example</value><value>see jabber.obs.example</value></field></x>",
    ],
    [
      "<p><items node='urn:xmpp:bookmarks:1'><item id='r@jabber.obs.example'><c id='a@jabber.obs.example'/></item></items></p>",
      "<p><items node='urn:xmpp:bookmarks:1'><item id='r@obs.example'><c id='a@jabber.obs.example'/></item></items></p>",
    ],
    [
      "<p><retract node='urn:xmpp:mds:displayed:0'><item id='r@jabber.obs.example'/></retract></p>",
      "<p><retract node='urn:xmpp:mds:displayed:0'><item id='r@obs.example'/></retract></p>",
    ],
    ["<m><d from='jabber.obs.example'/></m>", "<m><d from='obs.example'/></m>"],
  ];
  for (const [alias, canonical] of translated) {
    test(`in and out again: ${alias}`, () => {
      assert.equal(inward(alias), parseText(canonical).toString());
      assert.equal(outward(canonical), parseText(alias).toString());
    });
  }

  test("names that only resemble an alias are left alone", () => {
    const text =
      "<m to='a@x.jabber.obs.example' from='jabber.obs.example.evil.example'><i jid='jabber.obs.example@other.example'/></m>";
    assert.equal(inward(text), parseText(text).toString());
  });

  test("the ids of other items are no addresses", () => {
    const other = "<p><items node='urn:example:list'><item id='r@jabber.obs.example'/></items></p>";
    assert.equal(inward(other), parseText(other).toString());
  });

  test("upper case and names beyond ASCII are recognised", () => {
    assert.equal(inward("<m to='a@Jabber.Obs.Example'/>"), parseText("<m to='a@obs.example'/>").toString());
    assert.equal(inward("<m><i jid='a@é.obs.example'/></m>"), parseText("<m><i jid='a@obs.example'/></m>").toString());
  });

  test("what names no alias is the same element, not a copy", () => {
    const element = parseText("<m to='a@obs.example'><b>Hi</b></m>");
    assert.equal(faces.inward(element), element);
    assert.equal(new Faces([]).inward(element), element);
  });
});
