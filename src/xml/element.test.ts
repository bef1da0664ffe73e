import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fromBytes, isUtf8, toBytes } from "./bytes.ts";
import { tag } from "./element.ts";
import { parseText } from "./parser.ts";

const client = "jabber:client";
const message = tag(client, "message");
const body = tag(client, "body");
const active = tag("http://jabber.org/protocol/chatstates", "active");

test("a tag names and builds", () => {
  assert.equal(message.ns, client);
  assert.equal(message.name, "message");
  const built = message({ to: "a", from: undefined }, body({}, "Hi"), active());
  assert.equal(
    built.toString(client),
    "<message to='a'><body>Hi</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  assert.ok(built.is(message) && !built.is(body) && !built.is(tag("", "message")));
  assert.throws(() => tag("", "a b"), TypeError);
  assert.throws(() => tag("", ""), TypeError);
  assert.throws(() => tag("", "a:b"), TypeError);
});

test("an attribute nobody gave is undefined, whatever its name", () => {
  for (const element of [message(), parseText("<a/>"), parseText("<a><b/></a>").elements[0]!, message().compact()]) {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      assert.equal(element.attrs[name], undefined, name);
      assert.equal(element.with({ a: "1" }).attrs[name], undefined, name);
    }
  }
  const changed = message().with(Object.fromEntries([["__proto__", "1"]]));
  assert.equal(Object.entries(changed.attrs).flat().join(), "__proto__,1");
  assert.equal(changed.with({ constructor: "2" }).toString(client), "<message __proto__='1' constructor='2'/>");
});

test("finds children", () => {
  const element = parseText(
    `<message xmlns='${client}'>a<body>1</body>b<x xmlns='u'/><body xmlns='u'>3</body><body xml:lang='fr'>2</body></message>`,
  );
  assert.equal(element.child(body)?.text, "1");
  assert.deepEqual(
    element.all(body).map((found) => found.text),
    ["1", "2"],
  );
  assert.equal(element.child(active), undefined);
  assert.equal(element.text, "ab");
  assert.equal(element.elements.length, 4);
  assert.equal(element.children.length, 6);
  assert.equal(element.all(body)[1]?.attrs["xml:lang"], "fr");
});

test("changes make new elements and leave the old one as it is", () => {
  const text = `<message xmlns='${client}' to='a'>x<body>1</body><active xmlns='${active.ns}'/>y<active xmlns='${active.ns}'/>z</message>`;
  for (const element of [
    parseText(text),
    parseText(text).compact(),
    message({ to: "a" }, ...parseText(text).children),
  ]) {
    assert.equal(element.with({ to: "b", id: "1" }).attrs.to, "b");
    assert.equal(element.with({ to: undefined }).attrs.to, undefined);
    assert.equal(element.without(active).toString(client), "<message to='a'>x<body>1</body>yz</message>");
    assert.equal(element.without(active).children.length, 3);
    assert.equal(element.without(tag("u", "none")), element);
    assert.equal(element.append(), element);
    assert.equal(element.append("!", body(), "?").append("", ".").children.at(-1), "?.");
    assert.equal(element.append("!").children.at(-1), "z!");
    assert.equal(element.holding("only").toString(client), "<message to='a'>only</message>");
    assert.ok(element.equals(parseText(text)));
  }
});

test("children hold no empty and no neighbouring texts", () => {
  assert.deepEqual(body({}, "a", "", "b", "").children, ["ab"]);
  assert.deepEqual(body({}, "").children, []);
  assert.equal(body({}, "", "").toString(client), "<body/>");
});

test("namespaces are declared only where they change", () => {
  const a = tag("u", "a");
  const b = tag("v", "b");
  const none = tag("", "c");
  const tree = a({}, a(), b({}, a(), b(), none({}, none(), a())));
  assert.equal(
    tree.toString(),
    "<a xmlns='u'><a/><b xmlns='v'><a xmlns='u'/><b/><c xmlns=''><c/><a xmlns='u'/></c></b></a>",
  );
  assert.equal(tree.toString("u"), tree.toString().replace(" xmlns='u'", ""));
  assert.equal(none().toString(), "<c/>");
  assert.equal(none().toString("u"), "<c xmlns=''/>");
  assert.equal(tag("a&'<b", "x")().toString(), "<x xmlns='a&amp;&apos;&lt;b'/>");
});

test("escapes what XML would read otherwise, and replaces what it cannot hold", () => {
  const odd = `&<>"'\t\n\r]]>\u00e9\u{1F600}`;
  const lost = "\0\x01\x1f\uFFFE\uFFFF\uD800\uDC00\uD800 \uDC00";
  const element = body({ a: odd, b: lost }, odd, lost);
  assert.equal(
    element.toString(client),
    `<body a='&amp;&lt;&gt;"&apos;&#9;&#10;&#13;]]&gt;\u00e9\u{1F600}' b='\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\u{10000}\uFFFD \uFFFD'>` +
      `&amp;&lt;&gt;"'\t\n&#13;]]&gt;\u00e9\u{1F600}\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\u{10000}\uFFFD \uFFFD</body>`,
  );
  const read = parseText(element.toString());
  assert.equal(read.attrs.a, odd);
  assert.equal(read.text.slice(0, odd.length), odd);
  assert.equal(element.wire(client), toBytes(element.toString(client)));
});

test("an attribute name that cannot be one is a bug of the caller", () => {
  for (const key of ["a b", "", "a='1' b", "xmlns", "xmlns:a", "a:b", "{u}", "{u}a b", "{u}xml:lang", "{u}a:b"]) {
    assert.throws(() => body({ [key]: "1" }).toString(), TypeError, key);
  }
});

test("namespaced attributes get prefixes", () => {
  const element = body({
    "{u}a": "1",
    "{v}a": "2",
    "xml:lang": "fr",
    "{http://www.w3.org/XML/1998/namespace}space": "x",
  });
  assert.equal(
    element.toString(client),
    "<body xmlns:ns1='u' ns1:a='1' xmlns:ns2='v' ns2:a='2' xml:lang='fr' xml:space='x'/>",
  );
  assert.ok(parseText(element.toString()).equals(element));
  const taken = parseText("<a xmlns:ns1='u' ns1:b='1'><ns1:c/></a>").with({ "{v}d": "2" });
  assert.equal(taken.toString(), "<a xmlns:ns1='u' xmlns:ns2='u' ns2:b='1' xmlns:ns3='v' ns3:d='2'><ns1:c/></a>");
});

test("equal means the same names, attributes and children", () => {
  const element = parseText("<p:a xmlns:p='u' b='1' c='2'>x<p:d/></p:a>");
  assert.ok(element.equals(parseText("<a c=\"2\" b='1' xmlns='u'>&#x78;<d></d></a>")));
  const others = [
    "<a xmlns='v' b='1' c='2'>x<d xmlns='u'/></a>",
    "<b xmlns='u' b='1' c='2'>x<d/></b>",
    "<a xmlns='u' b='1'>x<d/></a>",
    "<a xmlns='u' b='1' c='2' e=''>x<d/></a>",
    "<a xmlns='u' b='1' c='3'>x<d/></a>",
    "<a xmlns='u' b='1' c='2'>y<d/></a>",
    "<a xmlns='u' b='1' c='2'>x<d/>y</a>",
    "<a xmlns='u' b='1' c='2'>x<d e='1'/></a>",
    "<a xmlns='u' b='1' c='2'><d/>x</a>",
  ];
  for (const other of others) assert.ok(!element.equals(parseText(other)), other);
});

test("a compact element equals its original, from the stream or made", () => {
  const text = `<message xmlns='${client}' to='a'><body xml:lang='fr'>\u00e9t\u00e9 &amp; \r hiver</body><x xmlns='u' a='1'>t<y/></x></message>`;
  const parsed = parseText(text);
  for (const element of [
    parsed,
    parsed.elements[1]!,
    parsed.elements[1]!.elements[0]!,
    message({}, parsed),
    message(),
  ]) {
    assert.ok(element.compact().equals(element));
    assert.equal(element.compact().compact().toString(), element.compact().toString());
    assert.equal(element.compact().with({ b: "1" }).attrs.b, "1");
  }
});

test("text and bytes", () => {
  const pairs = [
    ["", ""],
    ["abc", "abc"],
    ["é", "\xc3\xa9"],
    ["\u07FF\u0800\uFFFF", "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"],
    ["a\u{1F600}b", "a\xf0\x9f\x98\x80b"],
    ["\uFEFFa", "\xef\xbb\xbfa"],
  ] as const;
  for (const [text, bytes] of pairs) {
    for (const times of [1, 100, 5000]) {
      assert.equal(toBytes(text.repeat(times)), bytes.repeat(times));
      assert.equal(fromBytes(bytes.repeat(times)), text.repeat(times));
      assert.ok(isUtf8(bytes.repeat(times)));
    }
  }
  assert.equal(toBytes("a\uD800"), "a\xef\xbf\xbd");
  assert.equal(toBytes("\uDC00b"), "\xef\xbf\xbdb");
  for (const wrong of ["\x80", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\u0153"]) {
    assert.ok(!isUtf8(wrong), wrong);
    assert.match(fromBytes(wrong), /\uFFFD/);
  }
});

test("a compact element does not keep the read it came from alive", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const filler = "x".repeat(1 << 19);
  const kept = Array.from({ length: 80 }, (_, index) => {
    const text = `<a><b to='someone-${index}@example.com'><c>kept, and long enough to be a slice</c></b>${filler}</a>`;
    return parseText(Buffer.from(text).toString("latin1")).elements[0]!.compact();
  });
  collect();
  assert.ok(process.memoryUsage().heapUsed < 30 << 20, `${process.memoryUsage().heapUsed} bytes`);
  assert.equal(kept[7]?.attrs.to, "someone-7@example.com");
  assert.equal(kept[7]?.elements[0]?.text, "kept, and long enough to be a slice");
});
