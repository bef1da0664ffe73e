import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** What a dialback key is made for (XEP-0220 §2.1.1). */
export interface KeyPurpose {
  /** The domain that the stream leads to. */
  readonly receiving: string;
  /** The domain that wants to send. */
  readonly originating: string;
  /** The id that the receiving server gave the stream. */
  readonly stream: string;
}

/** Makes and checks dialback keys (XEP-0185 §2): nothing is kept of a key, a secret is all that is needed. */
export class DialbackKeys {
  readonly #secret: string;

  constructor(secret: Uint8Array) {
    this.#secret = createHash("sha256").update(secret).digest("hex");
  }

  make({ receiving, originating, stream }: KeyPurpose): string {
    return createHmac("sha256", this.#secret).update(`${receiving} ${originating} ${stream}`).digest("hex");
  }

  fits(key: string, purpose: KeyPurpose): boolean {
    const expected = Buffer.from(this.make(purpose));
    const given = Buffer.from(key);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
