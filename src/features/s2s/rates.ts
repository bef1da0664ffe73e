interface Bucket {
  tokens: number;
  at: number;
}

/** How fast each domain may send, over all its streams: a bucket of `burst` bytes that fills at `rate` a second. */
export class Rates {
  readonly #rate: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
  }

  /** How long to wait after these bytes, in milliseconds; 0: not at all. */
  spend(domain: string, bytes: number): number {
    if (this.#rate === 0) return 0;
    const now = Date.now();
    const bucket = this.#buckets.get(domain) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) * this.#rate) / 1000) - bytes;
    bucket.at = now;
    this.#buckets.set(domain, bucket);
    return bucket.tokens >= 0 ? 0 : Math.min(10_000, (-bucket.tokens * 1000) / this.#rate);
  }

  /** Forgets domains whose bucket is full again. */
  sweep(now: number): void {
    for (const [domain, { tokens, at }] of this.#buckets) {
      if (tokens + ((now - at) * this.#rate) / 1000 >= this.#burst) this.#buckets.delete(domain);
    }
  }
}
