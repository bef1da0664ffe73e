/**
 * Mutated XML: the parser refuses it with an XmlError, or accepts what saxes accepts too and sees the same in it; it keeps
 * its limits, and chunks do not matter. FUZZ_RUNS sets the number of mutants, FUZZ_SEED the first seed.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromBytes, isUtf8, toBytes } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { XmlError } from "#xml/error.ts";
import { type Limits, Parser, parseDocument } from "#xml/parser.ts";
import { agrees } from "./xml-oracle.ts";

const seeds = readFileSync(new URL("./seeds/xeps.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n----\n")
  .map(toBytes);
const runs = Number(process.env.FUZZ_RUNS ?? 20_000);
const firstSeed = Number(process.env.FUZZ_SEED ?? 1);
const limits: Limits = { stanzaBytes: 5000, depth: 12, attributes: 12, elements: 100 };

/** What makes trouble in XML. */
const tokens = [
  ...[
    "<",
    ">",
    "/>",
    "</",
    "</a>",
    "<a>",
    "<a/>",
    "<a b='",
    "'",
    '"',
    "&",
    ";",
    "&#",
    "&#x",
    "&amp;",
    "&lt;",
    "&#0;",
    "&#xD800;",
  ],
  ...[
    "&#x10FFFF;",
    "&#xFFFE;",
    "&b;",
    "]]>",
    "<![CDATA[",
    "<![CDATA[]]>",
    "<!--",
    "-->",
    "<!DOCTYPE a>",
    "<?xml version='1.0'?>",
  ],
  ...[
    "<?a?>",
    " xmlns='u'",
    " xmlns=''",
    " xmlns:p='u'",
    " xmlns:p=''",
    " p:a='1'",
    " q:a='1'",
    "p:",
    ":",
    "xml:",
    "xmlns:",
  ],
  ...[
    " xmlns:q='u'",
    "<p:a xmlns:p='u'/>",
    " xml:lang='fr'",
    " a='1'",
    " a='1' a='2'",
    "=",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\0",
  ],
  ...[
    "\x01",
    "\x7f",
    "\x80",
    "\xc2\x85",
    "\xc3",
    "\xc3\xa9",
    "\xe2\x80\xa8",
    "\xed\xa0\x80",
    "\xef\xbf\xbe",
    "\xef\xbf\xbd",
  ],
  ...[
    "\xef\xbb\xbf",
    "\xf0\x9f\x98\x80",
    "\xf4\x90\x80\x80",
    "\xff",
    "</stream:stream>",
    "<stream:stream>",
    "<stream:a/>",
  ],
  ...["__proto__", "constructor", "-", ".", "0", "\xc2\xb7", "[", "]", "]]", "!", "?"],
];

/** A small generator of numbers from 0 to below a bound (mulberry32): the same seed gives the same mutants. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(bytes: string, random: (below: number) => number): string {
  const from = random(bytes.length + 1);
  const to = Math.min(bytes.length, from + random(random(2) === 0 ? 4 : 60));
  const other = seeds[random(seeds.length)]!;
  switch (random(7)) {
    case 0:
      return bytes.slice(0, from) + String.fromCharCode(random(256)) + bytes.slice(from + 1);
    case 1:
      return bytes.slice(0, from) + bytes.slice(to);
    case 2:
      return bytes.slice(0, to) + bytes.slice(from);
    case 3: {
      const at = random(other.length);
      return bytes.slice(0, from) + other.slice(at, at + random(80)) + bytes.slice(to);
    }
    case 4: {
      const repeated = bytes.slice(from, to).repeat(random(40));
      return bytes.slice(0, from) + repeated + bytes.slice(from);
    }
    default:
      return bytes.slice(0, from) + tokens[random(tokens.length)] + bytes.slice(from);
  }
}

function accepted(bytes: string): Element | undefined {
  try {
    return parseDocument(bytes, limits);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

function measure(element: Element): { depth: number; elements: number; attributes: number } {
  let depth = 0;
  let elements = 1;
  let attributes = Object.keys(element.attrs).length;
  for (const child of element.elements) {
    const inner = measure(child);
    depth = Math.max(depth, inner.depth);
    elements += inner.elements;
    attributes = Math.max(attributes, inner.attributes);
  }
  return { depth: depth + 1, elements, attributes };
}

/** What a stream makes of the bytes: the elements, and "closed" or the condition at the end. */
function stream(header: string, bytes: string, chunk: number): { elements: Element[]; end: string } {
  const parser = new Parser(limits);
  const elements: Element[] = [];
  try {
    parser.push(header);
    parser.next();
    for (let at = 0; at < bytes.length; at += chunk) {
      parser.push(bytes.slice(at, at + chunk));
      for (let next = parser.next(); next !== undefined; next = parser.next()) {
        if (next === "closed") return { elements, end: next };
        elements.push(next);
        assert.ok(elements.length <= bytes.length);
      }
      assert.ok(parser.buffered <= limits.stanzaBytes);
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    assert.throws(() => parser.next(), error);
    return { elements, end: error.condition };
  }
  return { elements, end: `waiting with ${parser.buffered}` };
}

function checkDocument(bytes: string): boolean {
  const element = accepted(bytes);
  if (element === undefined) return false;
  assert.ok(isUtf8(bytes));
  assert.ok(agrees(element, fromBytes(bytes)), "sees something else than saxes");
  const size = measure(element);
  assert.ok(size.depth <= limits.depth && size.elements <= limits.elements && size.attributes <= limits.attributes);
  for (const copy of [element.with({ id: "x" }), element.append("x"), ...element.elements]) {
    assert.ok(agrees(copy, copy.toString()), "is not written as it is");
  }
  return true;
}

const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='u'>";

function checkStream(bytes: string, chunk: number): void {
  const whole = stream(header, bytes, bytes.length);
  const cut = stream(header, bytes, chunk);
  assert.equal(cut.elements.length, whole.elements.length);
  // A piece can be refused for its size before the end shows what else is wrong.
  if (cut.end !== "policy-violation" && whole.end !== "policy-violation") assert.equal(cut.end, whole.end);
  for (const [index, element] of whole.elements.entries()) {
    assert.ok(element.equals(cut.elements[index]!));
    assert.ok(agrees(element, element.toString()), "is not written as it is");
  }
}

test("mutated examples of the XEPs", () => {
  let passed = 0;
  for (let run = 0; run < runs; run++) {
    const random = generator(firstSeed + run);
    let bytes = seeds[random(seeds.length)]!;
    for (let count = random(4); count >= 0; count--) bytes = mutate(bytes, random);
    try {
      if (checkDocument(bytes)) passed++;
      checkStream(random(2) === 0 ? bytes : `${bytes}\n${seeds[random(seeds.length)]}`, 1 + random(40));
    } catch (error) {
      throw new Error(`FUZZ_SEED=${firstSeed + run} FUZZ_RUNS=1: ${JSON.stringify(bytes)}`, { cause: error });
    }
  }
  // Both outcomes must be common, or the mutants test nothing.
  if (runs >= 100) assert.ok(passed > runs / 20 && passed < (runs * 19) / 20, `${passed} of ${runs} accepted`);
});

test("the examples themselves", () => {
  for (const seed of seeds) {
    const element = parseDocument(seed, { stanzaBytes: 10_000, depth: 100, attributes: 100, elements: 1000 });
    assert.ok(agrees(element, fromBytes(seed)), seed);
    assert.ok(agrees(element, element.toString()), seed);
    const { elements } = stream(header, seed, 1);
    assert.ok(elements.length <= 1);
  }
});
