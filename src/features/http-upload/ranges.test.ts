import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { partFits, precondition } from "./conditions.ts";
import { readRange } from "./ranges.ts";

test("one part is sent; what cannot be understood is ignored; what is not there cannot be sent", () => {
  const cases: readonly [header: string, answer: ReturnType<typeof readRange>][] = [
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=0-499", { first: 0, last: 499 }],
    ["bytes=500-", { first: 500, last: 999 }],
    ["bytes=-1", { first: 999, last: 999 }],
    ["bytes=-5000", { first: 0, last: 999 }],
    ["bytes=990-99999999999999999999", { first: 990, last: 999 }],
    ["BYTES=1-2", { first: 1, last: 2 }],
    ["bytes= 1-2 ,", { first: 1, last: 2 }],
    ["bytes=1000-", "unsatisfiable"],
    ["bytes=1000-2000,-0", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=0-1,5-6", undefined],
    ["bytes=0-1,5000-", undefined],
    ["bytes=2-1", undefined],
    ["bytes=-", undefined],
    ["bytes=", undefined],
    ["bytes=a-b", undefined],
    ["bytes=1-2-3", undefined],
    ["bytes=--1", undefined],
    ["bytes 0-1", undefined],
    ["items=0-1", undefined],
    [`bytes=${"0-1,".repeat(1000)}`, undefined],
  ];
  for (const [header, answer] of cases) assert.deepEqual(readRange(header, 1000), answer, header.slice(0, 40));
});

test("whatever is asked for, a part lies in the file and is what the header means", () => {
  const number = fc.oneof(
    fc.constant(""),
    fc.nat(2000).map(String),
    fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  );
  const header = fc.oneof(
    fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`),
    fc.string({ unit: fc.constantFrom("bytes", "=", "-", ",", "1", "0", "9", " ", "x"), maxLength: 40 }),
  );
  fc.assert(
    fc.property(header, fc.nat(1500), (text, more) => {
      const size = more + 1;
      const range = readRange(text, size);
      if (range === undefined || range === "unsatisfiable") return;
      assert.ok(0 <= range.first && range.first <= range.last && range.last < size, text);
      const [, from = "", to = ""] = /=[\s,]*(\d*)-(\d*)/.exec(text) ?? [];
      const content = Array.from({ length: size }, (_, at) => at);
      const meant =
        from === "" ? content.slice(-Number(to)) : content.slice(Number(from), to === "" ? size : Number(to) + 1);
      assert.deepEqual([range.first, range.last], [meant[0], meant.at(-1)], text);
    }),
    { numRuns: 3000 },
  );
});

test("preconditions are evaluated in the order of RFC 9110 §13.2.2", () => {
  const modified = new Date("2026-03-01T12:00:00.700Z");
  const validators = { etag: '"abc"', modified };
  const same = "Sun, 01 Mar 2026 12:00:00 GMT";
  const before = "Sun, 01 Mar 2026 11:59:59 GMT";
  const cases: readonly [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ "if-none-match": '"abc"' }, 304],
    [{ "if-none-match": 'W/"abc"' }, 304],
    [{ "if-none-match": '"x", "abc"' }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"x"' }, 200],
    [{ "if-none-match": '"x"', "if-modified-since": same }, 200],
    [{ "if-modified-since": same }, 304],
    [{ "if-modified-since": before }, 200],
    [{ "if-modified-since": "rubbish" }, 200],
    [{ "if-modified-since": "5" }, 200],
    [{ "if-modified-since": "5 GMT" }, 200],
    [{ "if-modified-since": "Sunday, 01-Mar-26 12:00:00 GMT" }, 304],
    [{ "if-modified-since": "Sun Mar  1 12:00:00 2026" }, 304],
    [{ "if-modified-since": "Sun Mar  1 11:59:59 2026" }, 200],
    [{ "if-match": '"abc"' }, 200],
    [{ "if-match": 'W/"abc"' }, 412],
    [{ "if-match": '"x"' }, 412],
    [{ "if-match": "*", "if-unmodified-since": before }, 200],
    [{ "if-unmodified-since": same }, 200],
    [{ "if-unmodified-since": before }, 412],
  ];
  for (const [headers, status] of cases)
    assert.equal(precondition(headers, validators), status, JSON.stringify(headers));
  for (const [condition, fits] of [
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [same, true],
    [before, false],
    ["rubbish", false],
  ] as const) {
    assert.equal(partFits({ "if-range": condition }, validators), fits, condition);
  }
  assert.ok(partFits({}, validators));
});
