import { randomBytes, timingSafeEqual } from "node:crypto";
import { type Database, DatabaseError } from "#core/database.ts";
import type { AccountRange, Accounts, Authenticator, ScramHash, ScramKeys } from "#sasl/authenticator.ts";
import { AccountError, SaslError } from "#sasl/error.ts";
import { preparePassword, prepareUser } from "#sasl/prepare.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import { AccountCache, type CacheSettings } from "./cache.ts";
import { type Account, AccountStore, type KeptKeys } from "./store.ts";

/** What the internal accounts of one host need. */
export interface InternalAccountsOptions {
  readonly database: Database;
  /** The prepared domain of the host. */
  readonly domain: string;
  /** PBKDF2 iterations of new keys; at least 4 096 (RFC 5802 §5.1). Default 10 000. */
  readonly iterations?: number;
  /** The hashes that keys are kept for, strongest first; `verify` uses the first that an account has. */
  readonly hashes?: readonly ScramHash[];
  readonly cache?: Partial<CacheSettings>;
  /** Monotonic, in milliseconds; for tests. */
  readonly clock?: () => number;
}

const saltLength = 16;
const minIterations = 4096;

/**
 * Accounts kept in the server's own database, their passwords as SCRAM keys only. Throws RangeError for too few
 * iterations or no hash. `exists` answers at once, without a promise, when the account is cached; it rejects with a
 * DatabaseError if the database fails.
 */
export class InternalAccounts implements Authenticator {
  readonly hashes: readonly ScramHash[];
  readonly iterations: number;
  readonly admin: Accounts;
  readonly #cache: AccountCache;
  readonly #store: AccountStore;
  readonly #decoySalt = randomBytes(saltLength);

  constructor(options: InternalAccountsOptions) {
    const { database, domain, iterations = 10_000, hashes = ["SHA-256", "SHA-1"], cache, clock } = options;
    if (iterations < minIterations) throw new RangeError(`At least ${minIterations} iterations are needed`);
    if (hashes.length === 0) throw new RangeError("At least one hash is needed");
    this.iterations = iterations;
    this.hashes = hashes;
    this.#store = new AccountStore(database, domain);
    this.#cache = new AccountCache((user) => this.#store.find(user), cache, clock);
    this.admin = this.#administration();
  }

  exists(user: string): boolean | Promise<boolean> {
    const found = this.#cache.get(user);
    return found instanceof Promise ? found.then((account) => account !== undefined) : found !== undefined;
  }

  async verify(user: string, password: string): Promise<boolean> {
    if (preparePassword(password) === undefined) return false;
    const [hash, kept] = this.#strongest(await this.#find(user));
    // An unknown user costs the same work, so that time does not tell who is there.
    const { salt, iterations } = kept ?? { salt: this.#decoySalt, iterations: this.iterations };
    const { storedKey } = await deriveKeys(password, hash, salt, iterations);
    return timingSafeEqual(storedKey, kept?.storedKey ?? Buffer.alloc(storedKey.length)) && kept !== undefined;
  }

  async scram(user: string, hash: ScramHash): Promise<ScramKeys | undefined> {
    if (!this.hashes.includes(hash)) return undefined;
    return (await this.#find(user))?.get(hash);
  }

  async #find(user: string): Promise<Account | undefined> {
    try {
      return await this.#cache.get(user);
    } catch (cause) {
      if (!(cause instanceof DatabaseError)) throw cause;
      throw new SaslError("temporary-auth-failure", "The accounts cannot be read now", { cause });
    }
  }

  #strongest(account: Account | undefined): [ScramHash, ScramKeys | undefined] {
    const hash = this.hashes.find((candidate) => account?.has(candidate)) ?? this.hashes[0] ?? "SHA-256";
    return [hash, account?.get(hash)];
  }

  #administration(): Accounts {
    // The cache forgets after the commit: what was read before it can then no longer be kept.
    const changing = async (user: string, change: () => Promise<void>) => {
      try {
        await change();
      } finally {
        this.#cache.forget(user);
      }
    };
    return {
      create: async (name, password) => {
        const user = checkUser(name);
        const keys = await this.#derive(password);
        await changing(user, () => this.#store.create(user, keys));
      },
      setPassword: async (name, password) => {
        const user = checkUser(name);
        const keys = await this.#derive(password);
        await changing(user, () => this.#store.replaceKeys(user, keys));
      },
      remove: async (name) => {
        const user = checkUser(name);
        await changing(user, () => this.#store.remove(user));
      },
      list: (range: AccountRange = {}) => this.#store.list(range),
    };
  }

  async #derive(password: string): Promise<KeptKeys> {
    if (preparePassword(password) === undefined) {
      throw new AccountError(
        "not-acceptable",
        "The password must have 1 to 1023 bytes and no control or other prohibited characters",
      );
    }
    const derive = async (hash: ScramHash) =>
      [hash, await deriveKeys(password, hash, randomBytes(saltLength), this.iterations)] as const;
    return new Map(await Promise.all(this.hashes.map(derive)));
  }
}

function checkUser(name: string): string {
  const user = prepareUser(name);
  if (user === undefined) throw new AccountError("not-acceptable", `"${name.slice(0, 80)}" cannot be a user name`);
  return user;
}
