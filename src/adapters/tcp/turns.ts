/** As much as fits beside what is asked of the connections that are up. */
const perTurn = 4;

/**
 * Begins work in the order in which it comes, a few pieces in each turn of the event loop, so that what was begun goes on
 * meanwhile. When hundreds of clients come back at once the first are there at once, where all would be there at the end.
 */
export class Turns {
  #waiting: (() => void)[] = [];
  #begun = 0;
  #scheduled = false;
  readonly #next = (): void => {
    this.#scheduled = false;
    this.#begun = 0;
    for (const begin of this.#waiting.splice(0, perTurn)) this.#begin(begin);
  };

  /** Runs `begin`: at once, or later. It must not throw. */
  add(begin: () => void): void {
    if (this.#begun < perTurn && this.#waiting.length === 0) this.#begin(begin);
    else this.#waiting.push(begin);
  }

  #begin(begin: () => void): void {
    this.#begun++;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#next);
    }
    begin();
  }
}
