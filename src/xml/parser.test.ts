import assert from "node:assert/strict";
import { test } from "node:test";
import { type Element, tag } from "./element.ts";
import { XmlError } from "./error.ts";
import { type Limits, Parser } from "./parser.ts";

const limits: Limits = { stanzaBytes: 10_000, depth: 20, attributes: 20, elements: 100 };
const streams = "http://etherx.jabber.org/streams";
const opening = `<stream:stream xmlns='jabber:client' xmlns:stream='${streams}' to='example.com' version='1.0'>`;

/** A parser that has read a stream header. */
function opened(header = opening, options: ConstructorParameters<typeof Parser>[1] = {}): Parser {
  const parser = new Parser(limits, options);
  parser.push(header);
  assert.ok(typeof parser.next() === "object");
  return parser;
}

function element(parser: Parser): Element {
  const next = parser.next();
  assert.ok(typeof next === "object", String(next));
  return next;
}

function conditionOf(parser: Parser): string {
  try {
    const next = parser.next();
    return next === undefined ? "waiting" : next === "closed" ? "closed" : "accepted";
  } catch (error) {
    assert.ok(error instanceof XmlError, String(error));
    return error.condition;
  }
}

test("gives the header, the elements, and the end", () => {
  const parser = new Parser(limits);
  parser.push(`<?xml version='1.0'?>\n${opening}<message><body>Hi</body></message> \n<iq/></stream:stream>`);
  const header = element(parser);
  assert.equal(header.name, "stream");
  assert.equal(header.ns, streams);
  assert.deepEqual({ ...header.attrs }, { to: "example.com", version: "1.0" });
  assert.equal(header.children.length, 0);
  assert.equal(parser.scope, "jabber:client");
  assert.equal(element(parser).toString("jabber:client"), "<message><body>Hi</body></message>");
  assert.equal(element(parser).ns, "jabber:client");
  assert.equal(parser.next(), "closed");
  assert.equal(parser.next(), "closed");
  parser.push("<iq/>");
  assert.equal(parser.next(), "closed");
  assert.equal(parser.buffered, 0);
});

test("waits for bytes wherever the stream is cut", () => {
  const text = `\xef\xbb\xbf<?xml version="1.0" encoding='utf-8'?> ${opening} <message a="/>" b='">'><body>]]&gt;<![CDATA[</body>]]]></body><x/></message>\n<iq a='b'/></stream:stream >`;
  const parser = new Parser(limits);
  const seen: string[] = [];
  for (const byte of text) {
    parser.push(byte);
    for (let next = parser.next(); next !== undefined; next = parser.next()) {
      seen.push(next.toString());
      if (next === "closed") break;
    }
  }
  assert.deepEqual(seen, [
    `<stream xmlns='${streams}' to='example.com' version='1.0'/>`,
    `<message xmlns='jabber:client' a='/&gt;' b='"&gt;'><body>]]&gt;<![CDATA[</body>]]]></body><x/></message>`,
    `<iq xmlns='jabber:client' a='b'/>`,
    "closed",
  ]);
});

test("refuses what may not stand in a stream, as soon as it can tell", () => {
  const refused = {
    "bad-format": ["text", "&amp;", "<![CDATA[x", "\xef\xbb\xbf"],
    "restricted-xml": ["<!-", "<?", "<?xml version='1.0'?>", "<!DOCTYPE", "<a><!E", "<a><?", "<a b='1'><![CDATAX"],
    "not-well-formed": [
      "<a <",
      "</stream>",
      "</stream:strea>",
      "</x:stream>",
      "</stream:stream\xa0>",
      "</stream:stream\x0b>",
      "</ stream:stream>",
      "<a></b>",
      "<a><b></a></b>",
      "<a>\x80</a>",
    ],
    "bad-namespace-prefix": ["<p:a/>", "<a><p:b/></a>"],
  };
  for (const [condition, texts] of Object.entries(refused)) {
    for (const text of texts) {
      const parser = opened();
      parser.push(text);
      assert.equal(conditionOf(parser), condition, text);
    }
  }
});

test("stays refused", () => {
  const parser = opened();
  parser.push("text<iq/>");
  assert.equal(conditionOf(parser), "bad-format");
  parser.push("<iq/>");
  assert.equal(conditionOf(parser), "bad-format");
  assert.equal(parser.buffered, 0);
});

test("checks the XML declaration", () => {
  const check = (text: string): string => {
    const parser = new Parser(limits);
    parser.push(text + opening);
    return conditionOf(parser);
  };
  assert.equal(check(""), "accepted");
  assert.equal(check("\xef\xbb\xbf"), "accepted");
  assert.equal(check(" \n"), "accepted");
  assert.equal(check("<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"), "accepted");
  assert.equal(check('<?xml version="1.0" standalone="no"?>'), "accepted");
  assert.equal(check("<?xml version='1.0' encoding='ISO-8859-1'?>"), "unsupported-encoding");
  assert.equal(check("<?xml version='1.0' encoding='UTF-16'?>"), "unsupported-encoding");
  assert.equal(check("<?xml version='1.1'?>"), "not-well-formed");
  assert.equal(check("<?xml encoding='UTF-8'?>"), "not-well-formed");
  assert.equal(check("<?xml version='1.0' encoding='UTF-8\"?>"), "not-well-formed");
  assert.equal(check("<?xml version='1.0' standalone='maybe'?>"), "not-well-formed");
  assert.equal(check(" <?xml version='1.0'?>"), "restricted-xml");
  assert.equal(check("<?xml version='1.0'?><?xml version='1.0'?>"), "restricted-xml");
  assert.equal(check("<?php version='1.0'?>"), "restricted-xml");
  assert.equal(check("\xef\xbb\xbf\xef\xbb\xbf"), "bad-format");
  assert.equal(check("\xef\xbb"), "bad-format");
  assert.equal(check("\xfe\xff"), "bad-format");
});

test("bounds everything before it is buffered", () => {
  const endless = ["<a b='", "<a>text", "<a><![CDATA[", "<a ", "<a></a", "<"];
  for (const text of endless) {
    const parser = opened();
    parser.push(text);
    let found = conditionOf(parser);
    for (let count = 0; found === "waiting" && count < 200; count++) {
      parser.push("x".repeat(100));
      found = conditionOf(parser);
      assert.ok(parser.buffered <= limits.stanzaBytes, text);
    }
    assert.equal(found, "policy-violation", text);
  }
  for (const text of ["<stream:stream ", "<?xml ", " ", "<stream:stream a='", " \n<stream:stream"]) {
    const parser = new Parser(limits);
    parser.push(text);
    let found = conditionOf(parser);
    for (let count = 0; found === "waiting" && count < 200; count++) {
      parser.push(" ".repeat(100));
      found = conditionOf(parser);
    }
    assert.equal(found, "policy-violation", text);
  }
  const parser = opened();
  parser.push(`<a>${"x".repeat(limits.stanzaBytes)}</a>`);
  assert.equal(conditionOf(parser), "policy-violation");
});

test("white space between elements is passed over and not kept", () => {
  const parser = opened();
  for (let count = 0; count < 1000; count++) {
    parser.push(" \r\n\t".repeat(100));
    assert.equal(parser.next(), undefined);
    assert.equal(parser.buffered, 0);
  }
  parser.push("<iq/>");
  assert.equal(element(parser).name, "iq");
});

test("new limits hold from the next element on", () => {
  const parser = opened();
  const large = `<a>${"x".repeat(limits.stanzaBytes)}</a>`;
  parser.limits = { ...limits, stanzaBytes: large.length };
  parser.push(large);
  assert.equal(element(parser).text.length, limits.stanzaBytes);
  parser.limits = limits;
  parser.push(large);
  assert.equal(conditionOf(parser), "policy-violation");
});

test("a new stream keeps what was not read, and declares its own prefixes", () => {
  const parser = opened();
  parser.push(`<auth/>\n<?xml version='1.0'?><s:stream xmlns='jabber:client' xmlns:s='${streams}'><s:a/>`);
  assert.equal(element(parser).name, "auth");
  parser.reset();
  assert.equal(parser.scope, "");
  assert.equal(element(parser).name, "stream");
  assert.equal(element(parser).ns, streams);
  parser.push("<stream:a/>");
  assert.equal(conditionOf(parser), "bad-namespace-prefix");
});

test("a new stream takes over an element that had begun", () => {
  const parser = opened();
  for (const piece of ["<auth/>", "<stream:str", "eam xmlns:str", `eam='${streams}'`]) parser.push(piece);
  assert.equal(element(parser).name, "auth");
  assert.equal(parser.next(), undefined);
  const before = parser.buffered;
  parser.reset();
  assert.equal(parser.buffered, before);
  parser.push(" to='b'>");
  assert.equal(element(parser).attrs.to, "b");
});

test("what came before a handshake can be thrown away", () => {
  const parser = opened();
  parser.push("<starttls/><injected/><more");
  assert.equal(element(parser).name, "starttls");
  assert.equal(parser.buffered, 16);
  assert.equal(parser.discard(), 16);
  assert.equal(parser.buffered, 0);
  parser.reset();
  parser.push(opening);
  assert.equal(element(parser).name, "stream");
  assert.equal(parser.discard(), 0);
});

test("a stream that is closed in its header is closed", () => {
  const parser = new Parser(limits);
  parser.push(`<stream:stream xmlns:stream='${streams}'/><more/>`);
  assert.equal(element(parser).name, "stream");
  assert.equal(parser.buffered, 0);
  assert.equal(parser.next(), "closed");
});

test("elements written elsewhere take the prefixes of the stream header along", () => {
  const parser = opened(`<stream:stream xmlns='jabber:client' xmlns:stream='${streams}' xmlns:p='urn:p'>`);
  parser.push(`<message p:a='1'><p:b><c p:d='2'/><p:e/></p:b><f/><g><p:h/></g></message>`);
  const message = element(parser);
  const [b, f, g] = message.elements;
  assert.ok(b !== undefined && f !== undefined && g !== undefined);
  assert.equal(f.toString("jabber:client"), "<f/>");
  assert.equal(g.toString("jabber:client"), "<g xmlns:p='urn:p'><p:h/></g>");
  assert.equal(message.attrs["{urn:p}a"], "1");
  const plain = new Parser(limits);
  plain.push(`<stream xmlns='jabber:client'>`);
  element(plain);
  for (const original of [message, message.with({ to: "x" }), b, b.with({ to: "x" }), g, message.append("x")]) {
    plain.push(original.wire("jabber:client"));
    assert.ok(element(plain).equals(original), original.toString());
    assert.ok(original.compact().equals(original));
  }
});

test("declarations on an element stay with its content", () => {
  const parser = opened();
  parser.push(`<message xmlns:p='urn:p'><p:b/><c p:d='1'><p:e/></c></message>`);
  const message = element(parser);
  const changed = message.with({ to: "x" });
  assert.equal(
    changed.toString("jabber:client"),
    "<message xmlns:p='urn:p' to='x'><p:b/><c p:d='1'><p:e/></c></message>",
  );
  assert.equal(
    message.elements[1]!.toString("jabber:client"),
    "<c xmlns:p='urn:p' xmlns:ns1='urn:p' ns1:d='1'><p:e/></c>",
  );
});

test("reads server streams as client streams", () => {
  const contentNamespace = { from: "jabber:server", to: "jabber:client" };
  const header = `<stream:stream xmlns='jabber:server' xmlns:stream='${streams}' xmlns:s='jabber:server'>`;
  const body = tag("jabber:client", "body");
  const inner = tag("jabber:server", "message");
  const expected = "<message><body>Hi</body></message>";
  const stanzas = [
    `<message><body>Hi</body></message>`,
    `<message xmlns='jabber:server'><body>Hi</body></message>`,
    `<message xmlns='jabber:server'><body xmlns='jabber:server'>Hi</body></message>`,
    `<message><body xmlns='jabber:server'>Hi</body></message>`,
    `<s:message><s:body>Hi</s:body></s:message>`,
    `<message xmlns='jabber:client'><body>Hi</body></message>`,
    `<p:message xmlns:p='jabber:server' xmlns='x'><p:body>Hi</p:body></p:message>`,
  ];
  for (const stanza of stanzas) {
    const parser = opened(header, { contentNamespace });
    assert.deepEqual([parser.scope, parser.declared], ["jabber:client", "jabber:server"]);
    parser.push(stanza);
    const message = element(parser);
    assert.equal(message.ns, "jabber:client", stanza);
    assert.equal(message.child(body)?.text, "Hi", stanza);
    const again = opened();
    again.push(message.wire("jabber:client"));
    assert.ok(element(again).equals(message), stanza);
    if (!stanza.includes("xmlns='jabber:client'")) assert.doesNotMatch(message.toString(), /jabber:server'><body/);
    if (stanza.startsWith("<message><body>")) assert.equal(message.toString("jabber:client"), expected);
  }
  const parser = opened(header, { contentNamespace });
  parser.push("<message><x xmlns='y'><message xmlns='jabber:server'/></x></message>");
  assert.ok(element(parser).elements[0]!.child(inner) !== undefined);
});

test("an unchanged element is written as it came", () => {
  const parser = opened();
  const odd = `<message   to="a"  ><body >x&#x41;<![CDATA[y]]></body >\n</message >`;
  parser.push(odd);
  const message = element(parser);
  assert.equal(message.wire("jabber:client"), odd);
  assert.equal(message.elements[0]!.wire("jabber:client"), "<body >x&#x41;<![CDATA[y]]></body >");
  assert.equal(
    message.with({ to: "b" }).wire("jabber:client"),
    `<message to='b'><body >x&#x41;<![CDATA[y]]></body >\n</message>`,
  );
  assert.match(message.wire(""), /^<message xmlns='jabber:client' to='a'>/);
});
