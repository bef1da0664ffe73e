import { detach, toBytes } from "./bytes.ts";
import { classes, SPACE } from "./characters.ts";
import { Content } from "./content.ts";
import { checkDeclaration } from "./declaration.ts";
import { Element } from "./element.ts";
import { refuse, XmlError } from "./error.ts";
import { Framer } from "./framer.ts";
import { generous, type Limits } from "./limits.ts";
import { Binding } from "./names.ts";
import type { Surroundings } from "./outline.ts";
import { Validation } from "./validate.ts";

export type { Limits } from "./limits.ts";

const nowhere: Surroundings = { scope: "", bindings: undefined, mapped: undefined };

/** How a stream is to be read. */
export interface ParserOptions {
  /** The content namespace `from` is read as `to`: jabber:server as jabber:client (RFC 6120 §4.8.3). */
  readonly contentNamespace?: { readonly from: string; readonly to: string };
}

/**
 * Reads one XML stream (RFC 6120 §4) from byte strings. The owner pulls: bytes are kept as they come until next() asks
 * for the next element, so STARTTLS and a restart find what has not been read.
 */
export class Parser {
  /** May be changed between elements. */
  limits: Limits;
  private readonly mapped: Surroundings["mapped"];
  private readonly framer = new Framer();
  private around = nowhere;
  private declaredScope = "";
  private headerName: string | undefined = undefined; // raw; undefined before the header
  private closed = false;
  private failure: XmlError | undefined = undefined;

  constructor(limits: Limits, options: ParserOptions = {}) {
    this.limits = limits;
    this.mapped = options.contentNamespace;
  }

  /** The default namespace that the stream header declares, as stanzas inherit it; "" before the header. */
  get scope(): string {
    return this.around.scope;
  }

  /** The same as the header has it, before one content namespace is read as another. */
  get declared(): string {
    return this.declaredScope;
  }

  /** Bytes pushed which belong to no element that next() has given out. */
  get buffered(): number {
    return this.framer.buffered;
  }

  push(bytes: string): void {
    if (this.failure === undefined && !this.closed) this.framer.push(bytes);
  }

  /**
   * First the stream header (an element without children), then each complete top-level element, then "closed" at the
   * end tag of the stream. Undefined: more bytes are needed. Throws an XmlError, and the same one again ever after.
   */
  next(): Element | "closed" | undefined {
    if (this.failure !== undefined) throw this.failure;
    if (this.closed) return "closed";
    try {
      return this.read();
    } catch (error) {
      if (error instanceof XmlError) this.failure = error;
      this.framer.clear();
      throw error;
    }
  }

  /** A new stream begins (RFC 6120 §4.3.3): the header is forgotten, unread bytes are kept. */
  reset(): void {
    this.framer.restart();
    this.around = nowhere;
    this.declaredScope = "";
    this.headerName = undefined;
    this.closed = false;
  }

  /** Throws away unread bytes and tells how many there were. What came before a TLS handshake must not survive it. */
  discard(): number {
    const size = this.framer.buffered;
    this.framer.clear();
    return size;
  }

  private read(): Element | "closed" | undefined {
    const { framer, limits } = this;
    let frame = framer.next(limits.stanzaBytes);
    if (frame === "declaration") {
      checkDeclaration(framer.bytes.slice(framer.start, framer.end));
      frame = framer.next(limits.stanzaBytes);
    }
    if (frame === undefined) return undefined;
    const { bytes, start, end } = framer;
    framer.bytes = "";
    if (frame === "end") return this.close(bytes.slice(start, end));
    const around = frame === "header" ? nowhere : this.around;
    const validation = new Validation(bytes, start, end, { limits, around });
    return frame === "header" ? this.open(validation.header()) : validation.element();
  }

  private open(header: Element): Element {
    const source = header.content.source!;
    // The namespaces live as long as the stream: they must not keep the memory of a network read.
    let bindings: Binding | undefined;
    const declared: Binding[] = [];
    for (let binding = source.bindings; binding !== undefined; binding = binding.next) declared.unshift(binding);
    for (const { prefix, uri } of declared) bindings = new Binding(detach(prefix), detach(uri), 0, bindings);
    const { mapped } = this;
    this.declaredScope = detach(source.inside);
    const scope = mapped?.from === source.inside ? mapped.to : this.declaredScope;
    this.around = { scope, bindings, mapped };
    const start = source.start + 1;
    const tag = source.bytes.slice(start, source.open);
    this.headerName = detach(tag.slice(0, tag.search(/[ \t\r\n/>]/)));
    if (source.close > 0) {
      this.closed = true;
      this.framer.clear();
    }
    return new Element(header.ns, header.name, header.attrs, Content.of(header.ns, []));
  }

  private close(endTag: string): "closed" {
    if (endTag.slice(2, withoutSpace(endTag, endTag.length - 1)) !== this.headerName) {
      refuse("not-well-formed", "An end tag does not match its start tag");
    }
    this.closed = true;
    this.framer.clear();
    return "closed";
  }
}

/** Where the white space before this place begins. */
function withoutSpace(bytes: string, end: number): number {
  let at = end;
  while (at > 0 && (classes[bytes.charCodeAt(at - 1)]! & SPACE) !== 0) at--;
  return at;
}

/**
 * Reads exactly one element, as a WebSocket frame holds it (RFC 7395 §3.3.3): no XML declaration, nothing before it, at
 * most white space after it. Throws an XmlError.
 */
export function parseDocument(bytes: string, limits: Limits): Element {
  if (bytes.length > limits.stanzaBytes) refuse("policy-violation", "The element is too large");
  return new Validation(bytes, 0, withoutSpace(bytes, bytes.length), { limits, around: nowhere }).element();
}

/** Reads one element from trusted Unicode text, white space around it ignored: for tests and what we stored ourselves. */
export function parseText(text: string): Element {
  return parseDocument(toBytes(text.trim()), generous);
}
