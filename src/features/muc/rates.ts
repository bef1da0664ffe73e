import type { Jid } from "#jid/jid.ts";
import { detach } from "#xml/bytes.ts";

interface Bucket {
  left: number;
  at: number;
}

/** Most keys that are texts; the oldest are forgotten. */
const capacity = 20_000;

/** How often each of many may do something: a bucket each, that fills again over a minute. Its memory is bounded. */
export class Rates<Key extends object | string> {
  readonly #most: number;
  readonly #clock: () => number;
  readonly #named = new Map<string, Bucket>();
  readonly #owned = new WeakMap<object, Bucket>();

  /**
   * @param most times a minute, and at once; 0: as often as they like
   * @param clock monotonic, in milliseconds
   */
  constructor(most: number, clock: () => number = () => performance.now()) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Takes one turn; false if there is none left. */
  take(key: Key): boolean {
    if (this.#most === 0) return true;
    const now = this.#clock();
    const bucket = typeof key === "string" ? this.#named.get(key) : this.#owned.get(key);
    if (bucket === undefined) {
      this.#add(key, { left: this.#most - 1, at: now });
      return true;
    }
    bucket.left = Math.min(this.#most, bucket.left + ((now - bucket.at) * this.#most) / 60_000);
    bucket.at = now;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #add(key: object | string, bucket: Bucket): void {
    if (typeof key !== "string") {
      this.#owned.set(key, bucket);
      return;
    }
    this.#named.set(detach(key), bucket);
    if (this.#named.size > capacity) this.#named.delete(this.#named.keys().next().value!);
  }
}

/** How often one person changes what others are to rooms: those learn of it each time, whether or not they want to. */
export class AssignmentRates {
  readonly #each: Rates<string>;
  readonly #all: Rates<string>;

  /**
   * @param each changes of one other person in a minute
   * @param all changes of all others; 0: as many as they like
   */
  constructor(each: number, all: number) {
    this.#each = new Rates(each);
    this.#all = new Rates(all);
  }

  /** Takes one turn for each; false if there is none left. Addresses are bare. */
  take(by: Jid, others: readonly Jid[]): boolean {
    const actor = by.toString();
    return others.every((other) => this.#all.take(actor) && this.#each.take(`${actor} ${other}`));
  }
}
