import { refuse } from "./error.ts";

/** What a byte may be. Those from 128 on are looked at one by one wherever they occur. */
export const NAME_START = 1;
export const NAME = 2;
export const SPACE = 4;
/** Needs a look in text: `<`, `&`, `]`, carriage return, control characters. */
export const TEXT = 8;
/** Needs a look in an attribute value: quotes, `<`, `&`, white space but the blank, control characters. */
export const VALUE = 16;
/** Cannot be written as it is in text: `&`, `<`, `>`, carriage return, control characters. */
export const ESCAPE_TEXT = 32;
/** Cannot be written as it is in an attribute value between single quotes. */
export const ESCAPE_VALUE = 64;
/** Not ASCII. */
export const HIGH = 128;

function classify(code: number): number {
  let bits = 0;
  const letter = (code | 32) >= 97 && (code | 32) <= 122;
  if (letter || code === 95) bits |= NAME_START | NAME;
  if ((code >= 48 && code <= 57) || code === 45 || code === 46) bits |= NAME;
  if (code === 9 || code === 10 || code === 13 || code === 32) bits |= SPACE;
  const control = code < 32;
  if ((control && code !== 9 && code !== 10) || code === 38 || code === 60 || code === 93) bits |= TEXT;
  if (control || code === 38 || code === 60 || code === 34 || code === 39) bits |= VALUE;
  if ((control && code !== 9 && code !== 10) || code === 38 || code === 60 || code === 62) bits |= ESCAPE_TEXT;
  if (control || code === 38 || code === 60 || code === 62 || code === 39) bits |= ESCAPE_VALUE;
  return bits;
}

const high = HIGH | TEXT | VALUE | ESCAPE_TEXT | ESCAPE_VALUE;

/** The classes of all UTF-16 code units, so that a look-up needs no check before it. */
export const classes: Uint8Array = new Uint8Array(0x10000)
  .fill(high)
  .map((bits, code) => (code < 128 ? classify(code) : bits));

/** Whether XML 1.0 allows the code point at all (production 2, Char). */
export function isCharacter(code: number): boolean {
  if (code < 32) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

const nameStartRanges = [
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const;

/** Whether a code point may begin a name without colons (production 4, NameStartChar). */
export function isNameStart(code: number): boolean {
  if (code < 128) return (classes[code]! & NAME_START) !== 0;
  return nameStartRanges.some((range) => code >= range[0] && code <= range[1]);
}

/** Whether a code point may stand in a name without colons (production 4a, NameChar). */
export function isNameCharacter(code: number): boolean {
  if (code < 128) return (classes[code]! & NAME) !== 0;
  return code === 0xb7 || (code >= 0x300 && code <= 0x36f) || code === 0x203f || code === 0x2040 || isNameStart(code);
}

/** Whether the text is a name without colons (Namespaces in XML 1.0, NCName). */
export function isName(text: string): boolean {
  let first = true;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (first ? !isNameStart(code) : !isNameCharacter(code)) return false;
    first = false;
  }
  return !first;
}

/** How many bytes the UTF-8 sequence at this place has; 0 if it is none (overlong, surrogate, too high, cut off). */
export function sequenceLength(bytes: string, at: number): number {
  const lead = bytes.charCodeAt(at);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || !(lead <= 0xf4)) return 0;
  const second = bytes.charCodeAt(at + 1);
  if (lead < 0xe0) return isTail(second) ? 2 : 0;
  if (!isTail(second) || !isTail(bytes.charCodeAt(at + 2))) return 0;
  if (lead < 0xf0) {
    if (lead === 0xe0 && second < 0xa0) return 0; // overlong
    return lead === 0xed && second > 0x9f ? 0 : 3; // surrogates
  }
  if (!isTail(bytes.charCodeAt(at + 3)) || (lead === 0xf0 && second < 0x90)) return 0;
  return lead === 0xf4 && second > 0x8f ? 0 : 4; // above U+10FFFF
}

function isTail(code: number): boolean {
  return code >= 0x80 && code <= 0xbf;
}

/** The code point of the valid sequence of that length at this place. */
export function codePoint(bytes: string, at: number, length: number): number {
  const lead = bytes.charCodeAt(at);
  if (length === 1) return lead;
  const second = bytes.charCodeAt(at + 1) & 0x3f;
  if (length === 2) return ((lead & 0x1f) << 6) | second;
  const third = bytes.charCodeAt(at + 2) & 0x3f;
  if (length === 3) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (bytes.charCodeAt(at + 3) & 0x3f);
}

/** The place after the UTF-8 sequence of one XML character that is not ASCII. Throws if it is none. */
export function passCharacter(bytes: string, at: number): number {
  const length = sequenceLength(bytes, at);
  if (length === 0) refuse("not-well-formed", "The text is not UTF-8");
  // U+FFFE and U+FFFF are the only ones that UTF-8 can hold and XML cannot.
  if (length === 3 && bytes.charCodeAt(at) === 0xef && codePoint(bytes, at, 3) > 0xfffd) {
    refuse("not-well-formed", "A character is not allowed in XML");
  }
  return at + length;
}
