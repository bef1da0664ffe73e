import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
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

const prepared: readonly (readonly [string, Parts])[] = [
  ["Juliet@Example.COM/Balcony", ["juliet", "example.com", "Balcony"]],
  ["juliet@example.com./x", ["juliet", "example.com", "x"]],
  ["\uFF2A\uFF55@example.com", ["ju", "example.com", ""]],
  ["juliet@example.com/a\u3000b", ["juliet", "example.com", "a b"]],
  ["juliet@example.com/a  b ", ["juliet", "example.com", "a  b "]],
  ["juliet@example.com//", ["juliet", "example.com", "/"]],
  ["juliet@example.com/@/", ["juliet", "example.com", "@/"]],
  ["romeo@b\u00FCcher.example/e\u0301", ["romeo", "b\u00FCcher.example", "\u00E9"]],
  ["romeo@xn--bcher-kva.example", ["romeo", "b\u00FCcher.example", ""]],
  ["romeo@[2001:DB8::1]/x", ["romeo", "[2001:db8::1]", "x"]],
  ["127.0.0.1", ["", "127.0.0.1", ""]],
];

const refused: readonly (readonly [string, JidPart])[] = [
  ["", "domain"],
  ["@", "local"],
  ["/", "domain"],
  ["@/", "local"],
  ["example.com/", "resource"],
  ["juliet@example.com/", "resource"],
  ["juliet@/x", "domain"],
  ["a@b@example.com", "domain"],
  ["a&b@example.com", "local"],
  ["a'b@example.com", "local"],
  ["a:b@example.com", "local"],
  ["a<b@example.com", "local"],
  ["a>b@example.com", "local"],
  // The excluded characters in their fullwidth forms.
  ["a\uFF06b@example.com", "local"],
  ["a\uFF20b@example.com", "local"],
  ["a\uFF0Fb@example.com", "local"],
  [" juliet@example.com", "local"],
  ["juliet @example.com", "local"],
  ["juliet@ example.com", "domain"],
  ["juliet@example.com /x", "domain"],
  ["juliet@exa mple.com", "domain"],
  ["juliet@example.com/\u3000x", "resource"],
  ["juliet@example.com/a\tb", "resource"],
  ["juliet@example.com/a\nb", "resource"],
  ["juliet@example.com/\u0000", "resource"],
  ["\uD800@example.com", "local"],
  ["a@\uDC00.com", "domain"],
  ["a@example.com/\uD800", "resource"],
];

function partsOf(jid: Jid): Parts {
  return [jid.local, jid.domain, jid.resource];
}

function joined([local, domain, resource]: Parts): string {
  return `${local === "" ? "" : `${local}@`}${domain}${resource === "" ? "" : `/${resource}`}`;
}

function isRefusal(part: JidPart): (error: unknown) => boolean {
  return (error) => error instanceof JidError && error.part === part;
}

describe("the examples of RFC 7622", () => {
  for (const [text, parts] of valid) {
    test(`takes ${text}`, () => assert.deepEqual(partsOf(Jid.parse(text)), parts));
  }
  for (const [text, part] of invalid) {
    test(`refuses ${text}`, () => assert.throws(() => Jid.parse(text), isRefusal(part)));
  }
});

describe("parsing", () => {
  for (const [text, parts] of prepared) {
    test(`prepares ${JSON.stringify(text)}`, () => {
      const jid = Jid.parse(text);
      assert.deepEqual(partsOf(jid), parts);
      assert.equal(jid.toString(), joined(parts));
    });
  }
  for (const [text, part] of refused) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => Jid.parse(text), isRefusal(part)));
  }

  test("an error names the part and the code point, not the text", () => {
    assert.throws(() => Jid.parse("henry\u2163@example.com"), {
      name: "JidError",
      message: "invalid localpart: U+2163 is not allowed",
    });
  });
});

describe("the limits", () => {
  const domain = `${"a.".repeat(510)}abc`;

  test("a part may have 1023 octets, not one more", () => {
    assert.equal(domain.length, 1023);
    assert.equal(Jid.parse(domain).domain, domain);
    assert.throws(() => Jid.parse(`a${domain}`), isRefusal("domain"));
    assert.equal(Jid.of("a".repeat(1023), "example.com").local.length, 1023);
    assert.throws(() => Jid.of("a".repeat(1024), "example.com"), isRefusal("local"));
    assert.equal(Jid.of("a", "example.com", "B".repeat(1023)).resource.length, 1023);
    assert.throws(() => Jid.of("a", "example.com", "B".repeat(1024)), isRefusal("resource"));
  });

  test("octets are those of UTF-8, after preparation", () => {
    assert.equal(Jid.of(`a${"\u00E9".repeat(511)}`, "example.com").local.length, 512);
    assert.throws(() => Jid.of("\u00E9".repeat(512), "example.com"), isRefusal("local"));
    assert.equal(Jid.of("\u7BA1".repeat(341), "example.com").local.length, 341);
    assert.throws(() => Jid.of(`a${"\u7BA1".repeat(341)}`, "example.com"), isRefusal("local"));
    assert.equal(Jid.of("a", "example.com", `abc${"\u{1F40E}".repeat(255)}`).resource.length, 513);
    assert.throws(() => Jid.of("a", "example.com", "\u{1F40E}".repeat(256)), isRefusal("resource"));
    // 1533 octets before normalisation, 1022 after.
    assert.equal(Jid.of("e\u0301".repeat(511), "example.com").local.length, 511);
  });

  test("a long text is refused before any work", () => {
    assert.throws(() => Jid.of("e\u0301".repeat(1025), "example.com"), /too long/);
    assert.throws(() => Jid.of("\u00E9".repeat(100_000), "example.com"), /too long/);
    assert.throws(() => Jid.parse(`${"\u00E9".repeat(100_000)}.com`), /too long/);
    assert.throws(() => Jid.parse(`a@b/${"\u00E9".repeat(100_000)}`), /too long/);
  });
});

describe("a JID", () => {
  test("of parts prepares each of them", () => {
    assert.equal(Jid.of("Juliet", "Example.COM.", "a\u00A0b").toString(), "juliet@example.com/a b");
    assert.equal(Jid.of("", "example.com").toString(), "example.com");
    assert.equal(Jid.of("", "example.com", "x").toString(), "example.com/x");
    assert.throws(() => Jid.of("a@b", "example.com"), isRefusal("local"));
    assert.throws(() => Jid.of("a", "example.com/x"), isRefusal("domain"));
    assert.throws(() => Jid.of("a", "b@example.com"), isRefusal("domain"));
    assert.throws(() => Jid.of("a", ""), isRefusal("domain"));
  });

  test("has a bare form, kept once made", () => {
    const full = Jid.parse("juliet@example.com/balcony");
    assert.equal(full.bare.toString(), "juliet@example.com");
    assert.equal(full.bare, full.bare);
    assert.equal(full.bare.bare, full.bare);
    assert.equal(full.isBare, false);
    assert.equal(full.bare.isBare, true);
  });

  test("knows whether it is a domain alone", () => {
    assert.equal(Jid.parse("example.com").isDomain, true);
    assert.equal(Jid.parse("example.com/x").isDomain, false);
    assert.equal(Jid.parse("a@example.com").isDomain, false);
  });

  test("equals another exactly if every part is the same", () => {
    const jid = Jid.parse("juliet@example.com/Balcony");
    assert.ok(jid.equals(Jid.parse("JULIET@example.com./Balcony")));
    for (const other of [
      "juliet@example.com",
      "juliet@example.com/balcony",
      "romeo@example.com/Balcony",
      "juliet@example.net/Balcony",
    ]) {
      assert.equal(jid.equals(Jid.parse(other)), false, other);
    }
  });

  test("takes another resource, prepared", () => {
    const jid = Jid.parse("juliet@example.com/balcony");
    assert.equal(jid.withResource("e\u0301").toString(), "juliet@example.com/\u00E9");
    assert.equal(jid.toString(), "juliet@example.com/balcony");
    assert.throws(() => jid.withResource(""), isRefusal("resource"));
    assert.throws(() => jid.withResource("\u0007"), isRefusal("resource"));
  });

  test("is structurally equal to its like, whatever has been asked of either", () => {
    const one = Jid.parse("juliet@example.com/balcony");
    one.bare.toString();
    assert.deepStrictEqual(one, Jid.of("Juliet", "example.com", "balcony"));
  });
});

test("any text is a JID equal to what it prints, or a JidError", () => {
  const char = fc.constantFrom(
    ..."aA1.-@/ :[]\u00E9\u0301\u00DF\u03A3\u05D0\u0628\u064F\u200C\u3002\uFF0E\uFF20\u2163\u{1F40E}",
  );
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: char, maxLength: 12 }));
  let taken = 0;
  fc.assert(
    fc.property(text, (given) => {
      const jid = parseOrRefusal(given);
      if (jid === undefined) return;
      taken++;
      assert.equal(jid.toString(), joined(partsOf(jid)));
      const again = Jid.parse(jid.toString());
      assert.ok(again.equals(jid));
      assert.equal(again.toString(), jid.toString());
      assert.ok(Jid.of(jid.local, jid.domain, jid.resource).equals(jid));
    }),
    { seed: 7622, numRuns: 10_000 },
  );
  assert.ok(taken > 200, "enough of the texts are JIDs for the test to mean something");
});

test("parts printed and parsed are the same parts", () => {
  const name = fc.string({ unit: fc.constantFrom(..."abz019.-_~\\\u00E9\u03C0\u7BA1"), minLength: 1, maxLength: 10 });
  const resource = fc.string({ unit: fc.constantFrom(...'aZ/@ "&\u265A\u00E9\u{1F40E}'), minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(name, fc.domain(), resource, (local, domain, given) => {
      const jid = Jid.of(local, domain, `x${given}`);
      assert.deepEqual(partsOf(Jid.parse(`${local}@${domain}/x${given}`)), partsOf(jid));
      assert.deepEqual(partsOf(jid), [local, domain.toLowerCase(), `x${given}`]);
    }),
    { seed: 3920, numRuns: 2000 },
  );
});

function parseOrRefusal(text: string): Jid | undefined {
  try {
    return Jid.parse(text);
  } catch (error) {
    assert.ok(error instanceof JidError, String(error));
    return undefined;
  }
}

test("what may be no address is tried", () => {
  assert.equal(Jid.tryParse("Romeo@example.com/orchard")?.toString(), "romeo@example.com/orchard");
  for (const text of [undefined, "", "@", "a b@example.com", "romeo@example.com/"]) {
    assert.equal(Jid.tryParse(text), undefined, text);
  }
});
