import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { escapeLocal, unescapeLocal } from "./escaping.ts";
import { Jid, JidError } from "./jid.ts";

// XEP-0106 §3 and the examples of §4 and §5.
const pairs: readonly (readonly [plain: string, escaped: string])[] = [
  ["space cadet", "space\\20cadet"],
  ['call me "ishmael"', "call\\20me\\20\\22ishmael\\22"],
  ["at&t guy", "at\\26t\\20guy"],
  ["d'artagnan", "d\\27artagnan"],
  ["/.fanboy", "\\2f.fanboy"],
  ["::foo::", "\\3a\\3afoo\\3a\\3a"],
  ["<foo>", "\\3cfoo\\3e"],
  ["user@host", "user\\40host"],
  ["c:\\net", "c\\3a\\net"],
  ["c:\\\\net", "c\\3a\\\\net"],
  ["c:\\cool stuff", "c\\3a\\cool\\20stuff"],
  ["c:\\5commas", "c\\3a\\5c5commas"],
  ["\\3and\\2is\\5cool", "\\5c3and\\2is\\5c5cool"],
  ["here's_a_wild_&_/cr%zy/_address", "here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address"],
  [
    'here\'s_a_wild_&_/cr%zy/_address_for:<wv>("IMPS")',
    "here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address_for\\3a\\3cwv\\3e(\\22IMPS\\22)",
  ],
  [
    "CN=D'Artagnan Saint-Andr\u00E9,O=Example & Company, Inc.,DC=example,DC=com",
    "CN=D\\27Artagnan\\20Saint-Andr\u00E9,O=Example\\20\\26\\20Company,\\20Inc.,DC=example,DC=com",
  ],
  ["somenick!user\"&'/:<>\\3address", "somenick!user\\22\\26\\27\\2f\\3a\\3c\\3e\\5c3address"],
  ["treville@musketeers.lit", "treville\\40musketeers.lit"],
  // What only looks like an escape stays (§4.3).
  ["\\2plus\\2is\\4", "\\2plus\\2is\\4"],
  ["foo\\bar", "foo\\bar"],
  ["foob\\41r", "foob\\41r"],
  ["", ""],
];

describe("the tables of XEP-0106", () => {
  for (const [plain, escaped] of pairs) {
    test(JSON.stringify(plain), () => {
      assert.equal(escapeLocal(plain), escaped);
      assert.equal(unescapeLocal(escaped), plain);
    });
  }
});

test("a backslash of its own may have been escaped without need", () => {
  assert.equal(unescapeLocal("foo\\5cbar"), "foo\\bar");
  assert.equal(unescapeLocal("\\5c\\5c20"), "\\\\20");
});

test("escapes are in lower case", () => {
  assert.equal(unescapeLocal("a\\2Fb\\3Ac"), "a\\2Fb\\3Ac");
});

test("no space is escaped, or read, at either end", () => {
  assert.equal(escapeLocal(" a b "), " a\\20b ");
  assert.equal(unescapeLocal("\\20a\\20b\\20"), "\\20a b\\20");
  assert.equal(escapeLocal(" "), " ");
  assert.throws(() => Jid.of(escapeLocal(" a"), "example.com"), JidError);
});

test("unescaping undoes escaping, and what is escaped holds nothing excluded", () => {
  const char = fc.constantFrom(..."\\0234567acdef \"&'/:<>@xy");
  fc.assert(
    fc.property(fc.string({ unit: char, maxLength: 12 }), (text) => {
      const escaped = escapeLocal(text);
      assert.equal(unescapeLocal(escaped), text);
      assert.doesNotMatch(escaped, /["&'/:<>@]|^\\20|\\20$|. ./);
      if (text !== "" && text.trim() === text) assert.equal(Jid.of(escaped, "example.com").local, escaped);
    }),
    { seed: 106, numRuns: 5000 },
  );
});
