/** Mutated addresses: whatever comes in, a JID equal to what it prints comes out, or a JidError. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { escapeLocal, unescapeLocal } from "#jid/escaping.ts";
import { Jid, JidError } from "#jid/jid.ts";

/** Addresses of the examples of the XEPs, one a line. */
const seeds = readFileSync(new URL("./seeds/jids.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

/** What goes wrong in addresses: separators, escapes, controls, joiners, digits of other scripts, halves of pairs. */
const troublesome = [
  ..."@/.:[]-_ \\\"&'<>%\t\n\u0000\u007F\u00A0\u00AD\u00B7\u00DF\u0130\u0131\u017F\u0345\u03A3\u03C2\u0375\u0378\u05D0\u05F3",
  ..."\u0628\u0640\u064F\u0661\u06F1\u0915\u094D\u1100\u13A0\u1E9E\u1F82\u200B\u200C\u200D\u200E\u202E\u2028\u2060\u2163\u2126",
  ..."\u212A\u3000\u3002\u302E\u30FB\uAB70\uAC00\uFB00\uFE0F\uFF0E\uFF20\uFF21\uFF61\uFF76\uFF9E\uFFFD\uFFFE\u{1E94B}\u{1F40E}\u{10FFFF}",
  ...["\uD800", "\uDC00", "xn--", "xn--bcher-kva", "..", "--", "[::1]", "192.0.2.1", "\\20", "e\u0301", "a".repeat(64)],
];

type Edit = readonly [at: number, remove: number, insert: string];

function mutated(): fc.Arbitrary<string> {
  const insert = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...troublesome) },
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const edit: fc.Arbitrary<Edit> = fc.tuple(fc.nat(80), fc.nat(2), insert);
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([seed, edits]) => edits.reduce(apply, seed));
}

function apply(text: string, [at, remove, insert]: Edit): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

function parseOrRefusal(text: string): Jid | undefined {
  try {
    return Jid.parse(text);
  } catch (error) {
    assert.ok(error instanceof JidError, String(error));
    return undefined;
  }
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What holds of every JID, however it was come by. */
function checkInvariants(jid: Jid): void {
  const again = Jid.parse(jid.toString());
  assert.deepEqual([again.local, again.domain, again.resource], [jid.local, jid.domain, jid.resource]);
  assert.ok(Jid.of(jid.local, jid.domain, jid.resource).equals(jid));
  assert.ok(Jid.parse(jid.bare.toString()).equals(jid.bare));
  assert.notEqual(jid.domain, "");
  for (const part of [jid.local, jid.domain, jid.resource]) {
    assert.ok(octets(part) <= 1023);
    assert.ok(part.isWellFormed());
    assert.equal(part, part.normalize("NFC"));
    assert.doesNotMatch(part, /[\p{Cc}\p{Co}\p{Cn}]/u);
  }
  assert.doesNotMatch(jid.local, /[\s"&'/:<>@]/u);
  assert.doesNotMatch(jid.domain, /[\s"&'/<>@A-Z]|^\.|\.\.|\.$/u);
}

test("every seed is an address", () => {
  for (const seed of seeds) checkInvariants(Jid.parse(seed));
  assert.ok(seeds.length > 300);
});

test("a mutated address is a JID or refused", () => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(mutated(), (text) => {
      const jid = parseOrRefusal(text);
      if (jid === undefined) {
        refused++;
        return;
      }
      taken++;
      checkInvariants(jid);
    }),
    { seed: 20_260_101, numRuns: 20_000 },
  );
  assert.ok(
    taken > 2000 && refused > 2000,
    `${taken} taken, ${refused} refused: the mutations are too mild or too wild`,
  );
});

test("spellings that differ by case alone are one address", () => {
  fc.assert(
    fc.property(mutated(), (text) => {
      const jid = parseOrRefusal(text);
      if (jid === undefined) return;
      const shouted = parseOrRefusal(`${jid.local === "" ? "" : `${capitals(jid.local)}@`}${capitals(jid.domain)}`);
      assert.ok(shouted?.equals(jid.bare), jid.toString());
    }),
    { seed: 20_260_102, numRuns: 5000 },
  );
});

test("spellings that differ by width and composition alone are one address", () => {
  const name = fc.string({
    unit: fc.constantFrom(..."az09\u00E9\u00FC\u1F82\u01D6\u30AC\u3071"),
    minLength: 1,
    maxLength: 12,
  });
  const label = fc.string({ unit: fc.constantFrom(..."az09\u00E9\u00FC\u30AC"), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(name, label, (local, domain) => {
      const jid = Jid.of(local, domain, local);
      assert.ok(
        Jid.of(wide(local.normalize("NFD")), wide(domain.normalize("NFD")), local.normalize("NFD")).equals(jid),
      );
    }),
    { seed: 20_260_104, numRuns: 2000 },
  );
});

test("whatever is escaped is read back, and no escape makes an address unsafe", () => {
  fc.assert(
    fc.property(mutated(), (text) => {
      assert.equal(unescapeLocal(escapeLocal(text)), text);
      assert.doesNotMatch(escapeLocal(text), /["&'/:<>@]/);
    }),
    { seed: 20_260_103, numRuns: 5000 },
  );
});

/** The same name with its ASCII letters as capitals. */
function capitals(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** The same name with its ASCII letters and digits in their fullwidth forms. */
function wide(text: string): string {
  return text.replace(/[a-z0-9]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0));
}
