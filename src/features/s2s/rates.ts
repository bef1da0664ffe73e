import { type Bucket, fullBucket, isFull, type Pace, spend } from "#collections/bucket.ts";

/** How fast each domain may send, in bytes, over all its streams. */
export class Rates {
  readonly #pace: Pace;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: number, burst: number) {
    this.#pace = { rate, burst };
  }

  /** How long to wait after these bytes, in milliseconds; 0: not at all. */
  spend(domain: string, bytes: number): number {
    if (this.#pace.rate === 0) return 0;
    const now = Date.now();
    const bucket = this.#buckets.get(domain) ?? fullBucket(this.#pace, now);
    this.#buckets.set(domain, bucket);
    return spend(bucket, bytes, this.#pace, now);
  }

  /** Forgets domains whose bucket is full again. */
  sweep(now: number): void {
    for (const [domain, bucket] of this.#buckets) {
      if (isFull(bucket, this.#pace, now)) this.#buckets.delete(domain);
    }
  }
}
