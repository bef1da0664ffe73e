/** Those that are done are let go of when there are so many: the queue may not be empty for a long time. */
const mostDone = 1_000;
/** Stanzas that may be caused in one turn of the loop: some milliseconds of work. */
const perTurn = 4_000;

interface Waiting {
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (problem: unknown) => void;
}

/**
 * Lets people into rooms and out of them, and lets them speak, a few at a time. Each is told to all who are there: a thousand
 * clients who come back at once after a restart cause a million presences, and as many messages if all answer at once.
 * Between the turns the server does what else there is to do, and sends what was written. First come, first served, so
 * that all see one order; clients who wait are not read from.
 */
export class Turnstile {
  readonly #queue: Waiting[] = [];
  #next = 0;
  #left = perTurn;
  #scheduled = false;

  /** Whether the next may go on at once. */
  get open(): boolean {
    return this.#left > 0 && this.waiting === 0;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  /** How many are in memory, whether or not they still wait. */
  get held(): number {
    return this.#queue.length;
  }

  /** Does it when it is its turn; settles as it does. */
  wait(work: () => void): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ work, done, failed });
      this.#schedule();
    });
  }

  /** So many stanzas were caused. */
  spend(stanzas: number): void {
    this.#left -= stanzas;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** Lets all go on who wait: nobody will come back to them. */
  finish(): void {
    while (this.waiting > 0) this.#turn();
  }

  #turn(): void {
    this.#left = perTurn;
    while (this.#left > 0 && this.waiting > 0) {
      const { work, done, failed } = this.#queue[this.#next++]!;
      try {
        work();
        done();
      } catch (problem) {
        failed(problem);
      }
    }
    if (this.waiting === 0 || this.#next >= mostDone) {
      this.#queue.splice(0, this.#next);
      this.#next = 0;
    }
    if (this.waiting > 0) this.#schedule();
  }
}
