interface Bucket {
  left: number;
  at: number;
}

/** How often each of many may do something: a bucket each, that fills again over a minute. Its memory is bounded. */
export class Rates {
  readonly #most: number;
  readonly #capacity: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param most times a minute, and at once; 0: as often as they like
   * @param clock monotonic, in milliseconds
   */
  constructor(most: number, clock: () => number = () => performance.now(), capacity = 10_000) {
    this.#most = most;
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Takes one turn; false if there is none left. */
  take(key: string): boolean {
    if (this.#most === 0) return true;
    const now = this.#clock();
    const old = this.#buckets.get(key);
    const filled = old === undefined ? this.#most : old.left + ((now - old.at) * this.#most) / 60_000;
    const left = Math.min(filled, this.#most);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
    if (this.#buckets.size > this.#capacity) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return left >= 1;
  }
}
