import type { Log } from "./log.ts";

const logEveryMs = 10_000;

/** Counts connections, in all and by group, against their limits. Refusals are logged once in ten seconds. */
export class ConnectionCount {
  readonly #limit: number;
  readonly #limitPerGroup: number;
  readonly #log: Log;
  readonly #groups = new Map<string, number>();
  #open = 0;
  #refused = 0;
  #logged = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(limit: number, limitPerGroup: number, log: Log) {
    this.#limit = limit;
    this.#limitPerGroup = limitPerGroup;
    this.#log = log;
  }

  get open(): number {
    return this.#open;
  }

  get refused(): number {
    return this.#refused;
  }

  /** False: over a limit, to be refused. */
  add(group: string): boolean {
    const count = this.#groups.get(group) ?? 0;
    if (this.#open >= this.#limit) return this.#refuse(group, "connections");
    if (count >= this.#limitPerGroup) return this.#refuse(group, "connectionsPerAddress");
    this.#groups.set(group, count + 1);
    this.#open++;
    return true;
  }

  remove(group: string): void {
    const count = this.#groups.get(group) ?? 0;
    if (count > 1) this.#groups.set(group, count - 1);
    else this.#groups.delete(group);
    this.#open--;
  }

  #refuse(group: string, limit: string): boolean {
    this.#refused++;
    const now = performance.now();
    if (now - this.#loggedAt >= logEveryMs) {
      const count = this.#refused - this.#logged;
      this.#log.warn("connections refused", { limit, last: group, count, open: this.#open });
      this.#loggedAt = now;
      this.#logged = this.#refused;
    }
    return false;
  }
}
