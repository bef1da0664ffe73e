import { detach } from "./bytes.ts";
import { refuse } from "./error.ts";

/** The bytes of a stream as they come, and the frame in them that is being scanned. Pieces are joined once. */
export class Chunks {
  /** The frame found last, in these bytes. */
  bytes = "";
  start = 0;
  end = 0;
  protected chunk = "";
  protected at = 0; // in the chunk: what is before has been scanned
  protected begin = -1; // where the present frame begins in the chunk; -1: there is none
  protected last = 0; // the last byte of the chunk before
  private waiting: string[] = [];
  private taken = 0; // of `waiting`
  private pieces: string[] = []; // of the present frame, from the chunks before
  private held = 0; // bytes in `pieces`

  push(bytes: string): void {
    if (bytes === "") return;
    if (this.begin === -1 && this.at >= this.chunk.length && this.taken === this.waiting.length) {
      this.chunk = bytes; // the common case: everything before has been read
      this.at = 0;
    } else this.waiting.push(bytes);
  }

  /** How many bytes belong to no complete frame yet. */
  get buffered(): number {
    let size = this.held + this.chunk.length - (this.begin === -1 ? this.at : this.begin);
    for (let index = this.taken; index < this.waiting.length; index++) size += this.waiting[index]!.length;
    return size;
  }

  /** Forgets all bytes that belong to no complete frame yet. */
  clear(): void {
    this.waiting = [];
    this.taken = 0;
    this.chunk = "";
    this.at = 0;
    this.bytes = "";
    this.begin = -1;
    this.pieces = [];
    this.held = 0;
  }

  /** Begins again with the bytes that belong to no complete frame yet. */
  protected rewind(): void {
    const rest = this.pieces.join("") + this.chunk.slice(this.begin === -1 ? this.at : this.begin);
    const waiting = this.waiting.slice(this.taken);
    this.clear();
    this.waiting = rest === "" ? waiting : [rest, ...waiting];
  }

  /** Takes the next chunk, false if there is none. What the present one holds of a frame is put aside. */
  protected advance(limit: number): boolean {
    const { chunk, begin } = this;
    if (chunk !== "") {
      this.last = chunk.charCodeAt(chunk.length - 1);
      if (begin !== -1) {
        // A slice would keep the whole read alive for as long as the rest takes to come.
        this.pieces.push(begin === 0 ? chunk : detach(chunk.slice(begin)));
        this.held += chunk.length - begin;
        this.begin = 0;
      }
      this.chunk = "";
      this.at = 0;
    }
    if (this.held > limit) refuse("policy-violation", "The element is too large");
    if (this.taken === this.waiting.length) {
      if (this.taken > 0) this.waiting = [];
      this.taken = 0;
      return false;
    }
    this.chunk = this.waiting[this.taken++]!;
    return true;
  }

  /** The present frame is complete. */
  protected complete(limit: number): void {
    const size = this.held + this.at - this.begin;
    if (size > limit) refuse("policy-violation", "The element is too large");
    if (this.held === 0) {
      this.bytes = this.chunk;
      this.start = this.begin;
      this.end = this.at;
    } else {
      this.pieces.push(this.chunk.slice(0, this.at));
      this.bytes = this.pieces.join("");
      this.start = 0;
      this.end = size;
      this.pieces = [];
      this.held = 0;
    }
    this.begin = -1;
    if (this.at === this.chunk.length) {
      this.chunk = "";
      this.at = 0;
    }
  }
}
