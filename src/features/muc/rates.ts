/** How often one may do something: fills again over a minute. */
export interface Bucket {
  left: number;
  at: number;
}

/** How often each of many may do something. A bucket goes with its owner, or can be dropped once it is full again. */
export class Rates<Key> {
  readonly #most: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<Key, Bucket>();
  readonly #capacity: number;

  /**
   * @param most times a minute, and at once; 0: as often as they like
   * @param clock monotonic, in milliseconds
   */
  constructor(most: number, clock: () => number = () => performance.now(), capacity = 20_000) {
    this.#most = most;
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Takes one turn; false if there is none left. */
  take(key: Key): boolean {
    if (this.#most === 0) return true;
    const now = this.#clock();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#buckets.set(key, { left: this.#most - 1, at: now });
      if (this.#buckets.size > this.#capacity) this.#dropOldest();
      return true;
    }
    bucket.left = Math.min(this.#most, bucket.left + ((now - bucket.at) * this.#most) / 60_000);
    bucket.at = now;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #dropOldest(): void {
    const [oldest] = this.#buckets.keys();
    this.#buckets.delete(oldest as Key);
  }
}
