/** How many bytes a connection has carried so far, both ways. */
export interface Carrier {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** A body under way. */
interface Transfer {
  readonly carrier: Carrier;
  readonly tooSlow: () => void;
  /** Bytes at the last look. */
  before: number;
}

/**
 * Ends bodies that come or go too slowly: connections are few, and somebody who holds many of them at a byte a minute
 * would keep others out. A body is looked at only while it is under way, at the ends of periods that begin after it did.
 */
export class Pace {
  readonly #transfers = new Set<Transfer>();
  readonly #timer: NodeJS.Timeout;

  /** @param least bytes in a period of `periodMs`; 0: any pace will do */
  constructor(least: number, periodMs: number) {
    let ripe = new Set<Transfer>();
    this.#timer = setInterval(() => {
      for (const transfer of ripe) {
        const now = transfer.carrier.bytesRead + transfer.carrier.bytesWritten;
        if (this.#transfers.has(transfer) && now - transfer.before < least) {
          this.#transfers.delete(transfer);
          transfer.tooSlow();
        }
        transfer.before = now;
      }
      // One that has begun in this period has not had a whole one yet.
      ripe = new Set(this.#transfers);
    }, periodMs).unref();
  }

  /** Watches a body; the function that is returned ends that. */
  watch(carrier: Carrier, tooSlow: () => void): () => void {
    const transfer = { carrier, tooSlow, before: carrier.bytesRead + carrier.bytesWritten };
    this.#transfers.add(transfer);
    return () => void this.#transfers.delete(transfer);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#transfers.clear();
  }
}
