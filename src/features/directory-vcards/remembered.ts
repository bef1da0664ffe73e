import { DirectoryError } from "#core/people.ts";
import { detach } from "#xml/bytes.ts";

export interface RememberedOptions<Value> {
  /** The sum of weights that is kept at most. */
  readonly capacity: number;
  /** What a value weighs; 1 each if not given. */
  readonly weigh?: (value: Value) => number;
  /** How long an answer is waited for, in milliseconds. */
  readonly patienceMs: number;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
}

/** How long what was said holds, in milliseconds, where nobody tells of a change. */
const holdsMs = 300_000;
/** After a question in vain, how long no other is asked, in milliseconds: what waits for answers does not pile up. */
const pauseMs = 15_000;

interface Kept<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly since: number;
}

/**
 * What the directory has said: each thing is asked once, by however many at a time, and kept for five minutes, or until
 * it is forgotten; beyond the capacity what was used least recently goes. While the directory does not answer, what is
 * kept still holds.
 */
export class Remembered<Value> {
  readonly #options: RememberedOptions<Value>;
  readonly #clock: () => number;
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #asked = new Map<string, Promise<Value>>();
  #weight = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RememberedOptions<Value>) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** The sum of weights that is kept. */
  get weight(): number {
    return this.#weight;
  }

  /** What is kept, or else what `ask` says. @throws DirectoryError if it does not answer in time */
  get(key: string, ask: () => Promise<Value>): Value | Promise<Value> {
    const kept = this.#kept.get(key);
    if (kept === undefined) return this.#asked.get(key) ?? this.#ask(detach(key), ask);
    if (this.#clock() - kept.since >= holdsMs) return this.#again(key, kept.value, ask);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  /** It may have changed. */
  forget(key: string): void {
    this.#asked.delete(key);
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#weight -= kept.weight;
  }

  /** All may have changed. */
  clear(): void {
    this.#asked.clear();
    this.#kept.clear();
    this.#weight = 0;
  }

  async #again(key: string, before: Value, ask: () => Promise<Value>): Promise<Value> {
    try {
      return await (this.#asked.get(key) ?? this.#ask(detach(key), ask));
    } catch (problem) {
      if (problem instanceof DirectoryError) return before;
      throw problem;
    }
  }

  #ask(key: string, ask: () => Promise<Value>): Promise<Value> {
    if (this.#clock() < this.#pausedUntil) return Promise.reject(new DirectoryError("it did not answer a moment ago"));
    const asking = this.#inTime(ask).then(
      (value) => {
        if (this.#end(key, asking)) this.#keep(key, value);
        return value;
      },
      (problem: unknown) => {
        this.#end(key, asking);
        if (problem instanceof DirectoryError) this.#pausedUntil = this.#clock() + pauseMs;
        throw problem;
      },
    );
    this.#asked.set(key, asking);
    return asking;
  }

  /** Whether the question is still the one that counts: it was not forgotten meanwhile. */
  #end(key: string, asking: Promise<Value>): boolean {
    if (this.#asked.get(key) !== asking) return false;
    this.#asked.delete(key);
    return true;
  }

  #inTime(ask: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new DirectoryError("it takes too long to answer"));
      const timer = setTimeout(late, this.#options.patienceMs);
      ask()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }

  #keep(key: string, value: Value): void {
    this.forget(key);
    const weight = this.#options.weigh?.(value) ?? 1;
    if (weight > this.#options.capacity) return;
    this.#kept.set(key, { value, weight, since: this.#clock() });
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#options.capacity) return;
      this.forget(oldest);
    }
  }
}
