import { addressGroup } from "#collections/address-group.ts";
import { Recent } from "#collections/recent.ts";
import { SaslError } from "./error.ts";
import type { Attempts } from "./exchange.ts";

/** When attempts are refused. Times in milliseconds. */
export interface ThrottleSettings {
  /** Failures of one account (from anywhere) before it is locked. */
  readonly attempts: number;
  /** Failures of one address before it is locked; many users can share an address. Default ten times `attempts`. */
  readonly addressAttempts?: number;
  /** Failures are forgotten when this long passed without another, after any lock. */
  readonly window: number;
  /** The first lock; each further failure doubles it, up to 64 times this. */
  readonly lock: number;
  /** How long a success makes an address trusted for its account. Default 30 days. */
  readonly trust?: number;
}

interface Count {
  failures: number;
  last: number;
  until: number;
}

interface Trust {
  since: number;
  /** Failures of this address at this account since; they alone can end the trust. */
  failures: number;
}

const maxDoublings = 6;
const defaultCapacity = 20_000;
const thirtyDays = 30 * 24 * 3600 * 1000;

/**
 * Limits guesses of passwords, per address and per account. Its memory is bounded: of each table the entries least
 * recently used go first. An address that logged in to an account lately is held back by its own failures only, so
 * nobody elsewhere can lock the owner out. IPv6 addresses count as their /64, which one machine has for itself.
 * The clock is monotonic, in milliseconds.
 */
export class Throttle {
  readonly #settings: ThrottleSettings;
  readonly #clock: () => number;
  readonly #accounts: Recent<Count>;
  readonly #addresses: Recent<Count>;
  readonly #trusted: Recent<Trust>;

  constructor(settings: ThrottleSettings, clock: () => number, capacity = defaultCapacity) {
    this.#settings = settings;
    this.#clock = clock;
    this.#accounts = new Recent(capacity);
    this.#addresses = new Recent(capacity);
    this.#trusted = new Recent(capacity);
  }

  /** How long to wait, in milliseconds, before a try at an account (undefined: any) from an address; 0: none. */
  delay(address: string, account: string | undefined): number {
    const network = addressGroup(address);
    if (account !== undefined && this.#trusts(network, account)) return 0;
    const now = this.#clock();
    const counts = [this.#addresses.get(network), account === undefined ? undefined : this.#accounts.get(account)];
    return Math.max(0, ...counts.map((count) => (count === undefined ? 0 : count.until - now)));
  }

  /** Counts a failure; the account is undefined if the name was not even one. */
  failed(address: string, account: string | undefined): void {
    const network = addressGroup(address);
    const { attempts, addressAttempts = attempts * 10 } = this.#settings;
    if (account !== undefined && this.#trusts(network, account)) {
      const trust = this.#trusted.get(pair(network, account));
      if (trust !== undefined) trust.failures++;
    }
    if (account !== undefined) this.#count(this.#accounts, account, attempts);
    this.#count(this.#addresses, network, addressAttempts);
  }

  /** Forgets the failures of the account and trusts the address for it. The address's own count stays. */
  succeeded(address: string, account: string): void {
    this.#accounts.delete(account);
    this.#trusted.set(pair(addressGroup(address), account), { since: this.#clock(), failures: 0 });
  }

  /** The view of one connection to a host: `account` makes a key of a user name (two hosts may have the same names). */
  at(address: string, account: (user: string) => string): Attempts {
    const key = (user: string | undefined) => (user === undefined ? undefined : account(user));
    return {
      admit: (user) => {
        const seconds = Math.ceil(this.delay(address, key(user)) / 1000);
        if (seconds > 0) {
          throw new SaslError("temporary-auth-failure", `Too many failed attempts; try again in ${seconds} seconds`);
        }
      },
      failed: (user) => this.failed(address, key(user)),
      succeeded: (user) => this.succeeded(address, account(user)),
    };
  }

  /** The number of entries held; never more than three times the capacity. */
  get size(): number {
    return this.#accounts.size + this.#addresses.size + this.#trusted.size;
  }

  #trusts(network: string, account: string): boolean {
    const { attempts, trust: lifetime = thirtyDays } = this.#settings;
    const trust = this.#trusted.get(pair(network, account));
    return trust !== undefined && trust.failures < attempts && this.#clock() - trust.since < lifetime;
  }

  #count(table: Recent<Count>, key: string, limit: number): void {
    const { window, lock } = this.#settings;
    const now = this.#clock();
    const old = table.get(key);
    const stale = old === undefined || now - Math.max(old.last, old.until) > window;
    const failures = stale ? 1 : old.failures + 1;
    const until = failures < limit ? 0 : now + lock * 2 ** Math.min(failures - limit, maxDoublings);
    table.set(key, { failures, last: now, until });
  }
}

function pair(network: string, account: string): string {
  return `${network} ${account}`;
}
