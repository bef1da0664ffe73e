import { bytesOf, toBytes } from "./bytes.ts";
import { classes, ESCAPE_TEXT, ESCAPE_VALUE, isCharacter, isName } from "./characters.ts";
import type { Element, Node } from "./element.ts";
import { openings } from "./known.ts";
import { type Binding, isAttributeKey, XML_NAMESPACE } from "./names.ts";

const BRACE = 123;

/** Character data as bytes: escaped, what XML cannot hold replaced by U+FFFD. */
export function escapeText(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if ((classes[text.charCodeAt(at)]! & ESCAPE_TEXT) !== 0) return escapeSlowly(text, at, ESCAPE_TEXT);
  }
  return text;
}

/** An attribute value as bytes, to stand between single quotes. */
export function escapeValue(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if ((classes[text.charCodeAt(at)]! & ESCAPE_VALUE) !== 0) return escapeSlowly(text, at, ESCAPE_VALUE);
  }
  return text;
}

function escapeSlowly(text: string, first: number, mask: number): string {
  let out = "";
  let plain = 0; // what is before needs no escape, but perhaps encoding
  for (let at = first; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) {
      const point = text.codePointAt(at)!;
      if (point > 0xffff) at++;
      else if (!isCharacter(point)) {
        out += `${toBytes(text.slice(plain, at))}\xef\xbf\xbd`;
        plain = at + 1;
      }
    } else if ((classes[code]! & mask) !== 0) {
      out += toBytes(text.slice(plain, at)) + reference(code);
      plain = at + 1;
    }
  }
  return out + toBytes(plain === 0 ? text : text.slice(plain));
}

function reference(code: number): string {
  switch (code) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return "&gt;";
    case 39:
      return "&apos;";
    case 9:
      return "&#9;";
    case 10:
      return "&#10;";
    case 13:
      return "&#13;";
    default:
      return bytesOf(0xfffd);
  }
}

/** The start tag without its end (`>` or `/>`), as bytes. */
export function writeHead(element: Element, scope: string): string {
  let head = `<${toBytes(element.name)}`;
  if (element.ns !== scope) head += ` xmlns='${escapeValue(element.ns)}'`;
  const needs = element.content.needs();
  if (needs !== undefined) {
    for (const binding of needs) head += ` xmlns:${binding.prefix}='${escapeValue(binding.uri)}'`;
  }
  const attrs = element.attrs;
  let unclosed = false; // the last value still wants its quote
  let prefixes = 0;
  for (const key in attrs) {
    const value = escapeValue(attrs[key]!);
    if (key.charCodeAt(0) === BRACE) {
      const close = key.lastIndexOf("}");
      const uri = key.slice(1, close);
      if (uri !== XML_NAMESPACE) prefixes = freePrefix(needs, prefixes);
      head += `${unclosed ? "'" : ""}${writeQualified(uri, key.slice(close + 1), prefixes)}${value}`;
    } else {
      const opening = openings.get(key) ?? `' ${attributeName(key)}='`;
      head += unclosed ? opening : opening.slice(1);
      head += value;
    }
    unclosed = true;
  }
  return unclosed ? `${head}'` : head;
}

/** The next number that makes a prefix which the content does not need for itself. */
function freePrefix(needs: readonly Binding[] | undefined, last: number): number {
  let next = last + 1;
  while (needs?.some((binding) => binding.prefix === `ns${next}`) === true) next++;
  return next;
}

function writeQualified(uri: string, name: string, prefix: number): string {
  if (!isName(name)) throw new TypeError(`Not an attribute name: ${name}`);
  const local = toBytes(name);
  if (uri === XML_NAMESPACE) return ` xml:${local}='`;
  return ` xmlns:ns${prefix}='${escapeValue(uri)}' ns${prefix}:${local}='`;
}

function attributeName(name: string): string {
  if (!isAttributeKey(name)) throw new TypeError(`Not an attribute name: ${name}`);
  return toBytes(name);
}

/** An element whose end tag is still to be written. */
class Frame {
  readonly nodes: readonly Node[];
  readonly index: number;
  readonly element: Element | undefined;
  readonly around: Frame | undefined;

  constructor(nodes: readonly Node[], index: number, element: Element | undefined, around: Frame | undefined) {
    this.nodes = nodes;
    this.index = index;
    this.element = element;
    this.around = around;
  }
}

/** The nodes as bytes, to stand where `scope` is the default namespace. Without recursion, as trees may be deep. */
export function writeNodes(top: readonly Node[], scope: string): string {
  let out = "";
  let frame: Frame | undefined;
  let parent: Element | undefined; // whose nodes these are
  let nodes = top;
  let index = 0;
  for (;;) {
    if (index === nodes.length) {
      if (parent === undefined || frame === undefined) return out;
      out += `</${toBytes(parent.name)}>`;
      nodes = frame.nodes;
      index = frame.index;
      parent = frame.element;
      frame = frame.around;
      continue;
    }
    const node = nodes[index++]!;
    if (typeof node === "string") {
      out += escapeText(node);
      continue;
    }
    const inner = node.content.ready();
    const around = parent === undefined ? scope : parent.ns;
    if (inner !== undefined || node.children.length === 0) out += writeReady(node, around, inner ?? "");
    else {
      out += `${writeHead(node, around)}>`;
      frame = new Frame(nodes, index, parent, frame);
      parent = node;
      nodes = node.children;
      index = 0;
    }
  }
}

/** An element whose content is there as bytes. */
function writeReady(element: Element, scope: string, inner: string): string {
  const whole = element.untouched ? element.content.source!.whole(scope) : undefined;
  if (whole !== undefined) return whole;
  const head = writeHead(element, scope);
  return inner === "" ? `${head}/>` : `${head}>${inner}</${toBytes(element.name)}>`;
}
