import { Content, Source } from "./content.ts";
import { decodeValue } from "./decode.ts";
import { Element } from "./element.ts";
import { refuse } from "./error.ts";
import { PREFIXES } from "./limits.ts";
import { Binding, colonIn, isXml, isXmlns, lookup, nameAt, XML_NAMESPACE, XMLNS_NAMESPACE } from "./names.ts";

/** What is around a stanza: the namespaces that the stream header declares. */
export interface Surroundings {
  readonly scope: string;
  readonly bindings: Binding | undefined;
  /** A namespace of stanzas that is to be read as another (server streams). */
  readonly mapped: { readonly from: string; readonly to: string } | undefined;
}

/** A start tag: how deep (the stanza is 1), and the places of `<`, of the colon (-1: none) and after the name. */
export interface Place {
  readonly depth: number;
  readonly start: number;
  readonly colon: number;
  readonly nameEnd: number;
}

/**
 * The namespaces of an element that is being validated, and its outline: the root, its child elements, and what their
 * bytes need from around them.
 */
export class Outline {
  root: Element | undefined = undefined;
  private readonly bytes: string;
  private readonly around: Surroundings;
  private bindings: Binding | undefined;
  private rootSource: Source | undefined = undefined;
  private childSource: Source | undefined = undefined;

  constructor(bytes: string, around: Surroundings) {
    this.bytes = bytes;
    this.around = around;
    this.bindings = around.bindings;
  }

  /** Takes in a start tag and its attributes (four numbers each: start and end of the name, of the value). */
  enter(place: Place, marks: readonly number[], count: number): void {
    const { depth, start, colon } = place;
    const declared = count > 0 ? this.declarations(depth, marks, count) : undefined;
    if (depth < 3) this.note(place, declared);
    else if (colon !== -1) this.resolve(start + 1, colon, depth);
    if (count > 0) this.qualify(depth, marks, count);
  }

  /** The content of the present tag begins. */
  opened(depth: number, at: number): void {
    if (depth === 2) this.childSource!.open = at;
    else this.rootSource!.open = at;
  }

  /** An element ends, its content ended at `close`. */
  leave(depth: number, close: number, end: number): void {
    let binding = this.bindings;
    if (binding !== undefined && binding.depth === depth) {
      while (binding !== undefined && binding.depth === depth) binding = binding.next;
      this.bindings = binding;
    }
    if (depth > 2) return;
    const source = depth === 2 ? this.childSource! : this.rootSource!;
    source.close = close;
    source.end = end;
  }

  /** Puts the declarations of a tag in force; returns the default namespace it declares. */
  private declarations(depth: number, marks: readonly number[], count: number): string | undefined {
    const { bytes } = this;
    let declared: string | undefined;
    for (let index = 0; index < count * 4; index += 4) {
      const start = marks[index]!;
      const end = marks[index + 1]!;
      if (!bytes.startsWith("xmlns", start)) continue;
      if (end - start === 5) {
        declared = decodeValue(bytes, marks[index + 2]!, marks[index + 3]!);
        if (declared === XML_NAMESPACE || declared === XMLNS_NAMESPACE) {
          refuse("bad-namespace-prefix", "A reserved namespace is declared");
        }
      } else if (bytes.charCodeAt(start + 5) === 58) {
        this.bind(bytes.slice(start + 6, end), decodeValue(bytes, marks[index + 2]!, marks[index + 3]!), depth);
      }
    }
    return declared;
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

  /** Notes the root or a child of it. */
  private note(place: Place, declared: string | undefined): void {
    const { bytes, around } = this;
    const { depth, start, colon, nameEnd } = place;
    const outside = depth === 2 ? this.rootSource!.inside : around.scope;
    const inside = declared === undefined ? outside : this.translate(declared);
    const source = new Source(bytes, start, inside, this.bindings);
    if (depth === 2) this.childSource = source;
    else this.rootSource = source;
    const named = colon === -1 ? inside : this.resolve(start + 1, colon, depth);
    const ns = colon === -1 ? inside : this.translate(named);
    if (declared === undefined) source.outside = outside;
    const translated = ns !== named || (declared !== undefined && inside !== declared);
    const element = new Element(
      ns,
      nameAt(bytes, colon === -1 ? start + 1 : colon + 1, nameEnd),
      undefined,
      Content.from(ns, source),
    );
    element.untouched = true;
    if (depth === 2) this.adopt(element, source, translated);
    else {
      source.elements = [];
      source.portable &&= !translated;
      this.root = element;
    }
  }

  private adopt(child: Element, source: Source, translated: boolean): void {
    const root = this.rootSource!;
    root.elements!.push(child);
    source.raw = child.ns === source.inside;
    // The bytes of the child rely on a default namespace which is not the one they would be written in.
    if (source.outside !== undefined && root.inside !== this.root!.ns) root.raw = false;
    if (translated) source.portable = root.portable = root.raw = false;
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
  private qualify(depth: number, marks: readonly number[], count: number): void {
    const { bytes } = this;
    let seen: Set<string> | undefined;
    for (let index = 0; index < count * 4; index += 4) {
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
