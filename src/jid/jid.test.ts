import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Jid, JidError, type JidPart } from "./jid.ts";

/** The parts an address must have, in its prepared form. */
type Parts = readonly [local: string, domain: string, resource: string];

// RFC 7622 §3.5, table 1.
const valid: readonly (readonly [string, Parts])[] = [
  ["juliet@example.com", ["juliet", "example.com", ""]],
  ["juliet@example.com/foo", ["juliet", "example.com", "foo"]],
  ["juliet@example.com/foo bar", ["juliet", "example.com", "foo bar"]],
  ["juliet@example.com/foo@bar", ["juliet", "example.com", "foo@bar"]],
  ["foo\\20bar@example.com", ["foo\\20bar", "example.com", ""]],
  ["fussball@example.com", ["fussball", "example.com", ""]],
  ["fu\u00DFball@example.com", ["fu\u00DFball", "example.com", ""]],
  ["\u03C0@example.com", ["\u03C0", "example.com", ""]],
  ["\u03A3@example.com/foo", ["\u03C3", "example.com", "foo"]],
  ["\u03C3@example.com/foo", ["\u03C3", "example.com", "foo"]],
  ["\u03C2@example.com/foo", ["\u03C2", "example.com", "foo"]],
  ["king@example.com/\u265A", ["king", "example.com", "\u265A"]],
  ["example.com", ["", "example.com", ""]],
  ["example.com/foobar", ["", "example.com", "foobar"]],
  ["a.example.com/b@example.net", ["", "a.example.com", "b@example.net"]],
];

// RFC 7622 §3.5, table 2.
const invalid: readonly (readonly [string, JidPart])[] = [
  ['"juliet"@example.com', "local"],
  ["foo bar@example.com", "local"],
  ["juliet@example.com/ foo", "resource"],
  ["@example.com/", "local"],
  ["henry\u2163@example.com", "local"],
  ["\u265A@example.com", "local"],
  ["juliet@", "domain"],
  ["/foobar", "domain"],
];

function partsOf(jid: Jid): Parts {
  return [jid.local, jid.domain, jid.resource];
}

function refuses(text: string, part: JidPart): void {
  assert.throws(
    () => Jid.parse(text),
    (error) => error instanceof JidError && error.part === part,
    JSON.stringify(text),
  );
}

describe("the examples of RFC 7622", () => {
  for (const [text, parts] of valid) {
    test(`takes ${text}`, () => assert.deepEqual(partsOf(Jid.parse(text)), parts));
  }
  for (const [text, part] of invalid) {
    test(`refuses ${text}`, () => refuses(text, part));
  }
});
