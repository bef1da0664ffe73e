import assert from "node:assert/strict";
import { test } from "node:test";
import { Copies } from "./copies.ts";
import { type Element, tag } from "./element.ts";
import { parseText } from "./parser.ts";

const client = "jabber:client";
const message = tag(client, "message");
const body = tag(client, "body");
const wrapper = tag("u", "wrapper");

const originals: readonly Element[] = [
  message(),
  message({ from: "a", to: "nobody", id: "'<&\n" }, body({}, "<é>")),
  message({ "{u}key": "1", "xml:lang": "fr" }, "text", wrapper()),
  parseText(`<message xmlns='${client}' to='b'>x<body>1 &amp; 2</body></message>`),
  parseText(`<p:message xmlns:p='${client}' xmlns:q='u' id='1'><q:x q:a='1'/><p:body/></p:message>`),
  wrapper({}, body({}, "other namespace")),
];

test("a copy is the element with another `to`, however it is looked at", () => {
  for (const original of originals) {
    const copies = new Copies(original);
    for (const address of ["romeo@example.com/é'&<\"", "juliet@example.com"]) {
      const copy = copies.to(address);
      const expected = original.with({ to: address });
      assert.ok(copy.equals(expected));
      assert.ok(expected.equals(copy));
      assert.equal(copy.attrs.to, address);
      assert.equal(copy.children, copies.element.children);
      for (const scope of ["", client, "u", client]) {
        const read = parseText(scope === "" ? copy.toString() : `<s xmlns='${scope}'>${copy.toString(scope)}</s>`);
        assert.ok((scope === "" ? read : read.elements[0]!).equals(expected), copy.toString(scope));
      }
    }
  }
});

test("what is made of a copy is as if made of the element", () => {
  for (const original of originals) {
    const copy = new Copies(original).to("romeo@example.com");
    const expected = original.with({ to: "romeo@example.com" });
    assert.ok(copy.compact().equals(expected));
    assert.ok(copy.with({ to: undefined, id: "2" }).equals(expected.with({ to: undefined, id: "2" })));
    assert.ok(copy.append(body()).equals(expected.append(body())));
    assert.ok(copy.without(body).equals(expected.without(body)));
    assert.ok(copy.holding("x").equals(expected.holding("x")));
    assert.ok(parseText(wrapper({}, copy).toString()).elements[0]!.equals(expected));
  }
});

test("what all have in common is there once", () => {
  const copies = new Copies(message({ from: "a" }, body({}, "x")));
  const [first, second] = [copies.to("b"), copies.to("c")];
  assert.equal(first.content, second.content);
  assert.equal(first.wire(client), "<message from='a' to='b'><body>x</body></message>");
  assert.equal(second.wire(client), "<message from='a' to='c'><body>x</body></message>");
});
