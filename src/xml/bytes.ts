import { codePoint, sequenceLength } from "./characters.ts";

/** Texts shorter than this are decoded by hand; for longer ones the decoder of the platform wins. */
const DECODER_FROM = 64;
const PIECE = 4096;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}

/** The UTF-8 bytes of a text as a byte string: one character below 256 for each byte. Lone surrogates become U+FFFD. */
export function toBytes(text: string): string {
  return isAscii(text) ? text : encode(text);
}

function encode(text: string): string {
  let out = "";
  let units: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at)!;
    if (code < 0x80) units.push(code);
    else {
      if (code > 0xffff) at++;
      pushUtf8(units, code);
    }
    if (units.length > PIECE) {
      out += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return out + String.fromCharCode.apply(null, units);
}

function pushUtf8(units: number[], code: number): void {
  if (code < 0x800) units.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
  else if (code >= 0xd800 && code <= 0xdfff) units.push(0xef, 0xbf, 0xbd);
  else if (code < 0x10000) units.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  else {
    const high = [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f)];
    units.push(high[0]!, high[1]!, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
}

/** The UTF-8 bytes of one code point above U+007F, as a byte string. A surrogate becomes U+FFFD. */
export function bytesOf(code: number): string {
  const units: number[] = [];
  if (code < 0x80) return String.fromCharCode(code);
  pushUtf8(units, code);
  return String.fromCharCode.apply(null, units);
}

/** The text that a byte string of UTF-8 holds. Wrong sequences become U+FFFD; use isUtf8 where they must be refused. */
export function fromBytes(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  return bytes.length < DECODER_FROM ? decodeShort(bytes) : decodeLong(bytes);
}

function decodeShort(bytes: string): string {
  let out = "";
  let plain = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.charCodeAt(at) < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(bytes, at);
    if (length === 0) return decodeLong(bytes);
    if (plain < at) out += bytes.slice(plain, at);
    out += String.fromCodePoint(codePoint(bytes, at, length));
    at += length;
    plain = at;
  }
  return plain < bytes.length ? out + bytes.slice(plain) : out;
}

function decodeLong(bytes: string): string {
  const array = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) array[at] = Math.min(bytes.charCodeAt(at), 0xff); // 0xff is never valid
  return decoder.decode(array);
}

/** Whether the byte string is valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF, nothing cut off. */
export function isUtf8(bytes: string): boolean {
  for (let at = 0; at < bytes.length; ) {
    if (bytes.charCodeAt(at) < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/**
 * The same string in memory of its own. V8 lets a slice share the memory of the string it was cut from, which would keep
 * a whole network read alive for a few characters.
 */
export function detach(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1);
}
