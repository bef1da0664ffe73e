import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";

/** What a file must sum up to. */
export interface Checksum {
  readonly algorithm: "md5" | "sha1" | "sha256" | "sha512";
  readonly digest: Uint8Array;
}

/** Bytes that wait for the disk before the sender is held back. */
const mostWaiting = 256 * 1024;

/** A file on its way to the disk: its bytes go in as they come, exactly as many as were announced. */
export class Intake {
  readonly body: Readable;
  readonly #checksum: Checksum | undefined;
  readonly #hash: Hash | undefined;
  #missing: number;
  #broken = false;
  #waiting: (() => void)[] = [];

  constructor(size: number, checksum?: Checksum) {
    this.#missing = size;
    this.#checksum = checksum;
    this.#hash = checksum && createHash(checksum.algorithm);
    this.body = new Readable({ highWaterMark: mostWaiting, read: () => this.#wake() });
    this.body.once("close", () => this.#wake());
  }

  /** Whether all bytes have come, and they are the ones that were announced. */
  get isWhole(): boolean {
    return this.#missing === 0 && !this.#broken;
  }

  /** Whether nothing comes of it. */
  get isBroken(): boolean {
    return this.#broken;
  }

  /** Takes bytes, which must not change any more. False: wait for `taken` before more. */
  write(bytes: Uint8Array): boolean {
    if (this.#broken) return true;
    this.#missing -= bytes.length;
    this.#hash?.update(bytes);
    if (this.#missing < 0 || (this.#missing === 0 && !this.#fits())) {
      this.abort();
      return true;
    }
    const more = this.body.push(bytes);
    if (this.#missing > 0) return more;
    this.body.push(null);
    return true;
  }

  /** Settles when more may come, or nothing will. */
  taken(): Promise<void> {
    if (this.body.destroyed) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** The file does not come whole. */
  abort(): void {
    this.#broken = true;
    this.body.destroy();
  }

  #fits(): boolean {
    if (this.#hash === undefined) return true;
    return this.#hash.digest().equals(this.#checksum!.digest);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
