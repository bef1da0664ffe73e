import { classes, SPACE } from "./characters.ts";
import { Chunks } from "./chunks.ts";
import { refuse } from "./error.ts";

/** What the framer found: the XML declaration, the stream header, a whole top-level element, the end tag of the stream. */
export type Frame = "declaration" | "header" | "element" | "end";

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;
const QUESTION = 63;
const QUOTE = 34;
const APOSTROPHE = 39;
const BRACKET = 93;

// Where the framer is in the stream.
const BETWEEN = 0; // top-level elements
const TEXT = 1;
const MARKUP = 2; // after `<`
const TAG = 3;
const VALUE = 4;
const END_TAG = 5;
const OPENING = 6; // of a CDATA section
const SECTION = 7;
const DECLARATION = 8;

const opening = "[CDATA[";
const mark = "\xef\xbb\xbf";

/**
 * Finds where top-level elements begin and end, without reading them closely. No byte is looked at twice, however the
 * stream is cut.
 */
export class Framer extends Chunks {
  private state = BETWEEN;
  private depth = 0;
  private quote = 0;
  private matched = 0; // of `opening`, of `]]>`, of `?>`, of the byte order mark
  private started = false; // the header was seen
  private fresh = true; // nothing was seen
  private restarted = false;
  private markAllowed = true; // a byte order mark
  private skipped = 0; // white space before the header

  /** A new stream begins with the bytes that belong to no complete frame yet. */
  restart(): void {
    this.rewind();
    this.forget();
    this.started = false;
    this.fresh = true;
    this.restarted = true;
    this.markAllowed = false;
    this.skipped = 0;
  }

  override clear(): void {
    super.clear();
    this.forget();
  }

  private forget(): void {
    this.state = BETWEEN;
    this.depth = 0;
    this.matched = 0;
  }

  /** The next frame, or undefined if more bytes are needed. Throws if it is larger than `limit` bytes. */
  next(limit: number): Frame | undefined {
    for (;;) {
      if (this.at >= this.chunk.length && !this.advance(limit)) return undefined;
      const frame = this.scan(limit);
      if (frame === undefined) continue;
      this.complete(limit);
      this.forget();
      this.fresh = false;
      if (frame === "header") this.started = true;
      return frame;
    }
  }

  /** Scans on, to a change of state at most. */
  private scan(limit: number): Frame | undefined {
    switch (this.state) {
      case BETWEEN:
        return this.between(limit);
      case TEXT:
        return this.text();
      case MARKUP:
        return this.markup();
      case TAG:
        return this.tag();
      case VALUE: {
        const next = this.chunk.indexOf(this.quote === QUOTE ? '"' : "'", this.at);
        if (next === -1) this.at = this.chunk.length;
        else {
          this.at = next + 1;
          this.state = TAG;
        }
        return undefined;
      }
      case END_TAG:
        return this.endTag();
      case OPENING:
        return this.opening();
      case SECTION:
        return this.section();
      default:
        return this.declaration();
    }
  }

  private between(limit: number): undefined {
    const { chunk } = this;
    let at = this.at;
    if (this.markAllowed) {
      at = this.byteOrderMark(at);
      if (this.markAllowed) return undefined;
    }
    const first = at;
    while (at < chunk.length && (classes[chunk.charCodeAt(at)]! & SPACE) !== 0) at++;
    this.at = at;
    if (at > first && !this.started) {
      this.skipped += at - first;
      if (this.skipped > limit) refuse("policy-violation", "White space without end");
      if (!this.restarted) this.fresh = false;
    }
    if (at === chunk.length) return undefined;
    if (chunk.charCodeAt(at) !== LESS) refuse("bad-format", "Text is not allowed between elements");
    this.begin = at;
    this.at = at + 1;
    this.state = MARKUP;
    return undefined;
  }

  /** Passes a byte order mark at the beginning of the stream; `matched` says how much of it is still open. */
  private byteOrderMark(start: number): number {
    let at = start;
    while (at < this.chunk.length && this.matched < 3) {
      if (this.chunk.charCodeAt(at) !== mark.charCodeAt(this.matched)) break;
      at++;
      this.matched++;
    }
    this.at = at;
    if (at === this.chunk.length && this.matched < 3) return at;
    if (this.matched > 0 && this.matched < 3) refuse("bad-format", "Text is not allowed here");
    this.matched = 0;
    this.markAllowed = false;
    return at;
  }

  /** Finds the next tag, and reads it if it is a common one in this chunk: fewer changes of state. */
  private text(): Frame | undefined {
    const { chunk, at } = this;
    const next = chunk.charCodeAt(at) === LESS ? at : chunk.indexOf("<", at);
    if (next === -1) {
      this.at = chunk.length;
      return undefined;
    }
    this.at = next + 1;
    this.state = MARKUP;
    if (next + 1 === chunk.length) return undefined;
    const code = chunk.charCodeAt(next + 1);
    if (code === BANG || code === QUESTION) return undefined;
    if (code !== SLASH) {
      this.state = TAG;
      return this.tag();
    }
    this.at = next + 2;
    this.state = END_TAG;
    return this.endTag();
  }

  private markup(): undefined {
    const code = this.chunk.charCodeAt(this.at);
    if (code === SLASH) {
      if (!this.started) refuse("not-well-formed", "An end tag has no start tag");
      this.state = END_TAG;
    } else if (code === BANG) {
      this.state = OPENING;
      this.matched = 0;
    } else if (code === QUESTION) {
      if (!this.fresh) refuse("restricted-xml", "Processing instructions are not allowed");
      this.state = DECLARATION;
    } else {
      this.state = TAG;
      return undefined;
    }
    this.at++;
    return undefined;
  }

  private tag(): Frame | undefined {
    const { chunk } = this;
    for (let at = this.at; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (code > GREATER) continue;
      if (code === GREATER) {
        const empty = (at === 0 ? this.last : chunk.charCodeAt(at - 1)) === SLASH;
        this.at = at + 1;
        this.state = TEXT;
        if (!this.started) return "header";
        if (!empty) this.depth++;
        return this.depth === 0 ? "element" : undefined;
      }
      if (code === QUOTE || code === APOSTROPHE) {
        const close = chunk.indexOf(code === QUOTE ? '"' : "'", at + 1);
        if (close === -1) {
          this.quote = code;
          this.state = VALUE;
          break;
        }
        at = close;
      }
      if (code === LESS) refuse("not-well-formed", "A tag is not closed");
    }
    this.at = chunk.length;
    return undefined;
  }

  private endTag(): Frame | undefined {
    const next = this.chunk.indexOf(">", this.at);
    if (next === -1) {
      this.at = this.chunk.length;
      return undefined;
    }
    this.at = next + 1;
    this.state = TEXT;
    if (this.depth === 0) return "end";
    this.depth--;
    return this.depth === 0 ? "element" : undefined;
  }

  private opening(): undefined {
    while (this.at < this.chunk.length && this.matched < opening.length) {
      if (this.chunk.charCodeAt(this.at) !== opening.charCodeAt(this.matched)) {
        refuse("restricted-xml", "Comments and declarations are not allowed");
      }
      this.at++;
      this.matched++;
    }
    if (this.matched < opening.length) return undefined;
    if (this.depth === 0) refuse("bad-format", "Text is not allowed between elements");
    this.matched = 0;
    this.state = SECTION;
    return undefined;
  }

  private section(): undefined {
    const { chunk } = this;
    for (let at = this.at; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (code === BRACKET) this.matched = Math.min(2, this.matched + 1);
      else if (code === GREATER && this.matched === 2) {
        this.matched = 0;
        this.at = at + 1;
        this.state = TEXT;
        return undefined;
      } else this.matched = 0;
    }
    this.at = chunk.length;
    return undefined;
  }

  private declaration(): Frame | undefined {
    const { chunk } = this;
    for (let at = this.at; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (code === GREATER && this.matched === 1) {
        this.at = at + 1;
        return "declaration";
      }
      this.matched = code === QUESTION ? 1 : 0;
    }
    this.at = chunk.length;
    return undefined;
  }
}
