interface Kept<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Answers kept for a while. Bounded: the oldest go first. Times in milliseconds, monotonic. */
export class Recent<Value> {
  readonly #capacity: number;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Kept<Value>>();

  constructor(capacity: number, clock: () => number = () => performance.now()) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const kept = this.#entries.get(key);
    return kept !== undefined && this.#clock() < kept.until ? kept.value : undefined;
  }

  /** Also where it is too old. */
  last(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: Value, lifetime: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#clock() + lifetime });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
