import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { parseText } from "#xml/parser.ts";
import { type Condition, conditions, readError, StanzaError } from "./error.ts";
import { Stanza } from "./stanza.ts";

const iq = Stanza.of(
  "iq",
  parseText("<iq xmlns='jabber:client' type='get' id='1' xml:lang='fr-FR'><x xmlns='urn:x'/></iq>"),
  Jid.parse("romeo@example.com/orchard"),
  Jid.parse("example.com"),
);

describe("stanza errors", () => {
  for (const condition of Object.keys(conditions) as Condition[]) {
    test(`${condition} explains itself in French and English`, () => {
      const error = new StanzaError(condition);
      for (const lang of ["fr", "en"]) {
        const element = error.toElement(lang);
        assert.equal(element.attrs.type, conditions[condition]);
        assert.equal(element.elements[0]?.name, condition);
        assert.equal(element.elements[1]?.attrs["xml:lang"], lang);
        assert.ok((element.elements[1]?.text.length ?? 0) > 10);
      }
      assert.notEqual(error.toElement("fr").elements[1]?.text, error.toElement("en").elements[1]?.text);
    });
  }

  test("the answer goes back with its id, in the language of the question", () => {
    const answer = iq.error(new StanzaError("forbidden", { en: "No.", fr: "Non." })).element;
    assert.deepEqual(
      { ...answer.attrs },
      { type: "error", id: "1", from: "example.com", to: "romeo@example.com/orchard" },
    );
    assert.equal(answer.elements[0]?.elements[1]?.text, "Non.");
  });

  test("a language that is not ours gets English", () => {
    assert.equal(new StanzaError("forbidden", { en: "No.", fr: "Non." }).toElement("de").elements[1]?.text, "No.");
    assert.equal(new StanzaError("forbidden", { en: "No.", fr: "Non." }).toElement("frr").elements[1]?.text, "No.");
  });

  test("type, detail, address and author are written where they are given", () => {
    const element = new StanzaError("gone", undefined, {
      type: "wait",
      uri: "xmpp:a@b",
      by: "c",
      detail: parseText("<d xmlns='urn:d'/>"),
    }).toElement();
    assert.equal(element.attrs.type, "wait");
    assert.equal(element.attrs.by, "c");
    assert.equal(element.elements[0]?.text, "xmpp:a@b");
    assert.equal(element.elements.at(-1)?.ns, "urn:d");
  });

  test("an error that came back is read; nonsense is an undefined condition", () => {
    const read = readError(iq.error(new StanzaError("conflict")).element);
    assert.equal(read.condition, "conflict");
    assert.equal(readError(parseText("<iq xmlns='jabber:client' type='error'/>")).condition, "undefined-condition");
    assert.equal(
      readError(
        parseText(
          "<iq xmlns='jabber:client'><error><constructor xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        ),
      ).condition,
      "undefined-condition",
    );
  });
});
