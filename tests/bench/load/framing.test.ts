import assert from "node:assert/strict";
import { test } from "node:test";
import { Framing } from "./framing.ts";

const header = "<?xml version='1.0'?><stream:stream to='a>b' xmlns='jabber:client'>";
const children = [
  "<features><a/><b x='/>'>t</b></features>",
  "<iq type='result' id='1'/>",
  `<message id="2"><body>1 &lt; 2</body><x><y><z/></y></x></message>`,
  "</stream:stream>",
];

/** What comes out when the stream is cut into pieces of this size. */
function cut(size: number): string[] {
  const framing = new Framing();
  const text = header + children.join("");
  const found: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    framing.push(text.slice(at, at + size));
    for (let child = framing.next(); child !== undefined; child = framing.next()) found.push(child);
  }
  return found;
}

test("the children of a stream come out whole, however it is cut", () => {
  for (const size of [1, 2, 3, 7, 20, 1000]) assert.deepEqual(cut(size), children, `in pieces of ${size}`);
});

test("after a restart a new header is awaited", () => {
  const framing = new Framing();
  framing.push(`${header}<success/>`);
  assert.equal(framing.next(), "<success/>");
  framing.restart();
  framing.push(`${header}<features/>`);
  assert.equal(framing.next(), "<features/>");
});

test("without a header, elements come at once", () => {
  const framing = new Framing(true);
  framing.push("<welcome/><message>");
  assert.equal(framing.next(), "<welcome/>");
  assert.equal(framing.next(), undefined);
});
