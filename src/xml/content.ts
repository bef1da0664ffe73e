import { buildNodes, TagReader } from "./build.ts";
import { detach } from "./bytes.ts";
import { decode } from "./decode.ts";
import type { Element, Node } from "./element.ts";
import type { Attributes, Binding } from "./names.ts";
import { writeNodes } from "./write.ts";

/** Where an element stands in validated bytes, and what its bytes mean there. Filled in by the validating pass. */
export class Source {
  readonly bytes: string;
  /** Offsets of `<` of the start tag, of the content, of `</` of the end tag, and after the end tag. */
  readonly start: number;
  open = 0;
  close = 0;
  end = 0;
  /** Whether all text and values in it are what their bytes are: ASCII without references, CDATA or carriage returns. */
  plain = false;
  /** The default namespace inside the element. */
  readonly inside: string;
  /** The prefixes in force inside the element. */
  readonly bindings: Binding | undefined;
  /** The default namespace around it that its bytes rely on; undefined: they declare their own. */
  outside: string | undefined = undefined;
  /** Whether the bytes with the tags mean the same anywhere, but for `outside`. */
  portable = true;
  /** Whether the bytes of the content mean the same where the default namespace is that of the element. */
  raw = true;
  /** Prefixes from around the content that its bytes use. */
  needs: Binding[] | undefined = undefined;
  /** The child elements, where the validating pass has noted them. */
  elements: Element[] | undefined = undefined;

  constructor(bytes: string, start: number, inside: string, bindings: Binding | undefined) {
    this.bytes = bytes;
    this.start = start;
    this.inside = inside;
    this.bindings = bindings;
  }

  attributes(): Attributes {
    const tag = new TagReader(this.bytes, this.plain);
    tag.bindings = this.bindings;
    tag.read(this.start);
    return tag.attrs;
  }

  /** The bytes of the whole element, if they mean the same where `scope` is the default namespace. */
  whole(scope: string): string | undefined {
    if (!this.portable || (this.outside !== undefined && this.outside !== scope)) return undefined;
    return this.bytes.slice(this.start, this.end);
  }

  nodes(): Node[] {
    const elements = this.elements;
    if (elements === undefined) return buildNodes(this);
    const nodes: Node[] = [];
    let at = this.open;
    for (const element of elements) {
      const child = element.content.source!;
      if (at < child.start) nodes.push(this.text(at, child.start));
      nodes.push(element);
      at = child.end;
    }
    if (at < this.close) nodes.push(this.text(at, this.close));
    return nodes;
  }

  private text(start: number, end: number): string {
    return this.plain ? this.bytes.slice(start, end) : decode(this.bytes, start, end);
  }
}

/**
 * What is between the tags of an element: source bytes, nodes, or other content with nodes after it. Shared by all
 * elements that differ only in their attributes, with its serialisation.
 */
export class Content {
  /** The namespace of the element: the default namespace in force where the content is written. */
  readonly ns: string;
  readonly source: Source | undefined;
  /** The content that this one continues; its own nodes are then `added`. */
  private readonly base: Content | undefined;
  private readonly added: Node[];
  private children: readonly Node[] | undefined = undefined;
  private childElements: readonly Element[] | undefined = undefined;
  private bytes: string | undefined = undefined;

  private constructor(ns: string, source: Source | undefined, base: Content | undefined, added: Node[]) {
    this.ns = ns;
    this.source = source;
    this.base = base;
    this.added = added;
  }

  static of(ns: string, nodes: Node[]): Content {
    return new Content(ns, undefined, undefined, normalise(nodes));
  }

  static from(ns: string, source: Source): Content {
    return new Content(ns, source, undefined, none);
  }

  append(nodes: Node[]): Content {
    if (this.base !== undefined)
      return new Content(this.ns, undefined, this.base, normalise([...this.added, ...nodes]));
    return new Content(this.ns, undefined, this, normalise(nodes));
  }

  nodes(): readonly Node[] {
    if (this.children === undefined) this.children = this.makeNodes();
    return this.children;
  }

  private makeNodes(): readonly Node[] {
    if (this.source !== undefined) return this.source.nodes();
    if (this.base === undefined) return this.added;
    return normalise([...this.base.nodes(), ...this.added]);
  }

  elements(): readonly Element[] {
    if (this.childElements === undefined) {
      const known = this.source?.elements;
      this.childElements = known ?? this.nodes().filter((node): node is Element => typeof node !== "string");
    }
    return this.childElements;
  }

  text(): string {
    const nodes = this.nodes();
    if (nodes.length === 1 && typeof nodes[0] === "string") return nodes[0];
    let text = "";
    for (const node of nodes) if (typeof node === "string") text += node;
    return text;
  }

  /** The prefixes that an element must declare if `wire()` is written inside it. */
  needs(): readonly Binding[] | undefined {
    const source = this.source ?? this.base?.source;
    return source?.raw === true ? source.needs : undefined;
  }

  /** The bytes between the tags. */
  wire(): string {
    if (this.bytes === undefined) this.bytes = this.ready() ?? this.writeAll();
    return this.bytes;
  }

  private writeAll(): string {
    if (this.base !== undefined) return this.base.wire() + writeNodes(this.added, this.ns);
    return writeNodes(this.nodes(), this.ns);
  }

  /** The bytes between the tags if they need not be written first. */
  ready(): string | undefined {
    if (this.bytes !== undefined) return this.bytes;
    const source = this.source;
    return source?.raw === true ? source.bytes.slice(source.open, source.close) : undefined;
  }

  /** The same content in bytes of its own. */
  compact(ns: string): Content {
    const bytes = detach(this.needs() === undefined ? this.wire() : writeNodes(this.nodes(), this.ns));
    const source = new Source(bytes, 0, ns, undefined);
    source.close = source.end = bytes.length;
    return Content.from(ns, source);
  }
}

const none: Node[] = [];

/** Without empty texts and neighbouring texts; the same array if there are none. */
function normalise(nodes: Node[]): Node[] {
  let before = false;
  for (const node of nodes) {
    const text = typeof node === "string";
    if (text && (before || node === "")) return merge(nodes);
    before = text;
  }
  return nodes;
}

function merge(nodes: Node[]): Node[] {
  const merged: Node[] = [];
  for (const node of nodes) {
    const last = merged.at(-1);
    if (typeof node === "string" && typeof last === "string") merged[merged.length - 1] = last + node;
    else if (node !== "") merged.push(node);
  }
  return merged;
}
