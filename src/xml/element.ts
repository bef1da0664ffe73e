import { detach, fromBytes, toBytes } from "./bytes.ts";
import { isName } from "./characters.ts";
import { Content } from "./content.ts";
import { type Attributes, attributes } from "./names.ts";
import { writeHead } from "./write.ts";

/** A child: an element, or a run of text. */
export type Node = Element | string;

/** Attributes as a program gives them; undefined means absent. */
export type AttributeChanges = Readonly<Record<string, string | undefined>>;

/**
 * An XML element: an immutable value, its namespace resolved. A change makes a new element that shares the rest.
 * One that came off a stream is read from its bytes where it is first touched, and written back as those bytes.
 * Strings read from it may share the memory of the network read: keep `compact()` of it, not parts of it.
 */
export class Element {
  readonly ns: string;
  readonly name: string;
  /** What is between its tags. Only for src/xml. */
  readonly content: Content;
  /** Whether the tags are still those of the source. Only for src/xml, which sets it before anybody sees the element. */
  untouched = false;
  private values: Attributes | undefined;

  /** Only for src/xml: others use a Tag or the parser. Without `values` they are read from the source of the content. */
  constructor(ns: string, name: string, values: Attributes | undefined, content: Content) {
    this.ns = ns;
    this.name = name;
    this.values = values;
    this.content = content;
  }

  /** Values by name. `xml:lang` is called so, attributes of other namespaces `{ns}name`. */
  get attrs(): Readonly<Record<string, string>> {
    const values = this.values;
    if (values !== undefined) return values;
    const read = this.content.source!.attributes();
    this.values = read;
    return read;
  }

  /** Elements and texts in order. No text is empty and no two are neighbours. */
  get children(): readonly Node[] {
    return this.content.nodes();
  }

  get elements(): readonly Element[] {
    return this.content.elements();
  }

  /** The direct text, without that of child elements. */
  get text(): string {
    return this.content.text();
  }

  is(tag: Tag): boolean {
    return this.name === tag.name && this.ns === tag.ns;
  }

  /** The first child element of that name. */
  child(tag: Tag): Element | undefined {
    const elements = this.content.elements();
    for (let index = 0; index < elements.length; index++) {
      const element = elements[index]!;
      if (element.name === tag.name && element.ns === tag.ns) return element;
    }
    return undefined;
  }

  /** All child elements of that name. */
  all(tag: Tag): readonly Element[] {
    return this.content.elements().filter((element) => element.is(tag));
  }

  /** With these attributes set, or removed where undefined. The content is shared, and written only once for all. */
  with(changes: AttributeChanges): Element {
    const values = attributes();
    const old = this.attrs;
    let removes = false;
    for (const key in old) values[key] = old[key]!;
    for (const key in changes) {
      const value = changes[key];
      if (value !== undefined) values[key] = value;
      else removes ||= values[key] !== undefined;
    }
    if (removes) return this.withOnly(values, changes);
    return new Element(this.ns, this.name, values, this.content);
  }

  /** With those of the values that the changes do not remove: deleting properties would make the table a slow one. */
  private withOnly(values: Attributes, changes: AttributeChanges): Element {
    const kept = attributes();
    for (const key in values) if (!Object.hasOwn(changes, key) || changes[key] !== undefined) kept[key] = values[key]!;
    return new Element(this.ns, this.name, kept, this.content);
  }

  append(...nodes: Node[]): Element {
    if (nodes.length === 0) return this;
    return new Element(this.ns, this.name, this.attrs, this.content.append(nodes));
  }

  /** Without the direct children of that name; itself if there is none. */
  without(tag: Tag): Element {
    if (this.child(tag) === undefined) return this;
    const kept = this.children.filter((node) => typeof node === "string" || !node.is(tag));
    return new Element(this.ns, this.name, this.attrs, Content.of(this.ns, kept));
  }

  /** The same name and attributes with these children instead. */
  holding(...nodes: Node[]): Element {
    return new Element(this.ns, this.name, this.attrs, Content.of(this.ns, nodes));
  }

  /** The element as XML text. `scope` is the default namespace already in force where it is written. */
  toString(scope = ""): string {
    return fromBytes(this.wire(scope));
  }

  /** The same as UTF-8 in a byte string, to be written as latin1. */
  wire(scope = ""): string {
    const whole = this.untouched ? this.content.source!.whole(scope) : undefined;
    if (whole !== undefined) return whole;
    const head = writeHead(this, scope);
    const inner = this.content.wire();
    return inner === "" ? `${head}/>` : `${head}>${inner}</${toBytes(this.name)}>`;
  }

  /** An equal element that keeps no larger buffer alive: for elements that outlive the handling of a stanza. */
  compact(): Element {
    const values = attributes();
    const old = this.attrs;
    for (const key in old) values[detach(key)] = detach(old[key]!);
    const ns = detach(this.ns);
    return new Element(ns, detach(this.name), values, this.content.compact(ns));
  }

  /** Same names, attributes and children; prefixes and the order of attributes do not count. */
  equals(other: Element): boolean {
    const pairs: Element[] = [this, other];
    while (pairs.length > 0) {
      const right = pairs.pop()!;
      const left = pairs.pop()!;
      if (left === right) continue;
      if (left.name !== right.name || left.ns !== right.ns || !sameAttributes(left.attrs, right.attrs)) return false;
      if (left.content === right.content) continue;
      const ours = left.children;
      const theirs = right.children;
      if (ours.length !== theirs.length) return false;
      for (let index = 0; index < ours.length; index++) {
        const our = ours[index]!;
        const their = theirs[index]!;
        if (typeof our !== "string" && typeof their !== "string") pairs.push(our, their);
        else if (our !== their) return false;
      }
    }
    return true;
  }
}

function sameAttributes(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  let count = 0;
  for (const key in left) {
    if (left[key] !== right[key]) return false;
    count++;
  }
  for (const _ in right) count--;
  return count === 0;
}

/** A qualified name that also builds: `const body = tag(client, "body"); body({}, "hi")`. */
export interface Tag {
  /** Attributes whose value is undefined are left out. */
  (attrs?: AttributeChanges, ...children: Node[]): Element;
  readonly ns: string;
  readonly name: string;
}

/** Names elements. The one way to name or make XML. Throws a TypeError if the name cannot be one. */
export function tag(ns: string, name: string): Tag {
  if (!isName(name)) throw new TypeError(`Not a name: ${name}`);
  const build = (attrs?: AttributeChanges, ...children: Node[]): Element => {
    const values = attributes();
    for (const key in attrs) {
      const value = attrs[key];
      if (value !== undefined) values[key] = value;
    }
    return new Element(ns, name, values, Content.of(ns, children));
  };
  Object.defineProperty(build, "name", { value: name });
  return Object.assign(build, { ns });
}
