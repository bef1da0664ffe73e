import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  nickname,
  nicknameKey,
  opaqueString,
  PrecisError,
  usernameCaseMapped,
  usernameCasePreserved,
  widthMapped,
} from "./precis.ts";

type Profile = (text: string) => string;
type Row = readonly [given: string, result: string | undefined];

/** Each row is a text and what the profile makes of it, `undefined` if the profile refuses it. */
function table(name: string, profile: Profile, rows: readonly Row[]): void {
  describe(name, () => {
    for (const [given, result] of rows) {
      test(JSON.stringify(given), () => {
        if (result === undefined) assert.throws(() => profile(given), PrecisError);
        else assert.equal(profile(given), result);
      });
    }
  });
}

// RFC 8265 §3.5, and what its rules imply.
table("UsernameCaseMapped", usernameCaseMapped, [
  ["juliet@example.com", "juliet@example.com"],
  ["fussball", "fussball"],
  ["fu\u00DFball", "fu\u00DFball"],
  ["\u03C0", "\u03C0"],
  ["\u03A3", "\u03C3"],
  ["\u03C3", "\u03C3"],
  ["\u03C2", "\u03C2"],
  ["foo bar", undefined],
  ["", undefined],
  ["henry\u2163", undefined],
  ["\u221E", undefined],
  ["Juliet", "juliet"],
  ["\u039F\u0394\u03A5\u03A3\u03A3\u0395\u03A5\u03A3", "\u03BF\u03B4\u03C5\u03C3\u03C3\u03B5\u03C5\u03C2"],
  ["\uFF2A\uFF55\uFF4C\uFF49\uFF45\uFF54", "juliet"],
  ["\uFF76\uFF9E", "\u30AC"],
  ["e\u0301", "\u00E9"],
  ["E\u0301", "\u00E9"],
  ["\u0130", "i\u0307"],
  ["\u7BA1\u91CE", "\u7BA1\u91CE"],
  // A ligature, a kelvin sign and an angstrom sign have compatibility or singleton forms.
  ["\uFB00", undefined],
  ["\u212A", undefined],
  ["\u212B", undefined],
  ["a\u3000b", undefined],
  ["a\u00A0b", undefined],
  ["a\u00ADb", undefined],
  ["a\u200Bb", undefined],
  ["a\u0000", undefined],
  ["a\u007F", undefined],
  ["\uE000", undefined],
  ["\uFFFE", undefined],
  ["\u{1F40E}", undefined],
  ["\uAC00", "\uAC00"],
  ["\u1100\u1161", undefined],
  ["\u0378", undefined],
  ["\uD800", undefined],
  ["a\uDC00b", undefined],
]);

table("UsernameCasePreserved", usernameCasePreserved, [
  ["Juliet", "Juliet"],
  ["\u03A3", "\u03A3"],
  ["\u00C9", "\u00C9"],
  ["E\u0301", "\u00C9"],
  ["\uFF2A", "J"],
  ["foo bar", undefined],
  ["", undefined],
  ["\u2163", undefined],
]);

// RFC 8265 §4.3.
table("OpaqueString", opaqueString, [
  ["correct horse battery staple", "correct horse battery staple"],
  ["Correct Horse Battery Staple", "Correct Horse Battery Staple"],
  ["\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5"],
  ["Jack of \u2666s", "Jack of \u2666s"],
  ["foo\u1680bar", "foo bar"],
  ["", undefined],
  ["my cat is a \tby", undefined],
  [" ", " "],
  ["\u3000", " "],
  ["e\u0301", "\u00E9"],
  ["\u2163", "\u2163"],
  ["\uFF2A", "\uFF2A"],
  ["\u212B", "\u00C5"],
  ["\u{1F40E}", "\u{1F40E}"],
  ["\u{1F469}\u200D\u{1F680}", undefined],
  ["a\u0000", undefined],
  ["a\nb", undefined],
  ["a\u200Bb", undefined],
  ["a\u202Eb", undefined],
  ["\u1100\u1161", undefined],
  ["\uE000", undefined],
  ["\u0640", undefined],
  ["\uD800", undefined],
]);

// RFC 8266 §3.
table("Nickname, for display", nickname, [
  ["Foo", "Foo"],
  ["foo", "foo"],
  ["Foo Bar", "Foo Bar"],
  ["  Foo   Bar  ", "Foo Bar"],
  ["\u3000Foo\u00A0\u2003Bar", "Foo Bar"],
  ["\u03A3", "\u03A3"],
  ["\u265A", "\u265A"],
  ["Richard \u2163", "Richard IV"],
  // NFKC gives a space, which the second round trims.
  ["\u00A8a", "\u0308a"],
  ["", undefined],
  ["   ", undefined],
  ["a\tb", undefined],
  ["\uAC00", "\uAC00"],
  ["\u1100\u1161", undefined],
]);

table("Nickname, for comparison", nicknameKey, [
  ["Foo", "foo"],
  ["foo", "foo"],
  ["Foo Bar", "foo bar"],
  ["foo bar", "foo bar"],
  ["\u03A3", "\u03C3"],
  ["\u03C3", "\u03C3"],
  ["\u03C2", "\u03C2"],
  ["\u265A", "\u265A"],
  ["Richard \u2163", "richard iv"],
  ["\u2003Swan  of   Avon ", "swan of avon"],
  ["", undefined],
]);

// RFC 5893 §2, through the profile that applies it.
table("the Bidi Rule", usernameCaseMapped, [
  ["\u05D0\u05D1", "\u05D0\u05D1"],
  ["\u0627\u0628\u064F", "\u0627\u0628\u064F"],
  ["\u05D01", "\u05D01"],
  ["\u05D0-\u05D1", "\u05D0-\u05D1"],
  ["\u0627\u0661", "\u0627\u0661"],
  ["\u06271", "\u06271"],
  ["1\u05D0", undefined],
  ["a\u05D0", undefined],
  ["\u05D0a", undefined],
  ["\u05D0a\u05D1", undefined],
  ["\u05D0-", undefined],
  ["-\u05D0", undefined],
  ["\u064F\u0627", undefined],
  ["\u0661", undefined],
  ["a\u0661", undefined],
  ["\u0627\u06611", undefined],
  ["a1-", "a1-"],
  ["\u0300a", "\u0300a"],
]);

// RFC 5892 appendix A.
table("the contextual rules", usernameCaseMapped, [
  // A.1, zero width non-joiner: after a virama, or between letters that join.
  ["\u0915\u094D\u200C\u0937", "\u0915\u094D\u200C\u0937"],
  ["\u0628\u200C\u0628", "\u0628\u200C\u0628"],
  ["\u0628\u064F\u200C\u064F\u0627", "\u0628\u064F\u200C\u064F\u0627"],
  ["\u0627\u200C\u0628", undefined],
  ["\u0628\u200C", undefined],
  ["\u200C\u0628", undefined],
  ["a\u200Cb", undefined],
  ["\u0628\u200C\u200C\u0628", undefined],
  // A.2, zero width joiner: after a virama.
  ["\u0915\u094D\u200D\u0937", "\u0915\u094D\u200D\u0937"],
  ["\u0915\u200D\u0937", undefined],
  ["\u200D", undefined],
  // A.3, middle dot: between two l.
  ["col\u00B7lega", "col\u00B7lega"],
  ["COL\u00B7LEGA", "col\u00B7lega"],
  ["co\u00B7lega", undefined],
  ["l\u00B7", undefined],
  ["\u00B7l", undefined],
  // A.4, Greek keraia: before Greek.
  ["\u0375\u03B1", "\u0375\u03B1"],
  ["\u0375a", undefined],
  ["\u03B1\u0375", undefined],
  // A.5 and A.6, geresh and gershayim: after Hebrew.
  ["\u05D0\u05F3", "\u05D0\u05F3"],
  ["\u05D0\u05F4\u05D1", "\u05D0\u05F4\u05D1"],
  ["\u05F3\u05D0", undefined],
  ["\u05F4", undefined],
  // A.7, katakana middle dot: with a Japanese character anywhere.
  ["a\u30FB\u30A2", "a\u30FB\u30A2"],
  ["\u6F22\u30FBb", "\u6F22\u30FBb"],
  ["\u30FB\u3042", "\u30FB\u3042"],
  ["a\u30FBb", undefined],
  ["\u30FB", undefined],
  // A.8 and A.9, the two sets of Arabic digits: never both.
  ["\u0627\u0661\u0662", "\u0627\u0661\u0662"],
  ["\u0627\u06F1\u06F2", "\u0627\u06F1\u06F2"],
  ["\u0627\u0661\u06F1", undefined],
]);

test("width mapping changes exactly what has a wide or narrow form", () => {
  assert.equal(widthMapped("\uFF41\uFF21\uFF11\uFF0E\u3000\uFF71"), "aA1. \u30A2");
  assert.equal(widthMapped("\u2163\uFB00\u212A"), "\u2163\uFB00\u212A");
});

const profiles: readonly (readonly [string, Profile])[] = [
  ["UsernameCaseMapped", usernameCaseMapped],
  ["UsernameCasePreserved", usernameCasePreserved],
  ["OpaqueString", opaqueString],
  ["Nickname", nickname],
  ["Nickname key", nicknameKey],
];

for (const [name, profile] of profiles) {
  test(`${name} is idempotent, and refuses with nothing but a PrecisError`, () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        let result: string;
        try {
          result = profile(text);
        } catch (error) {
          assert.ok(error instanceof PrecisError);
          return;
        }
        assert.equal(profile(result), result);
        assert.equal(result, result.normalize("NFC"));
        assert.notEqual(result, "");
      }),
      { seed: 8264, numRuns: 3000 },
    );
  });
}

/** Texts of any code units, and texts of few scripts, so that many pass. */
function anyText(): fc.Arbitrary<string> {
  const letter = fc.constantFrom(
    ..."aA1l -.\u00B7\u00DF\u0130\u03A3\u03C2\u05D0\u0628\u064F\u0661\u06F1\u0301\uFF21\uFF76\uFF9E\u30FB\u3042\u200C\u094D\u3000\u2163\u00A8",
  );
  return fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: letter, maxLength: 8 }), codeUnits());
}

function codeUnits(): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units));
}
