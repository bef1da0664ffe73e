import type { Element } from "./element.ts";
import { refuse } from "./error.ts";
import type { Limits } from "./limits.ts";
import { isXmlns } from "./names.ts";
import { Outline, StartTag, type Surroundings } from "./outline.ts";
import { passName, passSpace, Scanner } from "./scan.ts";

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;
const QUESTION = 63;
const COLON = 58;
const EQUALS = 61;
const QUOTE = 34;
const APOSTROPHE = 39;

/**
 * The one pass that checks a whole element: well-formedness, UTF-8, characters, names, namespaces, limits. It notes the
 * root and its child elements; what is deeper is built when it is first touched.
 */
export class Validation extends Scanner {
  private readonly limits: Limits;
  private at: number;
  private depth = 0;
  private count = 0;
  /** Start and end of the raw names of the open elements. */
  private readonly open: number[] = [];
  private readonly tag = new StartTag();
  private readonly outline: Outline;
  /** Whether there was anything odd before the present child of the root. */
  private oddBefore = false;

  constructor(bytes: string, start: number, end: number, options: { limits: Limits; around: Surroundings }) {
    super(bytes, end);
    this.at = start;
    this.limits = options.limits;
    this.outline = new Outline(bytes, this.tag, options.around);
  }

  /** Reads one element, which must fill the range. */
  element(): Element {
    const { bytes, end } = this;
    for (;;) {
      if (this.at >= end || bytes.charCodeAt(this.at) !== LESS) refuse("bad-format", "An element was expected");
      const next = bytes.charCodeAt(this.at + 1);
      if (next === SLASH) this.endTag();
      else if (next === BANG) this.at = this.section(this.at);
      else if (next === QUESTION) refuse("restricted-xml", "Processing instructions are not allowed");
      else this.startTag();
      if (this.depth === 0) break;
      if (bytes.charCodeAt(this.at) !== LESS) this.at = this.text(this.at);
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
    const { bytes, tag, at: start } = this;
    let nameEnd = passName(bytes, start + 1);
    let colon = -1;
    if (bytes.charCodeAt(nameEnd) === COLON) {
      colon = nameEnd;
      nameEnd = passName(bytes, nameEnd + 1);
    }
    if (++this.count > this.limits.elements) refuse("policy-violation", "Too many elements");
    const depth = ++this.depth;
    if (depth > this.limits.depth) refuse("policy-violation", "Elements are nested too deeply");
    if (depth === 2) {
      this.oddBefore ||= this.odd;
      this.odd = false;
    }
    tag.begin(start, colon, nameEnd);
    const close = bytes.charCodeAt(nameEnd) === GREATER ? nameEnd : this.attributes(nameEnd);
    const empty = bytes.charCodeAt(close) === SLASH;
    this.at = empty ? close + 2 : close + 1;
    if (depth < 3) this.outline.note(depth, this.at, !this.odd);
    else if (tag.declares || tag.prefixed || colon !== -1) this.outline.enter(depth, !this.odd);
    if (empty) this.leave(this.at);
    else this.open.push(start + 1, nameEnd);
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
    const depth = this.depth--;
    if (depth < 3) {
      if (depth < 2) this.odd ||= this.oddBefore;
      this.outline.finish(depth, close, this.at, !this.odd);
    }
    this.outline.leave(depth);
  }

  /** Reads the attributes of a tag, returns the place of its `>` or `/>`. */
  private attributes(start: number): number {
    const { bytes, tag } = this;
    let at = start;
    for (;;) {
      const name = passSpace(bytes, at);
      const first = bytes.charCodeAt(name);
      if (first === GREATER) return name;
      if (first === SLASH) {
        if (bytes.charCodeAt(name + 1) !== GREATER) refuse("not-well-formed", "A tag is not closed");
        return name;
      }
      if (name === at) refuse("not-well-formed", "White space was expected in a tag");
      let nameEnd = passName(bytes, name);
      if (bytes.charCodeAt(nameEnd) === COLON) {
        if (isXmlns(bytes, name, nameEnd)) tag.declares = true;
        else tag.prefixed = true;
        nameEnd = passName(bytes, nameEnd + 1);
      } else if (isXmlns(bytes, name, nameEnd)) tag.declares = true;
      const value = this.opening(nameEnd);
      at = this.value(value);
      if (tag.count > 0) this.unique(name, nameEnd);
      tag.add(name, nameEnd, value, at);
      if (tag.count > this.limits.attributes) refuse("policy-violation", "Too many attributes");
      at++;
    }
  }

  /** The place after the equals sign and the opening quote of an attribute. */
  private opening(start: number): number {
    const { bytes } = this;
    const equals = bytes.charCodeAt(start) === EQUALS ? start : passSpace(bytes, start);
    if (bytes.charCodeAt(equals) !== EQUALS) refuse("not-well-formed", "An attribute has no value");
    const next = bytes.charCodeAt(equals + 1);
    if (next === APOSTROPHE || next === QUOTE) return equals + 2;
    const quote = passSpace(bytes, equals + 1);
    const code = bytes.charCodeAt(quote);
    if (code !== QUOTE && code !== APOSTROPHE) refuse("not-well-formed", "An attribute is not quoted");
    return quote + 1;
  }

  private unique(start: number, end: number): void {
    const { bytes, tag } = this;
    const { marks } = tag;
    const length = end - start;
    const last = tag.count * 4;
    for (let index = 0; index < last; index += 4) {
      const other = marks[index]!;
      if (marks[index + 1]! - other !== length) continue;
      let same = 0;
      while (same < length && bytes.charCodeAt(start + same) === bytes.charCodeAt(other + same)) same++;
      if (same === length) refuse("not-well-formed", "An attribute occurs twice");
    }
  }
}
