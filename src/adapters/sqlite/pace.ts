/**
 * How often to commit: at once while commits are rare, at most `perSecond` times a second when they go on, so that under
 * load several writes share one. A commit costs more CPU and disk than the rows in it.
 */
export class Pace {
  readonly #burst: number;
  readonly #perMs: number;
  #saved: number;
  #at: number;

  /** `burst` commits may follow each other without a wait. `now` in milliseconds. */
  constructor({ burst, perSecond }: { burst: number; perSecond: number }, now: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#saved = burst;
    this.#at = now;
  }

  /** Milliseconds until the next commit should start. */
  wait(now: number): number {
    this.#save(now);
    return this.#saved >= 1 ? 0 : (1 - this.#saved) / this.#perMs;
  }

  /** A commit starts; also one that did not wait. */
  take(now: number): void {
    this.#save(now);
    this.#saved = Math.max(0, this.#saved - 1);
  }

  #save(now: number): void {
    this.#saved = Math.min(this.#burst, this.#saved + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
