/** How fast somebody may send: `burst` bytes at once, which come back at `rate` a second. */
export class Bucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number = performance.now();

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** How long to wait after these bytes, in milliseconds; 0: not at all. */
  spend(bytes: number): number {
    if (this.#rate === 0) return 0;
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#rate) / 1000) - bytes;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : Math.min(10_000, (-this.#tokens * 1000) / this.#rate);
  }
}
