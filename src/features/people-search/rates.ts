import { detach } from "#xml/bytes.ts";

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

  /** Whether there is a turn left. */
  has(key: string): boolean {
    return this.#most === 0 || this.#left(key, this.#clock()) >= 1;
  }

  /** Takes one turn; false if there is none left. */
  take(key: string): boolean {
    if (this.#most === 0) return true;
    const now = this.#clock();
    const left = this.#left(key, now);
    this.#buckets.delete(key);
    this.#buckets.set(detach(key), { left: left < 1 ? left : left - 1, at: now });
    if (this.#buckets.size > this.#capacity) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return left >= 1;
  }

  #left(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return this.#most;
    return Math.min(this.#most, bucket.left + ((now - bucket.at) * this.#most) / 60_000);
  }
}
