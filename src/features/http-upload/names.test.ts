import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeName, disposition, encodeName, isShown, readType, safeName } from "./names.ts";

test("ordinary names stay as they are", () => {
  for (const name of [
    "photo.jpg",
    "très cool.jpg",
    "Rapport (final) v2.pdf",
    "日本語.txt",
    "archive.tar.gz",
    "👩‍🚀.png",
    "a",
  ]) {
    assert.equal(safeName(name), name);
  }
});

test("names that could do harm lose what is harmful", () => {
  const cases: Readonly<Record<string, string>> = {
    "../../etc/passwd": "_.._etc_passwd",
    "..": "file",
    ".": "file",
    "": "file",
    "   ": "file",
    ".htaccess": "htaccess",
    "a/b\\c": "a_b_c",
    "nul\0byte.txt": "nulbyte.txt",
    "line\r\nX-Header: 1": "lineX-Header: 1",
    "invoice\u202egpj.exe": "invoicegpj.exe",
    "a\u2066b\u200fc": "abc",
    "half\ud800": "half\ufffd",
    "e\u0301te\u0301.txt": "\u00e9t\u00e9.txt",
    "tab\tseparated": "tabseparated",
    "wide\u3000space": "wide space",
    "trailing. . ": "trailing",
  };
  for (const [name, safe] of Object.entries(cases)) assert.equal(safeName(name), safe, JSON.stringify(name));
});

test("a long name keeps its ending", () => {
  assert.equal(safeName(`${"é".repeat(1000)}.jpeg`), `${"é".repeat(97)}.jpeg`);
  assert.equal(safeName(`${"x".repeat(300)}.jpeg`), `${"x".repeat(195)}.jpeg`);
  assert.equal(safeName(`${"x".repeat(10)}.${"y".repeat(300)}`).length, 200);
});

const anyName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 600 }),
  fc.string({
    unit: fc.constantFrom("/", "\\", ".", " ", "\0", "\u202e", "%2e", "é", "a", "\ud83d", "😀"),
    maxLength: 400,
  }),
);

test("whatever the name, what is left is one visible, limited component of a path", () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const safe = safeName(name);
      assert.ok(safe.length > 0 && Buffer.byteLength(safe) <= 200);
      assert.doesNotMatch(safe, /[/\\\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      assert.ok(safe !== "." && safe !== ".." && !safe.startsWith("."));
      assert.equal(safeName(safe), safe, "idempotent");
      assert.match(encodeName(safe), /^(?:[\w.~-]|%[0-9A-F]{2})+$/, "a segment of a path");
      assert.equal(decodeName(encodeName(safe)), safe);
      assert.equal(
        new URL(`https://example.com/upload/x/${encodeName(safe)}`).pathname,
        `/upload/x/${encodeName(safe)}`,
      );
    }),
    { numRuns: 2000 },
  );
});

test("a Content-Disposition is one header, with the name in both forms", () => {
  assert.equal(disposition("inline", "photo.jpg"), 'inline; filename="photo.jpg"');
  assert.equal(
    disposition("attachment", 'a"b\\c%41 été’.txt'),
    `attachment; filename="a_b_c_41 _t__.txt"; filename*=UTF-8''a%22b%5Cc%2541%20%C3%A9t%C3%A9%E2%80%99.txt`,
  );
  fc.assert(
    fc.property(anyName, (name) => {
      assert.match(
        disposition("attachment", safeName(name)),
        /^attachment; filename="[ !#-[\]-~]*"(?:; filename\*=UTF-8''[\w.~%-]+)?$/,
      );
    }),
  );
});

test("types are read without parameters; those that can hold scripts are not shown", () => {
  assert.equal(readType("Text/Plain; charset=utf-8"), "text/plain");
  assert.equal(readType("application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text");
  for (const text of [
    "",
    "text",
    "text/",
    "/plain",
    "a/b/c",
    "text/pl ain",
    "text/plain\r\nX: y",
    `a/${"b".repeat(200)}`,
  ]) {
    assert.equal(readType(text), undefined, text);
  }
  for (const type of ["image/png", "video/mp4", "audio/ogg", "text/plain"]) assert.ok(isShown(type));
  for (const type of [
    "text/html",
    "image/svg+xml",
    "application/pdf",
    "application/xhtml+xml",
    "text/xml",
    "__proto__",
  ]) {
    assert.ok(!isShown(type));
  }
});
