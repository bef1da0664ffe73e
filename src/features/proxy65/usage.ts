const day = 24 * 3600 * 1000;

interface Used {
  readonly since: number;
  bytes: number;
}

/** What people have sent through the proxy in 24 hours, against their limit. Lost at a restart: it hinders floods only. */
export class Usage {
  readonly #limit: number;
  readonly #clock: () => number;
  readonly #accounts = new Map<string, Used>();

  /** @param limit bytes in 24 hours; 0: none */
  constructor(limit: number, clock: () => number) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** The count that an account's bytes are added to; each transfer keeps its own. */
  of(account: string): Used {
    const known = this.#accounts.get(account);
    if (known !== undefined && this.#clock() - known.since < day) return known;
    const fresh = { since: this.#clock(), bytes: 0 };
    this.#accounts.set(account, fresh);
    return fresh;
  }

  /** Whether more may be sent. */
  allows(used: Used): boolean {
    return this.#limit === 0 || used.bytes < this.#limit;
  }

  /** Forgets what no longer counts. */
  sweep(): void {
    for (const [account, { since }] of this.#accounts) {
      if (this.#clock() - since >= day) this.#accounts.delete(account);
    }
  }
}
