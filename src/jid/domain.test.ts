import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { prepareDomain } from "./domain.ts";
import { isIPv4, isIPv6 } from "./ip.ts";
import { isPlainDomain, isPlainLocal, isPlainResource } from "./plain.ts";
import { PrecisError } from "./precis.ts";

const label63 = "a".repeat(63);

const taken: readonly (readonly [given: string, prepared: string])[] = [
  ["example.com", "example.com"],
  ["EXAMPLE.Com", "example.com"],
  ["example.com.", "example.com"],
  ["localhost", "localhost"],
  ["1.example", "1.example"],
  ["a-b.c--d.example", "a-b.c--d.example"],
  ["example.1", "example.1"],
  [`${label63}.example`, `${label63}.example`],
  ["192.0.2.1", "192.0.2.1"],
  ["[::1]", "[::1]"],
  ["[2001:DB8::A]", "[2001:db8::a]"],
  // U-labels and A-labels.
  ["b\u00FCcher.example", "b\u00FCcher.example"],
  ["B\u00DCCHER.example", "b\u00FCcher.example"],
  ["bu\u0308cher.example", "b\u00FCcher.example"],
  ["xn--bcher-kva.example", "b\u00FCcher.example"],
  ["XN--BCHER-KVA.example", "b\u00FCcher.example"],
  ["fa\u00DF.example", "fa\u00DF.example"],
  ["xn--fa-hia.example", "fa\u00DF.example"],
  ["\u03B2\u03CC\u03BB\u03BF\u03C2.example", "\u03B2\u03CC\u03BB\u03BF\u03C2.example"],
  ["\u0392\u038C\u039B\u039F\u03A3.example", "\u03B2\u03CC\u03BB\u03BF\u03C3.example"],
  ["\u4F8B\u3002\u4F8B", "\u4F8B.\u4F8B"],
  ["\uFF45\uFF58\uFF0E\uFF43\uFF4F\uFF4D\uFF61", "ex.com"],
  ["\u05D0\u05D1.example", "\u05D0\u05D1.example"],
  ["\u13A0\u13A1.example", "\u13A0\u13A1.example"],
  ["\uAB70\uAB71.example", "\u13A0\u13A1.example"],
  ["\u0915\u094D\u200D\u0937.example", "\u0915\u094D\u200D\u0937.example"],
  ["col\u00B7lega.example", "col\u00B7lega.example"],
];

const refused: readonly string[] = [
  "",
  ".",
  "..",
  "example.com..",
  ".example.com",
  "a..b",
  "-a.example",
  "a-.example",
  "ab--c.example",
  "-\u00FC.example",
  "\u00FC-.example",
  "ab--\u00FC.example",
  "a_\u00FC.example",
  "a_b.example",
  "a b.example",
  "a@b.example",
  "a/b.example",
  "a:5222",
  "*.example",
  "exam\u0000ple",
  `${label63}a.example`,
  `${"\u00FC".repeat(60)}.example`,
  // Addresses that are none.
  "256.0.0.1",
  "192.0.2.01",
  "[::1",
  "::1",
  "[]",
  "[192.0.2.1]",
  "[::1].",
  "[fe80::1%25eth0]",
  "[v1.a]",
  // What UTS #46 would map away or let pass, and IDNA2008 does not know.
  "\uFB00.example",
  "a\u00ADb.example",
  "a\u200Bb.example",
  "\u2163.example",
  "\u00B5.example",
  "\u2603.example",
  "\u{1F40E}.example",
  "a\u20D0.example",
  "a\u00B7b.example",
  "\u30FB.example",
  "a\u200Db.example",
  "\u0300a.example",
  "a\u05D0.example",
  "1\u05D0.example",
  "1a.\u05D0\u05D1",
  "\u0378.example",
  "\uD800.example",
  // A-labels of nothing, of ASCII, of capitals, of symbols, and broken ones.
  "xn--",
  "xn--.example",
  "xn--abc-.example",
  "xn--n3h.example",
  "xn--B\u00FC.example",
  "xn--99999999999.example",
  "xn--xn--bcher-kva-.example",
];

describe("a domain", () => {
  for (const [given, prepared] of taken) {
    test(`${JSON.stringify(given)} is prepared`, () => {
      assert.equal(prepareDomain(given), prepared);
      assert.equal(prepareDomain(prepared), prepared);
    });
  }
  for (const given of refused) {
    test(`${JSON.stringify(given)} is refused`, () => {
      assert.throws(() => prepareDomain(given), PrecisError);
      assert.equal(isPlainDomain(given), false);
    });
  }
});

test("the quick checks say yes to nothing a profile would change", () => {
  for (const [given, prepared] of taken) {
    if (given !== prepared) assert.equal(isPlainDomain(given), false, given);
  }
  for (const text of ["", "A", "a b", "a@b", "\u00E9", "\x7F", "a".repeat(1024)]) {
    assert.equal(isPlainLocal(text), false, JSON.stringify(text));
  }
  for (const text of ["", " a", "\u00E9", "\x7F", "\n", "a".repeat(1024)]) {
    assert.equal(isPlainResource(text), false, JSON.stringify(text));
  }
});

test("the quick checks say yes to the common forms", () => {
  assert.ok(["example.com", "a.b-c.example", "conference.example1.org", "localhost"].every(isPlainDomain));
  assert.ok(["romeo", "room_1", "a.b-c+d", "a\\20b"].every(isPlainLocal));
  assert.ok(["Orchard", "a b", "gajim.K9X/1@x", '"<&>"'].every(isPlainResource));
});

test("IPv4 addresses", () => {
  for (const text of ["0.0.0.0", "255.255.255.255", "192.0.2.1"]) assert.ok(isIPv4(text), text);
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "a.b.c.d", "1..2.3"]) {
    assert.equal(isIPv4(text), false, text);
  }
});

test("IPv6 addresses", () => {
  const good = [
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1::8",
    "2001:db8::ABCD",
    "::ffff:192.0.2.1",
    "1:2:3:4:5:6:192.0.2.1",
    "64:ff9b::192.0.2.33",
  ];
  const bad = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "1::2::3",
    ":1::2",
    "1::2:",
    "12345::",
    "g::",
    "192.0.2.1",
    "192.0.2.1::",
    "1:2:3:4:5:6:7:192.0.2.1",
    "::192.0.2.256",
    "::1.2.3",
    "::1%eth0",
    " ::1",
  ];
  for (const text of good) assert.ok(isIPv6(text), text);
  for (const text of bad) assert.equal(isIPv6(text), false, text);
});
