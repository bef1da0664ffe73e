import assert from "node:assert/strict";
import { test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { nameOf, nickKey, readNick } from "./names.ts";

function refusal(resource: string): string | undefined {
  try {
    readNick(resource, 16);
  } catch (problem) {
    assert.ok(problem instanceof StanzaError);
    return problem.condition;
  }
  return undefined;
}

test("nicknames are shown in normal form and compared without case (RFC 8266)", () => {
  assert.deepEqual(readNick(" Tante  Élise ", 64), { text: "Tante Élise", key: "tante élise" });
  assert.equal(nickKey("ＲＯＭＥＯ"), nickKey("romeo"));
  assert.notEqual(nickKey("Romeo"), nickKey("Roméo"));
});

test("§17.1: a nickname of spaces is none; one that is too long is refused", () => {
  assert.equal(refusal(" "), "jid-malformed");
  assert.equal(refusal("x".repeat(17)), "not-acceptable");
  assert.equal(refusal("x".repeat(16)), undefined);
  assert.equal(nickKey(" "), "");
});

test("a room without a name is called by its address (XEP-0106)", () => {
  assert.equal(nameOf(Jid.parse("salle\\20de\\20thé@conference.example.com")), "salle de thé");
});
