/** Handshakes under way that others wait for. */
const most = 16;
/**
 * What takes longer waits for its peer, not for us, and is not counted any more; milliseconds. With `most` this is 640 in a
 * second at the least, about as many as one core can do.
 */
const window = 25;

/**
 * Begins TLS handshakes in the order in which peers come, some at a time: when hundreds come back at once, the first are
 * there at once, where all would be there at the end. Slow peers keep nobody waiting for long: a full set of them begins
 * in each window, whatever they do.
 */
export class Handshakes {
  readonly #waiting: { readonly who: object; readonly begin: () => void }[] = [];
  readonly #underWay = new Set<object>();
  #timer: NodeJS.Timeout | undefined;

  /** Runs `begin`: at once, or later. It must not throw. */
  add(who: object, begin: () => void): void {
    this.#waiting.push({ who, begin });
    this.#go();
  }

  /** The handshake is over, however it ended. */
  done(who: object): void {
    if (this.#underWay.delete(who)) this.#go();
  }

  #go(): void {
    const room = most - this.#underWay.size;
    for (const { who, begin } of this.#waiting.splice(0, room)) {
      this.#underWay.add(who);
      begin();
    }
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#forget(), window);
  }

  #forget(): void {
    this.#timer = undefined;
    this.#underWay.clear();
    this.#go();
  }
}
