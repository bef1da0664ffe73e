import assert from "node:assert/strict";
import { test } from "node:test";
import { parseText } from "#xml/parser.ts";
import { photoHashOf, withPhotoHash } from "./photo.ts";

function card(content: string) {
  return parseText(`<vCard xmlns='vcard-temp'>${content}</vCard>`);
}

function presence(content: string) {
  return parseText(`<presence xmlns='jabber:client'>${content}</presence>`);
}

const hash = "a9993e364706816aba3e25717850c26c9cd0d89d"; // of "abc"
const update = `<x xmlns='vcard-temp:x:update'><photo>${hash}</photo></x>`;

test("the hash is of the image, not of its Base64 (XEP-0153 §3.1)", () => {
  assert.equal(photoHashOf(card("<PHOTO><TYPE>image/png</TYPE><BINVAL>YWJj</BINVAL></PHOTO>")), hash);
});

test("white space in the data is ignored (§4.6)", () => {
  assert.equal(photoHashOf(card("<PHOTO><BINVAL>\n  YW\r\n\tJj\n</BINVAL></PHOTO>")), hash);
});

test("no image, no hash", () => {
  for (const content of [
    "",
    "<FN>Juliet</FN>",
    "<PHOTO/>",
    "<PHOTO><BINVAL/></PHOTO>",
    "<PHOTO><BINVAL>  \n</BINVAL></PHOTO>",
    "<PHOTO><EXTVAL>http://example.com/me.png</EXTVAL></PHOTO>",
    "<PHOTO><BINVAL>not base64!</BINVAL></PHOTO>",
  ]) {
    assert.equal(photoHashOf(card(content)), undefined, content);
  }
});

test("the hash goes into presence that leaves it to the server (§4.1)", () => {
  const expected = presence(`<show>away</show>${update}`).toString();
  assert.equal(withPhotoHash(presence("<show>away</show>"), hash).toString(), expected);
  const unready = presence("<x xmlns='vcard-temp:x:update'/><show>away</show>");
  assert.equal(withPhotoHash(unready, hash).toString(), expected);
});

test("what a client says of its avatar stays", () => {
  for (const said of ["<photo/>", "<photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo>"]) {
    const own = presence(`<x xmlns='vcard-temp:x:update'>${said}</x>`);
    assert.equal(withPhotoHash(own, hash), own);
  }
});
