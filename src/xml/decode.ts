import { bytesOf, fromBytes } from "./bytes.ts";

const AMPERSAND = 38;
const RETURN = 13;
const LESS = 60;

/** The text of validated character data: references resolved, CDATA sections opened, line ends normalised. */
export function decode(bytes: string, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    const code = bytes.charCodeAt(at);
    if (code > 127 || code === AMPERSAND || code === RETURN || code === LESS)
      return decodeSlowly(bytes, start, end, false);
  }
  return bytes.slice(start, end);
}

/** The value of a validated attribute: references resolved, white space normalised (XML 1.0 §3.3.3). */
export function decodeValue(bytes: string, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    const code = bytes.charCodeAt(at);
    if (code > 127 || code < 32 || code === AMPERSAND) return decodeSlowly(bytes, start, end, true);
  }
  return bytes.slice(start, end);
}

function decodeSlowly(bytes: string, start: number, end: number, value: boolean): string {
  let out = "";
  let plain = start;
  let at = start;
  while (at < end) {
    const code = bytes.charCodeAt(at);
    if (code > 32 && code !== AMPERSAND && code !== LESS) {
      at++;
      continue;
    }
    if (code === AMPERSAND) {
      const semicolon = bytes.indexOf(";", at);
      out += bytes.slice(plain, at) + reference(bytes, at + 1, semicolon);
      at = plain = semicolon + 1;
    } else if (code === LESS) {
      const close = bytes.indexOf("]]>", at + 9);
      out += bytes.slice(plain, at) + lines(bytes.slice(at + 9, close));
      at = plain = close + 3;
    } else if (code === RETURN || (value && code !== 32)) {
      out += bytes.slice(plain, at) + (value ? " " : "\n");
      at += code === RETURN && bytes.charCodeAt(at + 1) === 10 ? 2 : 1;
      plain = at;
    } else at++;
    if (at > end) throw new RangeError("These bytes were not validated");
  }
  return fromBytes(out + bytes.slice(plain, end));
}

function lines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** The bytes that a validated reference stands for; `start` is after the ampersand. */
function reference(bytes: string, start: number, semicolon: number): string {
  switch (bytes.charCodeAt(start)) {
    case 35: {
      const hexadecimal = bytes.charCodeAt(start + 1) === 120;
      const digits = bytes.slice(start + (hexadecimal ? 2 : 1), semicolon);
      return bytesOf(Number.parseInt(digits, hexadecimal ? 16 : 10));
    }
    case 108:
      return "<";
    case 103:
      return ">";
    case 113:
      return '"';
    default:
      return bytes.charCodeAt(start + 1) === 109 ? "&" : "'";
  }
}
