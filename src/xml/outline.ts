import { markedAttributes } from "./build.ts";
import { Content, Source } from "./content.ts";
import { decodeValue } from "./decode.ts";
import { Element } from "./element.ts";
import { refuse } from "./error.ts";
import { PREFIXES } from "./limits.ts";
import {
  Binding,
  colonIn,
  isXml,
  isXmlns,
  lookup,
  nameAt,
  startsXmlns,
  XML_NAMESPACE,
  XMLNS_NAMESPACE,
} from "./names.ts";

/** What is around a stanza: the namespaces that the stream header declares. */
export interface Surroundings {
  readonly scope: string;
  readonly bindings: Binding | undefined;
  /** A namespace of stanzas that is to be read as another (server streams). */
  readonly mapped: { readonly from: string; readonly to: string } | undefined;
}

/** The start tag that is being read: places in the bytes. */
export class StartTag {
  start = 0;
  colon = -1; // of its name; -1: none
  nameEnd = 0;
  /** Four numbers for each attribute: start and end of its name, start and end of its value. */
  readonly marks: number[] = [];
  count = 0;
  /** Whether it declares a namespace or a prefix. */
  declares = false;
  /** Whether other attributes have a prefix. */
  prefixed = false;

  begin(start: number, colon: number, nameEnd: number): void {
    this.start = start;
    this.colon = colon;
    this.nameEnd = nameEnd;
    this.count = 0;
    this.declares = false;
    this.prefixed = false;
  }

  add(name: number, nameEnd: number, value: number, valueEnd: number): void {
    const { marks } = this;
    const index = this.count++ * 4;
    marks[index] = name;
    marks[index + 1] = nameEnd;
    marks[index + 2] = value;
    marks[index + 3] = valueEnd;
  }
}

/**
 * The namespaces of an element that is being validated, and its outline: the root, its child elements, and what their
 * bytes need from around them. The depth of the stanza is 1, that of the stream header 0.
 */
export class Outline {
  root: Element | undefined = undefined;
  private readonly bytes: string;
  private readonly tag: StartTag;
  private readonly around: Surroundings;
  private bindings: Binding | undefined;
  private rootSource: Source | undefined = undefined;
  private childSource: Source | undefined = undefined;

  constructor(bytes: string, tag: StartTag, around: Surroundings) {
    this.bytes = bytes;
    this.tag = tag;
    this.around = around;
    this.bindings = around.bindings;
  }

  /** Takes in the start tag of a deeper element that has to do with prefixes or declarations. */
  enter(depth: number, plain: boolean): void {
    const { tag } = this;
    if (tag.declares) this.declarations(depth, plain);
    if (tag.colon !== -1) this.resolve(tag.start + 1, tag.colon, depth);
    if (tag.prefixed) this.qualify(depth);
  }

  /** Takes in the start tag of the root or of a child of it; its content begins at `open`. */
  note(depth: number, open: number, plain: boolean): void {
    const { bytes, tag } = this;
    const { start, colon } = tag;
    const declared = tag.declares ? this.declarations(depth, plain) : undefined;
    const outside = depth === 2 ? this.rootSource!.inside : this.around.scope;
    const inside = declared === undefined ? outside : this.translate(declared);
    const source = new Source(bytes, start, inside, this.bindings);
    source.open = open;
    if (depth === 2) this.childSource = source;
    else this.rootSource = source;
    const named = colon === -1 ? inside : this.resolve(start + 1, colon, depth);
    if (tag.prefixed) this.qualify(depth);
    const ns = colon === -1 ? inside : this.translate(named);
    if (declared === undefined) source.outside = outside;
    const translated = ns !== named || (declared !== undefined && inside !== declared);
    const values = depth === 2 ? undefined : markedAttributes(bytes, tag, this.bindings, plain);
    const name = nameAt(bytes, colon === -1 ? start + 1 : colon + 1, tag.nameEnd);
    const element = new Element(ns, name, values, Content.from(ns, source));
    element.untouched = true;
    if (depth === 2) this.adopt(element, source, translated);
    else {
      source.elements = [];
      if (translated) source.portable = false;
      this.root = element;
    }
  }

  /** The root or a child of it has been read. */
  finish(depth: number, close: number, end: number, plain: boolean): void {
    const source = depth === 2 ? this.childSource! : this.rootSource!;
    source.close = close;
    source.end = end;
    source.plain = plain;
  }

  /** The declarations of an element end with it. */
  leave(depth: number): void {
    let binding = this.bindings;
    if (binding === undefined || binding.depth !== depth) return;
    while (binding !== undefined && binding.depth === depth) binding = binding.next;
    this.bindings = binding;
  }

  private adopt(child: Element, source: Source, translated: boolean): void {
    const root = this.rootSource!;
    root.elements!.push(child);
    source.raw = child.ns === source.inside;
    // The bytes of the child rely on a default namespace which is not the one they would be written in.
    if (source.outside !== undefined && root.inside !== this.root!.ns) root.raw = false;
    if (translated) source.portable = root.portable = root.raw = false;
  }

  /** Puts the declarations of the tag in force; returns the default namespace it declares. */
  private declarations(depth: number, plain: boolean): string | undefined {
    const { bytes, tag } = this;
    const { marks } = tag;
    let declared: string | undefined;
    for (let index = 0; index < tag.count * 4; index += 4) {
      const start = marks[index]!;
      const end = marks[index + 1]!;
      if (!startsXmlns(bytes, start)) continue;
      const from = marks[index + 2]!;
      const to = marks[index + 3]!;
      if (end - start === 5) {
        // Of a deeper element it is enough to know that it is not a reserved one: both are longer than most.
        if (depth < 3 || !plain || to - from >= XMLNS_NAMESPACE.length) declared = this.value(from, to, plain);
      } else if (bytes.charCodeAt(start + 5) === 58) {
        this.bind(bytes.slice(start + 6, end), this.value(from, to, plain), depth);
      }
    }
    if (declared === XML_NAMESPACE || declared === XMLNS_NAMESPACE) {
      refuse("bad-namespace-prefix", "A reserved namespace is declared");
    }
    return declared;
  }

  private value(start: number, end: number, plain: boolean): string {
    return plain ? this.bytes.slice(start, end) : decodeValue(this.bytes, start, end);
  }

  private bind(prefix: string, uri: string, depth: number): void {
    if (prefix === "xmlns" || (prefix === "xml") !== (uri === XML_NAMESPACE) || uri === XMLNS_NAMESPACE) {
      refuse("bad-namespace-prefix", "A reserved prefix or namespace is declared");
    }
    if (uri === "") refuse("bad-namespace-prefix", "A prefix cannot be undeclared");
    if (prefix === "xml") return;
    this.bindings = new Binding(prefix, uri, depth, this.bindings);
    if (this.bindings.count > PREFIXES) refuse("policy-violation", "Too many prefixes");
  }

  private translate(uri: string): string {
    const { mapped } = this.around;
    return mapped !== undefined && mapped.from === uri ? mapped.to : uri;
  }

  /** The namespace of the prefix at this place. Notes which bytes can no longer be moved without its declaration. */
  private resolve(start: number, end: number, depth: number): string {
    if (isXml(this.bytes, start, end)) return XML_NAMESPACE;
    const binding = lookup(this.bindings, this.bytes, start, end);
    if (binding === undefined) return refuse("bad-namespace-prefix", "A prefix is not declared");
    const used = binding.depth;
    if (used > 2) return binding.uri;
    const root = this.rootSource!;
    if (used === 0) root.portable = false;
    if (depth >= 2 && used < 2) {
      root.needs = including(root.needs, binding);
      this.childSource!.portable = false;
    }
    if (depth >= 3) this.childSource!.needs = including(this.childSource!.needs, binding);
    return binding.uri;
  }

  /** Checks the attributes with a prefix: it must be declared, and no two may have the same namespace and name. */
  private qualify(depth: number): void {
    const { bytes, tag } = this;
    const { marks } = tag;
    let seen: Set<string> | undefined;
    for (let index = 0; index < tag.count * 4; index += 4) {
      const start = marks[index]!;
      const end = marks[index + 1]!;
      const colon = colonIn(bytes, start, end);
      if (colon === -1 || isXmlns(bytes, start, colon)) continue;
      const key = `{${this.resolve(start, colon, depth)}}${bytes.slice(colon + 1, end)}`;
      seen ??= new Set();
      if (seen.has(key)) refuse("not-well-formed", "An attribute occurs twice");
      seen.add(key);
    }
  }
}

/** A short list; shared by nobody before the element is complete. */
function including(list: Binding[] | undefined, binding: Binding): Binding[] {
  if (list === undefined) return [binding];
  if (!list.includes(binding)) list.push(binding);
  return list;
}
