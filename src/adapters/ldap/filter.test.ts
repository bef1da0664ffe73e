import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EqualityFilter, FilterParser } from "ldapts";
import { all, any, equals, escapeDnValue, escapeFilterValue, fill } from "./filter.ts";
import { plainDn } from "./groups.ts";

test("a value in a filter (RFC 4515 §4)", () => {
  assert.equal(escapeFilterValue("Parens R Us (for all your parenthetical needs)").includes("(for"), false);
  assert.equal(equals("cn", "*"), "(cn=\\2a)");
  assert.equal(equals("filename", "C:\\MyFile"), "(filename=C:\\5cMyFile)");
  assert.equal(equals("uid", "*)(uid=*"), "(uid=\\2a\\29\\28uid=\\2a)");
  assert.equal(equals("bin", "\0\u0004"), "(bin=\\00\u0004)");
  assert.equal(equals("sn", "Lučić"), "(sn=Lučić)");
  assert.equal(escapeFilterValue("\\2a"), "\\5c2a");
});

test("whatever the value, the filter is one comparison with that value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (value) => {
      const filter = FilterParser.parseString(equals("uid", value));
      assert.ok(filter instanceof EqualityFilter);
      assert.equal(filter.attribute, "uid");
      assert.equal(filter.value, value);
    }),
  );
});

test("a value in a distinguished name (RFC 4514 §2.4)", () => {
  assert.equal(escapeDnValue('James "Jim" Smith, III'), 'James \\"Jim\\" Smith\\, III');
  assert.equal(escapeDnValue("#4869"), "\\#4869");
  assert.equal(escapeDnValue(" a "), "\\ a\\ ");
  assert.equal(escapeDnValue("a\0b"), "a\\00b");
  assert.equal(escapeDnValue("romeo,ou=x"), "romeo\\,ou\\=x");
  assert.equal(escapeDnValue("a+b;c<d>e\\f"), "a\\+b\\;c\\<d\\>e\\\\f");
  assert.equal(escapeDnValue("Élise"), "Élise");
});

test("a template is filled as it is", () => {
  assert.equal(fill("uid={user},ou=people", "$&{user}$1"), "uid=$&{user}$1,ou=people");
  assert.equal(fill("(|(uid={user})(cn={user}))", "a"), "(|(uid=a)(cn=a))");
});

test("filters are joined, and empty ones left out", () => {
  assert.equal(all("(a=1)", "", "(b=2)"), "(&(a=1)(b=2))");
  assert.equal(any("(a=1)", ""), "(a=1)");
  assert.equal(any(), "");
});

test("the spellings of a distinguished name are one (RFC 4514)", () => {
  const same = [
    "uid=a\\,b,ou=Gens,dc=example",
    "UID=A\\2CB, OU=gens, DC=example",
    "uid = a\\2cb ; ou = Gens , dc=EXAMPLE",
    " uid=a\\,b,ou=gens,dc=example ",
  ];
  assert.equal(new Set(same.map(plainDn)).size, 1);
  assert.equal(plainDn("uid=\\c3\\a9lise,ou=x"), plainDn("uid=Élise,ou=x"));
  assert.notEqual(plainDn("uid=a\\,ou=b"), plainDn("uid=a,ou=b"));
});
