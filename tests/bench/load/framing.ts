/**
 * Cuts what a server sends into the children of its stream, by counting tags: no tree, no checks. It knows quotes, empty
 * elements, comments are not expected (RFC 6120 §11.1 forbids them).
 */
export class Framing {
  #text = "";
  /** Where scanning goes on. */
  #at = 0;
  #start = 0;
  #depth: number;

  /** `opened`: there is no stream header, the first element is a stanza. */
  constructor(opened = false) {
    this.#depth = opened ? 1 : 0;
  }

  /** A new stream header comes next. */
  restart(): void {
    this.#text = "";
    this.#at = 0;
    this.#start = 0;
    this.#depth = 0;
  }

  push(text: string): void {
    this.#text = this.#start < this.#text.length ? this.#text.slice(this.#start) + text : text;
    this.#at -= this.#start;
    this.#start = 0;
  }

  /** The next complete child of the stream; the end tag of the stream is one too. */
  next(): string | undefined {
    for (;;) {
      const open = this.#text.indexOf("<", this.#at);
      if (open < 0) {
        this.#at = this.#text.length;
        if (this.#depth <= 1) this.#start = this.#at;
        return undefined;
      }
      const close = endOfTag(this.#text, open + 1);
      if (close < 0) {
        this.#at = open;
        if (this.#depth <= 1) this.#start = open;
        return undefined;
      }
      this.#at = close + 1;
      if (this.#tag(open, close)) {
        const stanza = this.#text.slice(this.#start, this.#at);
        this.#start = this.#at;
        return stanza;
      }
    }
  }

  /** Counts a tag; true if it completes a child of the stream, or ends the stream. */
  #tag(open: number, close: number): boolean {
    const first = this.#text.charCodeAt(open + 1);
    if (first === question) {
      this.#start = close + 1;
      return false;
    }
    if (this.#depth <= 1) this.#start = open;
    if (first === slash) return --this.#depth <= 1;
    if (this.#text.charCodeAt(close - 1) === slash) return this.#depth === 1;
    if (this.#depth++ === 0) this.#start = close + 1;
    return false;
  }
}

const question = 63;
const slash = 47;

/** Where the tag that begins before `at` has its `>`; -1 if it has not come yet. */
function endOfTag(text: string, at: number): number {
  let quote = 0;
  for (let index = at; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 62) return index;
    else if (code === 39 || code === 34) quote = code;
  }
  return -1;
}
