import { classes, HIGH, NAME, SPACE } from "./characters.ts";
import { Content, type Source } from "./content.ts";
import { decode, decodeValue } from "./decode.ts";
import { Element, type Node } from "./element.ts";
import {
  type Attributes,
  attributeKey,
  attributes,
  Binding,
  colonIn,
  isXml,
  isXmlns,
  lookup,
  nameAt,
  startsXmlns,
  XML_NAMESPACE,
} from "./names.ts";
import type { StartTag } from "./outline.ts";

const COLON = 58;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;

const none: Node[] = [];

/** The attributes of a tag that was just read. */
export function markedAttributes(
  bytes: string,
  tag: StartTag,
  bindings: Binding | undefined,
  plain: boolean,
): Attributes {
  const { marks } = tag;
  const values = attributes();
  for (let index = 0; index < tag.count * 4; index += 4) {
    const start = marks[index]!;
    const end = marks[index + 1]!;
    if (tag.declares && isDeclaration(bytes, start, end)) continue;
    const valueEnd = marks[index + 3]!;
    const value = plain ? bytes.slice(marks[index + 2]!, valueEnd) : decodeValue(bytes, marks[index + 2]!, valueEnd);
    const colon = tag.prefixed ? colonIn(bytes, start, end) : -1;
    if (colon === -1) values[nameAt(bytes, start, end)] = value;
    else values[qualifiedKey(bytes, start, end, bindings)] = value;
  }
  return values;
}

function isDeclaration(bytes: string, start: number, end: number): boolean {
  return startsXmlns(bytes, start) && (end - start === 5 || bytes.charCodeAt(start + 5) === COLON);
}

function qualifiedKey(bytes: string, start: number, end: number, bindings: Binding | undefined): string {
  const colon = colonIn(bytes, start, end);
  const uri = isXml(bytes, start, colon) ? XML_NAMESPACE : lookup(bindings, bytes, start, colon)!.uri;
  return attributeKey(uri, nameAt(bytes, colon + 1, end));
}

/** The place after the name here, in validated bytes. The colon is part of it. */
function nameEnd(bytes: string, start: number): number {
  let at = start;
  for (;;) {
    const code = bytes.charCodeAt(at);
    if ((classes[code]! & (NAME | HIGH)) === 0 && code !== COLON) return at;
    at++;
  }
}

function skipSpace(bytes: string, start: number): number {
  let at = start;
  while ((classes[bytes.charCodeAt(at)]! & SPACE) !== 0) at++;
  return at;
}

/**
 * Reads start tags of validated bytes. One for a whole tree: `scope` and `bindings` are set to what is in force around
 * the tag, and are then what is in force inside.
 */
export class TagReader {
  ns = "";
  name = "";
  scope = "";
  bindings: Binding | undefined = undefined;
  attrs: Attributes = attributes();
  /** The place of the `>` or `/>` of the tag. */
  at = 0;
  private readonly bytes: string;
  private readonly plain: boolean;

  constructor(bytes: string, plain: boolean) {
    this.bytes = bytes;
    this.plain = plain;
  }

  /** Reads the tag at this place. */
  read(start: number): void {
    const { bytes } = this;
    const end = nameEnd(bytes, start + 1);
    this.at = end;
    this.attrs = attributes();
    if (bytes.charCodeAt(end) !== GREATER) this.readAttributes(end);
    const colon = colonIn(bytes, start + 1, end);
    this.ns = this.scope;
    if (colon !== -1) {
      this.ns = isXml(bytes, start + 1, colon) ? XML_NAMESPACE : lookup(this.bindings, bytes, start + 1, colon)!.uri;
    }
    this.name = nameAt(bytes, colon === -1 ? start + 1 : colon + 1, end);
  }

  private readAttributes(start: number): void {
    const { bytes } = this;
    let at = start;
    let qualified = false;
    for (;;) {
      at = skipSpace(bytes, at);
      const code = bytes.charCodeAt(at);
      if (code === GREATER || code === SLASH) break;
      const end = nameEnd(bytes, at);
      const quote = skipSpace(bytes, skipSpace(bytes, end) + 1);
      const close = bytes.indexOf(bytes.charCodeAt(quote) === 39 ? "'" : '"', quote + 1);
      if (colonIn(bytes, at, end) !== -1) {
        qualified = true;
        if (isXmlns(bytes, at, at + 5)) this.bind(at + 6, end, this.value(quote + 1, close));
      } else if (isXmlns(bytes, at, end)) this.scope = this.value(quote + 1, close);
      else this.attrs[nameAt(bytes, at, end)] = this.value(quote + 1, close);
      at = close + 1;
    }
    this.at = at;
    if (qualified) this.readQualified(start);
  }

  private value(start: number, end: number): string {
    return this.plain ? this.bytes.slice(start, end) : decodeValue(this.bytes, start, end);
  }

  private bind(start: number, end: number, uri: string): void {
    if (!isXml(this.bytes, start, end))
      this.bindings = new Binding(this.bytes.slice(start, end), uri, 0, this.bindings);
  }

  /** Reads the attributes with a prefix, which may be declared after them. */
  private readQualified(start: number): void {
    const { bytes } = this;
    for (let at = skipSpace(bytes, start); at < this.at; at = skipSpace(bytes, at)) {
      const end = nameEnd(bytes, at);
      const quote = skipSpace(bytes, skipSpace(bytes, end) + 1);
      const close = bytes.indexOf(bytes.charCodeAt(quote) === 39 ? "'" : '"', quote + 1);
      const colon = colonIn(bytes, at, end);
      if (colon !== -1 && !isXmlns(bytes, at, colon)) {
        this.attrs[qualifiedKey(bytes, at, end, this.bindings)] = this.value(quote + 1, close);
      }
      at = close + 1;
    }
  }
}

/** An element whose end tag has not come yet. */
class Frame {
  readonly ns: string;
  readonly name: string;
  readonly attrs: Attributes;
  readonly nodes: Node[] = [];
  readonly around: Frame | undefined;
  readonly scope: string; // the default namespace inside
  readonly bindings: Binding | undefined; // in force inside

  constructor(tag: TagReader, around: Frame | undefined) {
    this.ns = tag.ns;
    this.name = tag.name;
    this.attrs = tag.attrs;
    this.around = around;
    this.scope = tag.scope;
    this.bindings = tag.bindings;
  }
}

/** The nodes of validated content, down to the last leaf. Without recursion, as a peer chooses the depth. */
export function buildNodes(source: Source): Node[] {
  const { bytes, close: end, plain } = source;
  const tag = new TagReader(bytes, plain);
  const top: Node[] = [];
  let frame: Frame | undefined;
  let nodes = top;
  let at = source.open;
  while (at < end) {
    const next = textEnd(bytes, at, end);
    if (next > at) {
      nodes.push(plain ? bytes.slice(at, next) : decode(bytes, at, next));
      if (next >= end) break;
    }
    at = next + 1;
    if (bytes.charCodeAt(at) === SLASH) {
      const done: Frame = frame!;
      frame = done.around;
      nodes = frame === undefined ? top : frame.nodes;
      nodes.push(new Element(done.ns, done.name, done.attrs, Content.of(done.ns, done.nodes)));
      at = bytes.indexOf(">", at) + 1;
      continue;
    }
    tag.scope = frame === undefined ? source.inside : frame.scope;
    tag.bindings = frame === undefined ? source.bindings : frame.bindings;
    tag.read(next);
    at = tag.at;
    if (bytes.charCodeAt(at) === SLASH) {
      nodes.push(new Element(tag.ns, tag.name, tag.attrs, Content.of(tag.ns, none)));
      at += 2;
    } else {
      frame = new Frame(tag, frame);
      nodes = frame.nodes;
      at++;
    }
  }
  return top;
}

/** The place of the next tag, CDATA sections counted as text. */
function textEnd(bytes: string, start: number, end: number): number {
  if (start < end && bytes.charCodeAt(start) === 60 && bytes.charCodeAt(start + 1) !== BANG) return start;
  let at = bytes.indexOf("<", start);
  while (at !== -1 && at < end && bytes.charCodeAt(at + 1) === BANG) {
    at = bytes.indexOf("<", bytes.indexOf("]]>", at + 9) + 3);
  }
  return at === -1 || at > end ? end : at;
}
