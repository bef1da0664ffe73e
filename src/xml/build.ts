import { classes, NAME, SPACE } from "./characters.ts";
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
  XML_NAMESPACE,
} from "./names.ts";

const COLON = 58;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;

/** The place after the name here, in validated bytes. The colon is part of it. */
function nameEnd(bytes: string, start: number): number {
  let at = start;
  for (;;) {
    const code = bytes.charCodeAt(at);
    if (code < 128 && (classes[code]! & NAME) === 0 && code !== COLON) return at;
    at++;
  }
}

function skipSpace(bytes: string, start: number): number {
  let at = start;
  while ((classes[bytes.charCodeAt(at)]! & SPACE) !== 0) at++;
  return at;
}

/** Reads the attributes of the validated start tag at this place. `bindings` are those in force inside the element. */
export function buildAttributes(bytes: string, start: number, bindings: Binding | undefined): Attributes {
  const values = attributes();
  let at = nameEnd(bytes, start + 1);
  for (;;) {
    at = skipSpace(bytes, at);
    const code = bytes.charCodeAt(at);
    if (code === GREATER || code === SLASH) return values;
    const end = nameEnd(bytes, at);
    const quote = skipSpace(bytes, skipSpace(bytes, end) + 1);
    const close = bytes.indexOf(bytes[quote]!, quote + 1);
    const colon = colonIn(bytes, at, end);
    if (colon !== -1) {
      if (!isXmlns(bytes, at, colon)) {
        const uri = isXml(bytes, at, colon) ? XML_NAMESPACE : lookup(bindings, bytes, at, colon)!.uri;
        values[attributeKey(uri, nameAt(bytes, colon + 1, end))] = decodeValue(bytes, quote + 1, close);
      }
    } else if (!isXmlns(bytes, at, end)) values[nameAt(bytes, at, end)] = decodeValue(bytes, quote + 1, close);
    at = close + 1;
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

  constructor(head: Head, attrs: Attributes, around: Frame | undefined) {
    this.ns = head.ns;
    this.name = head.name;
    this.attrs = attrs;
    this.around = around;
    this.scope = head.scope;
    this.bindings = head.bindings;
  }
}

/** Reads start tags. One for a whole tree. */
class Head {
  ns = "";
  name = "";
  scope = "";
  bindings: Binding | undefined = undefined;
  attrs: Attributes = attributes();
  at = 0;

  /** Reads the start tag at this place of the bytes; afterwards `at` is at its `>` or `/`. */
  read(bytes: string, start: number): void {
    const end = nameEnd(bytes, start + 1);
    this.at = end;
    this.attrs = attributes();
    let code = bytes.charCodeAt(end);
    if (code !== GREATER && code !== SLASH) {
      this.declarations(bytes, end);
      code = bytes.charCodeAt(this.at);
    }
    const colon = colonIn(bytes, start + 1, end);
    this.ns = this.scope;
    if (colon !== -1) {
      this.ns = isXml(bytes, start + 1, colon) ? XML_NAMESPACE : lookup(this.bindings, bytes, start + 1, colon)!.uri;
    }
    this.name = nameAt(bytes, colon === -1 ? start + 1 : colon + 1, end);
  }

  /** Takes in the declarations first, since an attribute may use a prefix that is declared after it. */
  private declarations(bytes: string, start: number): void {
    let at = start;
    for (;;) {
      at = skipSpace(bytes, at);
      const code = bytes.charCodeAt(at);
      if (code === GREATER || code === SLASH) break;
      const end = nameEnd(bytes, at);
      const quote = skipSpace(bytes, skipSpace(bytes, end) + 1);
      const close = bytes.indexOf(bytes[quote]!, quote + 1);
      if (bytes.startsWith("xmlns", at)) {
        if (end - at === 5) this.scope = decodeValue(bytes, quote + 1, close);
        else if (bytes.charCodeAt(at + 5) === COLON && !bytes.startsWith("xml=", at + 6)) {
          const uri = decodeValue(bytes, quote + 1, close);
          this.bindings = new Binding(bytes.slice(at + 6, end), uri, 0, this.bindings);
        }
      }
      at = close + 1;
    }
    this.at = at;
    this.attrs = buildAttributes(bytes, start - 1, this.bindings);
  }
}

/** The nodes of validated content, down to the last leaf. Without recursion, as a peer chooses the depth. */
export function buildNodes(source: Source): Node[] {
  const { bytes, close: end } = source;
  const head = new Head();
  const top: Node[] = [];
  let frame: Frame | undefined;
  let nodes = top;
  let at = source.open;
  while (at < end) {
    const next = textEnd(bytes, at, end);
    if (next > at) {
      nodes.push(decode(bytes, at, next));
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
    head.scope = frame === undefined ? source.inside : frame.scope;
    head.bindings = frame === undefined ? source.bindings : frame.bindings;
    head.read(bytes, next);
    at = head.at;
    if (bytes.charCodeAt(at) === SLASH) {
      nodes.push(new Element(head.ns, head.name, head.attrs, Content.of(head.ns, [])));
      at += 2;
    } else {
      frame = new Frame(head, head.attrs, frame);
      nodes = frame.nodes;
      at++;
    }
  }
  return top;
}

/** The place of the next tag, CDATA sections counted as text. */
function textEnd(bytes: string, start: number, end: number): number {
  let at = bytes.indexOf("<", start);
  while (at !== -1 && at < end && bytes.charCodeAt(at + 1) === BANG) {
    at = bytes.indexOf("<", bytes.indexOf("]]>", at + 9) + 3);
  }
  return at === -1 || at > end ? end : at;
}
