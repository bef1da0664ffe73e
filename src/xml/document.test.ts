import assert from "node:assert/strict";
import { test } from "node:test";
import { oracle } from "#test/fuzz/xml-oracle.ts";
import { fromBytes, toBytes } from "./bytes.ts";
import { type XmlCondition, XmlError } from "./error.ts";
import { generous } from "./limits.ts";
import { parseDocument, parseText } from "./parser.ts";

const accepted = [
  `<a/>`,
  `<a />`,
  `<a></a>`,
  `<a></a >`,
  `<a\n\tb = 'c'\r\nd="e'f"\n/>`,
  `<a b='x"y' c="x'y"/>`,
  `<a>t<b/>u<c>v</c>w</a>`,
  `<a>&lt;&gt;&amp;&apos;&quot;</a>`,
  `<a b='&lt;&gt;&amp;&apos;&quot;'/>`,
  `<a>&#65;&#x42;&#x1F600;&#xe9;&#000065;</a>`,
  `<a>line\r\nline\rline\n</a>`,
  `<a b='1\r\n2\r3\n4\t5 6'/>`,
  `<a b='&#13;&#10;&#9;'>&#13;&#10;</a>`,
  `<a><![CDATA[<b>&amp;]] ]> ]]></a>`,
  `<a>x<![CDATA[]]>y<![CDATA[]]]]><![CDATA[>]]></a>`,
  `<a><![CDATA[1\r\n2\r3]]>\r<![CDATA[\n]]></a>`,
  `<a>]] > ]>> ]</a>`,
  `<a xmlns='u'><b xmlns=''><c/></b><d xmlns='v'/></a>`,
  `<p:a xmlns:p='u' p:b='1' b='2'><p:c xmlns:p='v'><p:d/></p:c><p:e/></p:a>`,
  `<a p:b='1' xmlns:p='u'/>`,
  `<a xmlns='a&amp;b' xmlns:p='&#x75;'><p:b/></a>`,
  `<p:a xmlns:p='u' xmlns='v'><b/><p:c/></p:a>`,
  `<a xml:lang='fr' xml:space='preserve'><xml:b/></a>`,
  `<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='fr'/>`,
  `<a xmlns:p='u' xmlns:q='u'><b p:x='1' q:y='2' x='3'/></a>`,
  `<été à='ç' _b-.1='x'>œ</été>`,
  `<x·y/>`,
  `<\u{10000}/>`,
  `<a>\u{1F469}\u200D\u{1F4BB} \uFFFD \u0085\u2028</a>`,
  `<constructor __proto__='1' constructor='2' toString='3'><__proto__/></constructor>`,
];

test("accepts what is well-formed, and sees in it what saxes sees", () => {
  for (const text of accepted) {
    const element = parseText(text);
    const expected = oracle(text);
    assert.ok(element.equals(expected), `${text}: ${element} instead of ${expected}`);
    assert.ok(parseText(String(element)).equals(expected), `${text} written as ${element}`);
  }
});

const refused: readonly (readonly [XmlCondition, readonly string[]])[] = [
  [
    "not-well-formed",
    [
      `<a>`,
      `<a`,
      `<a b`,
      `<a b=`,
      `<a b='`,
      `<a b='c`,
      `<a><b></a></b>`,
      `<a></b>`,
      `<a></ab>`,
      `<ab></a>`,
      `<p:a xmlns:p='u' xmlns:q='u'></q:a>`,
      `<a></ a>`,
      `<a></a b='1'>`,
      `< a/>`,
      `<1a/>`,
      `<-a/>`,
      `<.a/>`,
      `<·a/>`,
      `<:a/>`,
      `<a:/>`,
      `<a:b:c xmlns:a='u'/>`,
      `<a :b='1'/>`,
      `<a b:='1'/>`,
      `<a / >`,
      `<a/ >`,
      `<a//>`,
      `<a b=c/>`,
      `<a b/>`,
      `<a b='1'c='2'/>`,
      `<a b='1' b='2'/>`,
      `<a b='<'/>`,
      `<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>`,
      `<a xmlns='u' xmlns='v'/>`,
      `<a xmlns:p='u' xmlns:p='u'/>`,
      `<a>&</a>`,
      `<a>& b;</a>`,
      `<a>&amp</a>`,
      `<a b='&amp'/>`,
      `<a>&;</a>`,
      `<a>&#;</a>`,
      `<a>&#x;</a>`,
      `<a>&#X41;</a>`,
      `<a>&#4a;</a>`,
      `<a>&#65</a>`,
      `<a>&#0;</a>`,
      `<a>&#1;</a>`,
      `<a>&#xD800;</a>`,
      `<a>&#xFFFE;</a>`,
      `<a>&#x110000;</a>`,
      `<a>&#99999999999999999999;</a>`,
      `<a b='&#8;'/>`,
      `<a>\0</a>`,
      `<a>\x1f</a>`,
      `<a b='\x0b'/>`,
      `<a><![CDATA[\x01]]></a>`,
      `<a>\uFFFE</a>`,
      `<a>\uFFFF</a>`,
      `<a b='\uFFFF'/>`,
      `<a>]]></a>`,
      `<a>]]]></a>`,
      `<a><![CDATA[x]]</a>`,
      `<a\u00D7/>`,
      `<a \u2003b='1'/>`,
      `<a\u00A0b='1'/>`,
      `</a>`,
      `<>`,
      `<></>`,
    ],
  ],
  [
    "restricted-xml",
    [
      `<a><!-- b --></a>`,
      `<a><?b c?></a>`,
      `<!DOCTYPE a><a/>`,
      `<!-- b --><a/>`,
      `<?xml version='1.0'?><a/>`,
      `<a>&b;</a>`,
      `<a b='&nbsp;'/>`,
      `<a><![cdata[x]]></a>`,
      `<a><!ENTITY b 'c'></a>`,
    ],
  ],
  [
    "bad-namespace-prefix",
    [
      `<p:a/>`,
      `<a p:b='1'/>`,
      `<a><p:b xmlns:p='u'/><p:c/></a>`,
      `<a xmlns:p=''/>`,
      `<a xmlns:p='u'><b xmlns:p=''/></a>`,
      `<a xmlns:xml='u'/>`,
      `<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>`,
      `<a xmlns='http://www.w3.org/XML/1998/namespace'/>`,
      `<a xmlns:xmlns='u'/>`,
      `<a xmlns:p='http://www.w3.org/2000/xmlns/'/>`,
      `<a xmlns='http://www.w3.org/2000/xmlns/'/>`,
      `<xmlns:a/>`,
    ],
  ],
  ["bad-format", [``, `a`, `<a/>b`, `<a/><b/>`, `<a/></a>`, `b<a/>`]],
];

function conditionOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof XmlError) return error.condition;
    throw error;
  }
  return "accepted";
}

test("refuses what is not XML for a stream, with the condition of RFC 6120", () => {
  for (const [condition, texts] of refused) {
    for (const text of texts) {
      assert.equal(
        conditionOf(() => parseText(text)),
        condition,
        text,
      );
    }
  }
});

test("refuses it in a grandchild as well, where the tree is built later", () => {
  for (const [condition, texts] of refused) {
    if (condition === "bad-format") continue;
    for (const text of texts) {
      if (text.startsWith("<?") || text.startsWith("</")) continue;
      assert.notEqual(
        conditionOf(() => parseText(`<m><n>${text}</n></m>`)),
        "accepted",
        text,
      );
    }
  }
});

test("refuses bytes that are not UTF-8", () => {
  const wrong = [
    "\x80",
    "\xc3",
    "\xc0\xaf",
    "\xc1\xbf",
    "\xe0\x80\xaf",
    "\xe0\x9f\xbf",
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xff",
    "\xe2\x82",
    "\u0153", // not a byte at all
    "\xc3\u01a9",
  ];
  for (const bytes of wrong) {
    const places = [
      `<a>${bytes}</a>`,
      `<a b='${bytes}'/>`,
      `<a${bytes}/>`,
      `<a><![CDATA[${bytes}]]></a>`,
      `<a>${bytes}`,
    ];
    for (const place of places) {
      assert.equal(
        conditionOf(() => parseDocument(place, generous)),
        "not-well-formed",
        place,
      );
    }
  }
  assert.equal(
    parseDocument("<a>\xf4\x8f\xbf\xbd\xed\x9f\xbf\xee\x80\x80</a>", generous).text,
    "\u{10FFFD}\uD7FF\uE000",
  );
});

test("keeps to the limits", () => {
  const limits = { stanzaBytes: 1000, depth: 3, attributes: 2, elements: 4 };
  const check = (text: string): string => conditionOf(() => parseDocument(toBytes(text), limits));
  assert.equal(check(`<a>${"x".repeat(993)}</a>`), "accepted");
  assert.equal(check(`<a>${"x".repeat(994)}</a>`), "policy-violation");
  assert.equal(check(`<a>${"é".repeat(497)}</a>`), "policy-violation");
  assert.equal(check(`<a><b><c/></b></a>`), "accepted");
  assert.equal(check(`<a><b><c><d/></c></b></a>`), "policy-violation");
  assert.equal(check(`<a b='1' xmlns='2'/>`), "accepted");
  assert.equal(check(`<a b='1' xmlns='2' c='3'/>`), "policy-violation");
  assert.equal(check(`<a><b><c b='1' d='2' e='3'/></b></a>`), "policy-violation");
  assert.equal(check(`<a><b/><b/><b/></a>`), "accepted");
  assert.equal(check(`<a><b/><b/><b/><b/></a>`), "policy-violation");
  const prefixes = Array.from({ length: 300 }, (_, index) => ` xmlns:p${index}='u'`).join("");
  assert.equal(
    conditionOf(() => parseText(`<a${prefixes}/>`)),
    "policy-violation",
  );
});

test("builds and writes a tree as deep as the limit lets it be", () => {
  const depth = 10_000;
  const text = `${"<a>".repeat(depth)}x${"</a>".repeat(depth)}`;
  let element = parseText(text).append("y");
  const copy = parseText(text).append("y");
  assert.ok(element.equals(copy));
  assert.equal(element.toString(), `${text.slice(0, -4)}y</a>`);
  assert.equal(element.compact().toString(), element.toString());
  for (let level = 1; level < depth; level++) element = element.elements[0]!;
  assert.equal(element.text, "x");
});

test("decodes text and attributes", () => {
  const element = parseText(`<a b='1\r\n2\r3\n4\t5&#10;é'>\r\n&#13;\u{1F600}<![CDATA[\r&amp;]]><b/>z</a>`);
  assert.equal(element.attrs.b, "1 2 3 4 5\né");
  assert.deepEqual(element.children[0], "\n\r\u{1F600}\n&amp;");
  assert.equal(element.text, "\n\r\u{1F600}\n&amp;z");
});

test("white space after a document is passed over, before it is not", () => {
  assert.equal(parseDocument("<a/> \r\n", generous).name, "a");
  assert.equal(
    conditionOf(() => parseDocument(" <a/>", generous)),
    "bad-format",
  );
  assert.equal(fromBytes(parseText(" <a/> ").wire()), "<a/>");
});
