import type { Element } from "./element.ts";
import { refuse } from "./error.ts";
import type { Limits } from "./limits.ts";
import { isXmlns } from "./names.ts";
import { Outline, type Surroundings } from "./outline.ts";
import { passName, passSection, passSpace, passText, passValue } from "./scan.ts";

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;
const QUESTION = 63;
const COLON = 58;
const EQUALS = 61;

const none: number[] = [];

/**
 * The one pass that checks a whole element: well-formedness, UTF-8, characters, names, namespaces, limits. It notes the
 * root and its child elements; what is deeper is built when it is first touched.
 */
export class Validation {
  private readonly bytes: string;
  private readonly limits: Limits;
  private at: number;
  private readonly end: number;
  private depth = 0;
  private count = 0;
  /** Start and end of the raw names of the open elements. */
  private readonly open: number[] = [];
  /** The attributes of the present tag, four numbers each: start and end of the name, start and end of the value. */
  private readonly marks: number[] = [];
  private marked = 0;
  /** Whether the present tag declares a namespace or has an attribute with a prefix. */
  private qualified = false;
  private readonly outline: Outline;

  constructor(bytes: string, start: number, end: number, options: { limits: Limits; around: Surroundings }) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.limits = options.limits;
    this.outline = new Outline(bytes, options.around);
  }

  /** Reads one element, which must fill the range. */
  element(): Element {
    const { bytes, end } = this;
    for (;;) {
      if (this.at >= end || bytes.charCodeAt(this.at) !== LESS) refuse("bad-format", "An element was expected");
      const next = bytes.charCodeAt(this.at + 1);
      if (next === SLASH) this.endTag();
      else if (next === BANG) this.at = passSection(bytes, this.at, end);
      else if (next === QUESTION) refuse("restricted-xml", "Processing instructions are not allowed");
      else this.startTag();
      if (this.depth === 0) break;
      this.at = passText(bytes, this.at, end);
    }
    if (this.outline.root === undefined) refuse("not-well-formed", "An element was expected");
    if (this.at !== end) refuse("bad-format", "Only one element is allowed here");
    return this.outline.root;
  }

  /** Reads a start tag alone, the stream header, which must fill the range. */
  header(): Element {
    this.depth = -1;
    this.startTag();
    if (this.at !== this.end || this.outline.root === undefined) refuse("not-well-formed", "A start tag was expected");
    return this.outline.root;
  }

  private startTag(): void {
    const { bytes, at: start } = this;
    let nameEnd = passName(bytes, start + 1);
    let colon = -1;
    if (bytes.charCodeAt(nameEnd) === COLON) {
      colon = nameEnd;
      nameEnd = passName(bytes, nameEnd + 1);
    }
    if (++this.count > this.limits.elements) refuse("policy-violation", "Too many elements");
    const depth = ++this.depth;
    if (depth > this.limits.depth) refuse("policy-violation", "Elements are nested too deeply");
    const close = this.attributes(nameEnd);
    if (depth < 3 || this.qualified || colon !== -1) {
      const tag = { depth, start, colon, nameEnd };
      this.outline.enter(tag, this.qualified ? this.marks : none, this.qualified ? this.marked : 0);
    }
    if (bytes.charCodeAt(close) === GREATER) {
      this.open.push(start + 1, nameEnd);
      this.at = close + 1;
      if (depth < 3) this.outline.opened(depth, this.at);
      return;
    }
    this.at = close + 2;
    if (depth < 3) this.outline.opened(depth, this.at);
    this.leave(this.at);
  }

  private endTag(): void {
    const { bytes, open, at } = this;
    const end = open.pop();
    const start = open.pop();
    if (start === undefined || end === undefined) refuse("not-well-formed", "An end tag has no start tag");
    const length = end - start;
    for (let index = 0; index < length; index++) {
      if (bytes.charCodeAt(start + index) !== bytes.charCodeAt(at + 2 + index)) {
        refuse("not-well-formed", "An end tag does not match its start tag");
      }
    }
    const close = passSpace(bytes, at + 2 + length);
    if (bytes.charCodeAt(close) !== GREATER) refuse("not-well-formed", "An end tag does not match its start tag");
    this.at = close + 1;
    this.leave(at);
  }

  /** The element ends; its content ended at that place. */
  private leave(close: number): void {
    this.outline.leave(this.depth--, close, this.at);
  }

  /** Reads the attributes of a tag, returns the place of its `>` or `/>`. */
  private attributes(start: number): number {
    const { bytes, end, marks } = this;
    this.marked = 0;
    this.qualified = false;
    let at = start;
    for (;;) {
      const code = bytes.charCodeAt(at);
      if (code === GREATER) return at;
      if (code === SLASH && bytes.charCodeAt(at + 1) === GREATER) return at;
      const name = passSpace(bytes, at);
      const first = bytes.charCodeAt(name);
      if (first === GREATER || first === SLASH) {
        at = name;
        if (first === SLASH && bytes.charCodeAt(at + 1) !== GREATER) refuse("not-well-formed", "A tag is not closed");
        continue;
      }
      if (name === at) refuse("not-well-formed", "White space was expected in a tag");
      let nameEnd = passName(bytes, name);
      if (bytes.charCodeAt(nameEnd) === COLON) {
        this.qualified = true;
        nameEnd = passName(bytes, nameEnd + 1);
      } else if (isXmlns(bytes, name, nameEnd)) this.qualified = true;
      const equals = passSpace(bytes, nameEnd);
      if (bytes.charCodeAt(equals) !== EQUALS) refuse("not-well-formed", "An attribute has no value");
      const quote = passSpace(bytes, equals + 1);
      const mark = bytes.charCodeAt(quote);
      if (mark !== 34 && mark !== 39) refuse("not-well-formed", "An attribute is not quoted");
      at = passValue(bytes, quote + 1, end);
      this.unique(name, nameEnd);
      const index = this.marked++ * 4;
      if (this.marked > this.limits.attributes) refuse("policy-violation", "Too many attributes");
      marks[index] = name;
      marks[index + 1] = nameEnd;
      marks[index + 2] = quote + 1;
      marks[index + 3] = at++;
    }
  }

  private unique(start: number, end: number): void {
    const { bytes, marks } = this;
    const length = end - start;
    const last = this.marked * 4;
    for (let index = 0; index < last; index += 4) {
      const other = marks[index]!;
      if (marks[index + 1]! - other !== length) continue;
      let same = 0;
      while (same < length && bytes.charCodeAt(start + same) === bytes.charCodeAt(other + same)) same++;
      if (same === length) refuse("not-well-formed", "An attribute occurs twice");
    }
  }
}
