import type { Logger } from "#core/log.ts";
import type { Endpoint } from "./dial.ts";

export interface ServersOptions {
  readonly log: Logger;
  /** Looks whether a server answers; rejects if not. */
  readonly probe: (endpoint: Endpoint) => Promise<void>;
  /** The first pause after a failure in milliseconds; it doubles up to 32 times this. Default 500. */
  readonly pause?: number;
}

interface Down {
  pause: number;
  timer: NodeJS.Timeout | undefined;
}

const defaultPause = 500;
const maxDoublings = 5;

/**
 * Which servers of the directory answer. One that failed is left alone (a circuit breaker each) and looked at again
 * after a pause, in the background, so that no user waits for it.
 */
export class Servers {
  readonly endpoints: readonly Endpoint[];
  readonly #options: ServersOptions;
  readonly #down = new Map<Endpoint, Down>();
  #closed = false;

  constructor(endpoints: readonly Endpoint[], options: ServersOptions) {
    this.endpoints = endpoints;
    this.#options = options;
  }

  /** Those that may be asked, in random order, which spreads the load. */
  order(): Endpoint[] {
    const list = this.endpoints.filter((endpoint) => !this.#down.has(endpoint));
    for (let index = list.length - 1; index > 0; index--) {
      const other = Math.floor(Math.random() * (index + 1));
      [list[index], list[other]] = [list[other]!, list[index]!];
    }
    return list;
  }

  failed(endpoint: Endpoint, cause: unknown): void {
    if (this.#closed || this.#down.has(endpoint)) return;
    const down: Down = { pause: this.#options.pause ?? defaultPause, timer: undefined };
    this.#down.set(endpoint, down);
    this.#options.log.warn("a directory server does not answer", { url: endpoint.url, reason: reasonOf(cause) });
    if (this.order().length === 0) this.#options.log.error("no directory server answers", {});
    this.#wait(endpoint, down);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#down.values()) clearTimeout(timer);
    this.#down.clear();
  }

  #wait(endpoint: Endpoint, down: Down): void {
    down.timer = setTimeout(() => void this.#look(endpoint, down), down.pause).unref();
  }

  /** Never rejects. */
  async #look(endpoint: Endpoint, down: Down): Promise<void> {
    try {
      await this.#options.probe(endpoint);
      if (!this.#closed && this.#down.delete(endpoint)) {
        this.#options.log.info("a directory server answers again", { url: endpoint.url });
      }
    } catch (cause) {
      if (this.#closed) return;
      this.#options.log.debug("a directory server still does not answer", {
        url: endpoint.url,
        reason: reasonOf(cause),
      });
      down.pause = Math.min(down.pause * 2, (this.#options.pause ?? defaultPause) * 2 ** maxDoublings);
      this.#wait(endpoint, down);
    }
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
