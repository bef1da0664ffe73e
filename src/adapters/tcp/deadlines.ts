/** Something that must be over by a certain time. */
export interface Expiring {
  expired(): void;
}

const stepMs = 250;

/**
 * Coarse deadlines (a quarter of a second) for many sockets with one timer, which runs only while there are any and
 * keeps no process alive.
 */
export class Deadlines {
  readonly #due = new Map<Expiring, number>();
  #timer: NodeJS.Timeout | undefined;

  set(item: Expiring, milliseconds: number): void {
    this.#due.set(item, performance.now() + milliseconds);
    this.#timer ??= setInterval(() => this.#sweep(), stepMs).unref();
  }

  delete(item: Expiring): void {
    if (this.#due.delete(item)) this.#rest();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [item, due] of this.#due) {
      if (due > now) continue;
      this.#due.delete(item);
      item.expired();
    }
    this.#rest();
  }

  #rest(): void {
    if (this.#due.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
