import { classes, HIGH, isCharacter, NAME, NAME_START, passCharacter, SPACE, TEXT, VALUE } from "./characters.ts";
import { refuse } from "./error.ts";
import { passNameCharacter } from "./names.ts";

const AMPERSAND = 38;
const LESS = 60;
const BRACKET = 93;
const GREATER = 62;
const SEMICOLON = 59;
const QUOTE = 34;
const APOSTROPHE = 39;

/** The place after white space, if any. */
export function passSpace(bytes: string, start: number): number {
  let at = start;
  while ((classes[bytes.charCodeAt(at)]! & SPACE) !== 0) at++;
  return at;
}

/** The place after a name without colon. Throws if there is none. */
export function passName(bytes: string, start: number): number {
  const first = classes[bytes.charCodeAt(start)]!;
  let at = start + 1;
  if ((first & NAME_START) === 0) {
    at = (first & HIGH) === 0 ? -1 : passNameCharacter(bytes, start, true);
    if (at === -1) refuse("not-well-formed", "A name was expected");
  }
  for (;;) {
    const bits = classes[bytes.charCodeAt(at)]!;
    if ((bits & NAME) !== 0) at++;
    else if ((bits & HIGH) === 0) return at;
    else {
      at = passNameCharacter(bytes, at, false);
      if (at === -1) refuse("not-well-formed", "A character is not allowed in a name");
    }
  }
}

/**
 * Checks the productions of XML. Each method takes a place, returns the place after what it checked, and throws an
 * XmlError if it is not there. Nothing may go on after `end`, where the element ends by the count of the framer.
 */
export class Scanner {
  protected readonly bytes: string;
  protected readonly end: number;
  /** Whether text or values were seen that are not what their bytes are: references, CDATA, other line ends, not ASCII. */
  protected odd = false;

  constructor(bytes: string, end: number) {
    this.bytes = bytes;
    this.end = end;
  }

  /** Character data, up to the next `<`. */
  protected text(start: number): number {
    const { bytes, end } = this;
    let at = start;
    while (at < end) {
      const code = bytes.charCodeAt(at);
      if ((classes[code]! & TEXT) === 0) at++;
      else if (code === LESS) return at;
      else at = this.markedText(at, code);
    }
    return refuse("not-well-formed", "The element is not closed");
  }

  private markedText(at: number, code: number): number {
    const { bytes } = this;
    if (code === BRACKET) {
      if (bytes.charCodeAt(at + 1) === BRACKET && bytes.charCodeAt(at + 2) === GREATER) {
        refuse("not-well-formed", "]]> is not allowed in text");
      }
      return at + 1;
    }
    return this.marked(at, code);
  }

  private marked(at: number, code: number): number {
    this.odd = true;
    if (code > 127) return passCharacter(this.bytes, at);
    if (code === AMPERSAND) return passReference(this.bytes, at);
    if (!isCharacter(code)) refuse("not-well-formed", "A character is not allowed in XML");
    return at + 1;
  }

  /** The value of an attribute, from after the opening quote to the closing one. */
  protected value(start: number): number {
    const { bytes, end } = this;
    const quote = bytes.charCodeAt(start - 1);
    let at = start;
    while (at < end) {
      const code = bytes.charCodeAt(at);
      if ((classes[code]! & VALUE) === 0) at++;
      else if (code === quote) return at;
      else if (code === QUOTE || code === APOSTROPHE) at++;
      else if (code === LESS) refuse("not-well-formed", "< is not allowed in an attribute");
      else at = this.marked(at, code);
    }
    return refuse("not-well-formed", "An attribute is not closed");
  }

  /** A CDATA section (`<![CDATA[` … `]]>`); anything else that begins with `<!` is restricted (RFC 6120 §11.1). */
  protected section(start: number): number {
    const { bytes, end } = this;
    if (!bytes.startsWith("[CDATA[", start + 2)) refuse("restricted-xml", "Comments and declarations are not allowed");
    const close = bytes.indexOf("]]>", start + 9);
    if (close === -1 || close >= end) refuse("not-well-formed", "A CDATA section is not closed");
    this.odd = true;
    let at = start + 9;
    while (at < close) {
      const code = bytes.charCodeAt(at);
      if (code > 127) at = passCharacter(bytes, at);
      else if (!isCharacter(code)) refuse("not-well-formed", "A character is not allowed in XML");
      else at++;
    }
    return close + 3;
  }
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
