import { classes, isCharacter, NAME, NAME_START, passCharacter, SPACE, TEXT, VALUE } from "./characters.ts";
import { refuse } from "./error.ts";
import { passNameCharacter } from "./names.ts";

// Each function checks one production at a place of the bytes and returns the place after it, or throws an XmlError.
// `end` is where the element ends, by the count of the framer; nothing may go on after it.

const AMPERSAND = 38;
const LESS = 60;
const BRACKET = 93;
const GREATER = 62;
const SEMICOLON = 59;

/** White space, if any. */
export function passSpace(bytes: string, start: number): number {
  let at = start;
  while ((classes[bytes.charCodeAt(at)]! & SPACE) !== 0) at++;
  return at;
}

/** A name without colon. */
export function passName(bytes: string, start: number): number {
  const first = bytes.charCodeAt(start);
  let at = start + 1;
  if (first > 127) at = passNameCharacter(bytes, start, true);
  else if ((classes[first]! & NAME_START) === 0) at = -1;
  if (at === -1) refuse("not-well-formed", "A name was expected");
  for (;;) {
    const code = bytes.charCodeAt(at);
    if (code < 128) {
      if ((classes[code]! & NAME) === 0) return at;
      at++;
    } else if (code > 127) {
      at = passNameCharacter(bytes, at, false);
      if (at === -1) refuse("not-well-formed", "A character is not allowed in a name");
    } else return at; // the end of the bytes
  }
}

/** Character data, up to the next `<`. */
export function passText(bytes: string, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const code = bytes.charCodeAt(at);
    if (code > 127) at = passCharacter(bytes, at);
    else if ((classes[code]! & TEXT) === 0) at++;
    else if (code === LESS) return at;
    else at = passMarked(bytes, at, code);
  }
  return refuse("not-well-formed", "The element is not closed");
}

function passMarked(bytes: string, at: number, code: number): number {
  if (code === AMPERSAND) return passReference(bytes, at);
  if (code === BRACKET) {
    if (bytes.charCodeAt(at + 1) === BRACKET && bytes.charCodeAt(at + 2) === GREATER) {
      refuse("not-well-formed", "]]> is not allowed in text");
    }
  } else if (!isCharacter(code)) refuse("not-well-formed", "A character is not allowed in XML");
  return at + 1;
}

/** The value of an attribute; `start` is after the opening quote, the result is the place of the closing one. */
export function passValue(bytes: string, start: number, end: number): number {
  const quote = bytes.charCodeAt(start - 1);
  let at = start;
  while (at < end) {
    const code = bytes.charCodeAt(at);
    if (code > 127) at = passCharacter(bytes, at);
    else if ((classes[code]! & VALUE) === 0) at++;
    else if (code === quote) return at;
    else if (code === AMPERSAND) at = passReference(bytes, at);
    else if (code === LESS) refuse("not-well-formed", "< is not allowed in an attribute");
    else if (!isCharacter(code)) refuse("not-well-formed", "A character is not allowed in XML");
    else at++;
  }
  return refuse("not-well-formed", "An attribute is not closed");
}

/** A CDATA section (`<![CDATA[` … `]]>`); anything else that begins with `<!` is restricted (RFC 6120 §11.1). */
export function passSection(bytes: string, start: number, end: number): number {
  if (!bytes.startsWith("[CDATA[", start + 2)) refuse("restricted-xml", "Comments and declarations are not allowed");
  const close = bytes.indexOf("]]>", start + 9);
  if (close === -1 || close >= end) refuse("not-well-formed", "A CDATA section is not closed");
  let at = start + 9;
  while (at < close) {
    const code = bytes.charCodeAt(at);
    if (code > 127) at = passCharacter(bytes, at);
    else if (!isCharacter(code)) refuse("not-well-formed", "A character is not allowed in XML");
    else at++;
  }
  return close + 3;
}

const entities = ["amp;", "lt;", "gt;", "apos;", "quot;"] as const;

/** A reference to a character or to one of the five entities of XML; others are restricted (RFC 6120 §11.1). */
function passReference(bytes: string, at: number): number {
  if (bytes.charCodeAt(at + 1) === 35) return passCharacterReference(bytes, at + 2);
  for (const entity of entities) if (bytes.startsWith(entity, at + 1)) return at + 1 + entity.length;
  const end = passName(bytes, at + 1);
  if (bytes.charCodeAt(end) === SEMICOLON) refuse("restricted-xml", "Only the five entities of XML are allowed");
  return refuse("not-well-formed", "A reference is not complete");
}

function passCharacterReference(bytes: string, start: number): number {
  const hexadecimal = bytes.charCodeAt(start) === 120;
  const base = hexadecimal ? 16 : 10;
  let at = hexadecimal ? start + 1 : start;
  const first = at;
  let value = 0;
  for (;;) {
    const digit = digitOf(bytes.charCodeAt(at));
    if (digit >= base) break;
    value = value * base + digit;
    if (value > 0x10ffff) refuse("not-well-formed", "A character reference is not allowed in XML");
    at++;
  }
  if (at === first || bytes.charCodeAt(at) !== SEMICOLON) refuse("not-well-formed", "A reference is not complete");
  if (!isCharacter(value)) refuse("not-well-formed", "A character reference is not allowed in XML");
  return at + 1;
}

/** The value of a digit; 16 if it is none. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : 16;
}
