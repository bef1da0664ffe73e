import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { oracle } from "#test/fuzz/xml-oracle.ts";
import { fromBytes, isUtf8, toBytes } from "./bytes.ts";
import { isCharacter } from "./characters.ts";
import { type Element, type Node, tag } from "./element.ts";
import { generous } from "./limits.ts";
import { Parser, parseText } from "./parser.ts";

/** Characters that XML can hold, the troublesome ones often. */
const character = fc.oneof(
  fc.constantFrom(..."<>&'\"]]>\t\n\r ;#=/:ab\u00e9\u0085\u2028\uFFFD\u{1F600}\u{10FFFF}"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((text) => isCharacter(text.codePointAt(0)!)),
);
const text = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(""));
const name = fc.constantFrom(
  "a",
  "b",
  "body",
  "x-1.y_z",
  "\u00e9t\u00e9",
  "constructor",
  "__proto__",
  "xmlish",
  "\u{10000}",
);
const namespace = fc.constantFrom("", "jabber:client", "urn:a", "urn:b", "a&'<\">b \u00e9", "xmlns", "{u}");
const key = fc.oneof(
  fc.constantFrom(
    "to",
    "id",
    "constructor",
    "__proto__",
    "xml:lang",
    "\u00e7",
    "{http://www.w3.org/XML/1998/namespace}id",
  ),
  fc.constantFrom("{urn:a}a", "{urn:b}a", "{urn:b}b", "{a&'<\">b}\u00e9", "{{u}}c"),
);
const attrs = fc
  .array(fc.tuple(key, text), { maxLength: 4 })
  .map((pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs)) as Record<string, string>);

const { element } = fc.letrec<{ element: Element; node: Node }>((tie) => ({
  element: fc
    .tuple(namespace, name, attrs, fc.array(tie("node"), { maxLength: 4 }))
    .map(([ns, local, values, nodes]) => tag(ns, local)(values, ...nodes)),
  node: fc.oneof({ depthSize: "small" }, text, tie("element")),
}));

const scope = fc.constantFrom("", "jabber:client", "urn:a");
const header = "<s:stream xmlns='urn:a' xmlns:s='urn:streams' xmlns:ns1='urn:b' xmlns:q='a&amp;&apos;&lt;\">b'>";

function readAll(pieces: readonly string[]): Element[] {
  const parser = new Parser(generous);
  const elements: Element[] = [];
  for (const piece of pieces) {
    parser.push(piece);
    for (let next = parser.next(); typeof next === "object"; next = parser.next()) elements.push(next);
  }
  return elements;
}

/** The bytes cut at these places. */
function cutAt(bytes: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
}

test("what is written reads back as it was", () => {
  fc.assert(
    fc.property(element, scope, (original, within) => {
      const written = original.toString();
      assert.ok(parseText(written).equals(original), written);
      assert.ok(oracle(written).equals(original), written);
      const [, inner] = readAll([`<s xmlns='${within}'>`, original.wire(within)]);
      assert.ok(inner?.equals(original));
    }),
    { numRuns: 1000 },
  );
});

test("what was read is written as it was, wherever it goes", () => {
  fc.assert(
    fc.property(element, scope, text, (original, within, value) => {
      // Prefixes of the header and of the element itself, used at every level.
      const dressed = toBytes(dress(original));
      const [, read] = readAll([header, dressed]);
      assert.ok(read !== undefined);
      const plain = rebuild(read);
      const [, same] = readAll([`<s xmlns='${within}'>`, read.wire(within)]);
      const [, changed] = readAll([`<s xmlns='${within}'>`, read.with({ to: value }).wire(within)]);
      assert.ok(same?.equals(plain), dressed);
      assert.ok(changed?.equals(plain.with({ to: value })), dressed);
      assert.ok(read.compact().equals(plain));
      assert.ok(
        tag("urn:b", "around")({}, read, value, ...read.children).equals(
          parseText(tag("urn:b", "around")({}, read, value, ...read.children).toString()),
        ),
      );
      for (const child of read.elements) assert.ok(parseText(child.toString()).equals(rebuild(child)), dressed);
    }),
    { numRuns: 1000 },
  );
});

/** Writes an element with prefixes: declared on the header, on itself, or not at all. */
function dress(original: Element, depth = 0): string {
  const prefixes: Record<string, string> = {
    "urn:streams": "s",
    "urn:b": depth % 2 === 0 ? "ns1" : "q2",
    "jabber:client": "c",
  };
  const prefix = prefixes[original.ns];
  const bare = parseText(original.holding().toString()).toString();
  let head = bare.slice(0, bare.lastIndexOf("/>"));
  let close = original.name;
  if (prefix !== undefined) {
    const own = prefix === "ns1" ? "" : ` xmlns:${prefix}='${original.ns}'`;
    close = `${prefix}:${original.name}`;
    head = `<${close}${own}${head.slice(1 + original.name.length).replace(/ xmlns='[^']*'/, "")}`;
  } else if (original.ns === "") head = head.replace(/^<[^ ]+/, "$& xmlns=''");
  const inner = original.children.map((node) => (typeof node === "string" ? textOf(node) : dress(node, depth + 1)));
  return `${head}>${inner.join("")}</${close}>`;
}

function textOf(content: string): string {
  return tag("", "t")({}, content)
    .toString()
    .replace(/^<t\/?>|<\/t>$/g, "");
}

/** The same element without any source. */
function rebuild(original: Element): Element {
  const children = original.children.map((node) => (typeof node === "string" ? node : rebuild(node)));
  return tag(original.ns, original.name)(original.attrs, ...children);
}

test("chunks do not matter", () => {
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), fc.array(fc.nat()), (originals, places) => {
      const bytes = `\xef\xbb\xbf<?xml version='1.0'?>\n${header}${originals.map((one) => ` \n${one.wire("urn:a")}`).join("")}`;
      const whole = readAll([bytes]);
      for (const pieces of [[...bytes], cutAt(bytes, places)]) {
        const read = readAll(pieces);
        assert.equal(read.length, originals.length + 1);
        for (const [index, one] of read.entries()) assert.ok(one.equals(whole[index]!));
      }
      for (const [index, one] of originals.entries()) assert.ok(whole[index + 1]?.equals(one));
    }),
  );
});

test("with and append keep what they do not name", () => {
  fc.assert(
    fc.property(
      element,
      key,
      text,
      fc.array(fc.oneof(element, text), { maxLength: 3 }),
      (original, attr, value, nodes) => {
        for (const start of [original, parseText(original.toString())]) {
          const changed = start.with({ [attr]: value });
          assert.equal(changed.attrs[attr], value);
          assert.ok(changed.with({ [attr]: start.attrs[attr] }).equals(start));
          assert.ok(changed.with({ [attr]: undefined }).equals(start.with({ [attr]: undefined })));
          assert.ok(start.append(...nodes).equals(start.holding(...start.children, ...nodes)));
          assert.ok(
            start
              .append(...nodes)
              .append("x")
              .equals(start.append(...nodes, "x")),
          );
          assert.ok(
            parseText(
              start
                .append(...nodes)
                .append("x")
                .toString(),
            ).equals(start.append(...nodes, "x")),
          );
          for (const child of start.elements) {
            const others = start.without(tag(child.ns, child.name)).elements;
            assert.ok(others.every((other) => other.name !== child.name || other.ns !== child.ns));
          }
        }
      },
    ),
  );
});

test("text survives as bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(200), (original, times) => {
      const long = original.repeat(times);
      const bytes = toBytes(long);
      assert.equal(bytes, Buffer.from(long, "utf8").toString("latin1"));
      assert.equal(fromBytes(bytes), long);
      assert.ok(isUtf8(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (array) => {
      const bytes = Buffer.from(array).toString("latin1");
      const valid = toBytes(new TextDecoder("utf-8", { ignoreBOM: true }).decode(array)) === bytes;
      assert.equal(isUtf8(bytes), valid);
      assert.equal(fromBytes(bytes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(array));
    }),
    { numRuns: 5000 },
  );
});
