/** What will be uploaded, and takes room already. */
interface Pending {
  readonly account: string;
  readonly size: number;
  /** Milliseconds since the epoch; infinite while the upload is under way. */
  expires: number;
}

/** Slots that were given out and not used yet. They are not kept: after a restart, what comes is counted as it comes. */
export class PendingUploads {
  readonly #all = new Map<string, Pending>();

  add(id: string, upload: Readonly<Pending>): void {
    this.#all.set(id, { ...upload });
  }

  /** From now on it takes room until it is removed. False: it is not known. */
  begin(id: string): boolean {
    const found = this.#all.get(id);
    if (found !== undefined) found.expires = Number.POSITIVE_INFINITY;
    return found !== undefined;
  }

  /** It was begun and has failed: it may be begun again until then. */
  end(id: string, expires: number): void {
    const found = this.#all.get(id);
    if (found !== undefined) found.expires = expires;
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  remove(id: string): void {
    this.#all.delete(id);
  }

  forget(account: string): void {
    for (const [id, upload] of this.#all) if (upload.account === account) this.#all.delete(id);
  }

  /** Of one account, or of all: how many, their bytes, and when the first of them that has not begun expires. */
  sum(now: number, account?: string): { count: number; bytes: number; first: number } {
    const sum = { count: 0, bytes: 0, first: Number.POSITIVE_INFINITY };
    for (const [id, upload] of this.#all) {
      if (upload.expires < now) this.#all.delete(id);
      else if (account === undefined || upload.account === account) {
        sum.count++;
        sum.bytes += upload.size;
        sum.first = Math.min(sum.first, upload.expires);
      }
    }
    return sum;
  }
}

/** Slots that were used: until they expire, none is good for a second file when the first is deleted. */
export class SpentSlots {
  readonly #all = new Map<string, number>();

  has(id: string): boolean {
    return this.#all.has(id);
  }

  add(id: string, expires: number): void {
    if (this.#all.size > 10_000) this.sweep(Date.now());
    this.#all.set(id, expires);
  }

  sweep(now: number): void {
    for (const [id, expires] of this.#all) if (expires < now) this.#all.delete(id);
  }
}
