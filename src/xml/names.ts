import { fromBytes } from "./bytes.ts";
import { codePoint, isName, isNameCharacter, isNameStart, sequenceLength } from "./characters.ts";
import { knownName } from "./known.ts";

export const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";
export const XMLNS_NAMESPACE = "http://www.w3.org/2000/xmlns/";

/** Attribute values by name. Its prototype is empty, so a name nobody sent is undefined, "constructor" too. */
export type Attributes = Record<string, string>;

function AttributeTable(): void {}
AttributeTable.prototype = Object.create(null);

/** An empty table of attributes. Made by a constructor, so that V8 keeps it as a fast object (Object.create(null) is not). */
export function attributes(): Attributes {
  return new (AttributeTable as unknown as new () => Attributes)();
}

/** A prefix in force, and those around it. Immutable, so lazy elements can keep it. */
export class Binding {
  readonly prefix: string; // byte string
  readonly uri: string;
  readonly depth: number; // of the element that declares it: 0 the stream header, 1 the stanza
  readonly count: number; // how many are in force with this one
  readonly next: Binding | undefined;

  constructor(prefix: string, uri: string, depth: number, next: Binding | undefined) {
    this.prefix = prefix;
    this.uri = uri;
    this.depth = depth;
    this.count = next === undefined ? 1 : next.count + 1;
    this.next = next;
  }
}

/** The binding in force for the prefix at this place of the bytes; undefined if it is not declared. */
export function lookup(top: Binding | undefined, bytes: string, start: number, end: number): Binding | undefined {
  const length = end - start;
  for (let binding = top; binding !== undefined; binding = binding.next) {
    if (binding.prefix.length === length && bytes.startsWith(binding.prefix, start)) return binding;
  }
  return undefined;
}

/** Whether the bytes at this place are `xml`. */
export function isXml(bytes: string, start: number, end: number): boolean {
  return end - start === 3 && bytes.startsWith("xml", start);
}

/** Whether the bytes at this place are `xmlns`. */
export function isXmlns(bytes: string, start: number, end: number): boolean {
  return end - start === 5 && startsXmlns(bytes, start);
}

/** The place of the colon in a name; -1 if it has none. */
export function colonIn(bytes: string, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes.charCodeAt(at) === 58) return at;
  return -1;
}

/** Whether the bytes from this place on begin with `xmlns`. Asked for every attribute, so without a call into the engine. */
export function startsXmlns(bytes: string, start: number): boolean {
  return (
    bytes.charCodeAt(start) === 120 &&
    bytes.charCodeAt(start + 1) === 109 &&
    bytes.charCodeAt(start + 2) === 108 &&
    bytes.charCodeAt(start + 3) === 110 &&
    bytes.charCodeAt(start + 4) === 115
  );
}

/** The name at this place, decoded. */
export function nameAt(bytes: string, start: number, end: number): string {
  return knownName(bytes, start, end) ?? fromBytes(bytes.slice(start, end));
}

/** The place after the name character that is not ASCII; -1 if it is none, or may not begin a name. */
export function passNameCharacter(bytes: string, at: number, first: boolean): number {
  const length = sequenceLength(bytes, at);
  if (length === 0) return -1;
  const code = codePoint(bytes, at, length);
  return (first ? isNameStart(code) : isNameCharacter(code)) ? at + length : -1;
}

/** The key under which a namespaced attribute is kept. */
export function attributeKey(uri: string, name: string): string {
  return uri === XML_NAMESPACE && name === "lang" ? "xml:lang" : `{${uri}}${name}`;
}

/** Whether a key of an attribute table can be written without a namespace: a name, or `xml:lang`. */
export function isAttributeKey(key: string): boolean {
  return key === "xml:lang" || (isName(key) && key !== "xmlns");
}
