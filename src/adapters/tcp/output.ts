/** Something with output to send at the end of the loop turn. */
export interface Dirty {
  flush(): void;
}

/**
 * The sockets that were written to in this loop turn. They are flushed together, each with one write, once the turn's
 * input has been handled: the largest saving on the way of a message.
 */
export class OutputQueue {
  #dirty: Dirty[] = [];
  readonly #run = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const one of dirty) one.flush();
  };

  /** Adds one; the caller adds itself only once between two flushes. */
  add(one: Dirty): void {
    if (this.#dirty.push(one) === 1) setImmediate(this.#run);
  }
}
