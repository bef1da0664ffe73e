/** The hash functions of SCRAM, named as in the mechanisms (RFC 5802, RFC 7677). */
export type ScramHash = "SHA-1" | "SHA-256" | "SHA-512";

/** What is kept of a password: enough to check it, not enough to log in with it (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/**
 * A source of accounts: the contract that adapters fill. Every `user` is a prepared localpart (`prepareUser`).
 * Abilities are optional members: what is missing is not offered to clients.
 */
export interface Authenticator {
  exists(user: string): boolean | Promise<boolean>;
  /**
   * Checks a password as the client sent it, not yet prepared. False: wrong or unknown, after comparable work.
   * Throws SaslError: temporary-auth-failure, account-disabled, credentials-expired.
   */
  verify(user: string, password: string): Promise<boolean>;
  /**
   * Checks a name as the client wrote it, where names may be other than the account's own: an e-mail address, say. The
   * user whose account it is; undefined: wrong or unknown. Throws as `verify`. Before a password is checked, `claim` is
   * told whose, so that guesses count for the account however its name is written; what it throws ends the login.
   */
  identify?(name: string, password: string, claim?: (user: string) => void): Promise<string | undefined>;
  /** What `scram` can answer; empty: PLAIN only. */
  readonly hashes: readonly ScramHash[];
  /** The iteration count that keys usually have here; decoys for unknown users announce the same. Default 10 000. */
  readonly iterations?: number;
  /** The keys of an account; undefined if it is unknown or has none for this hash. Throws as `verify`. */
  scram?(user: string, hash: ScramHash): Promise<ScramKeys | undefined>;
  readonly admin?: Accounts;
}

/** Which accounts `list` gives: those after a name, in its order, at most `limit` (default 100, highest 1 000). */
export interface AccountRange {
  readonly after?: string;
  readonly limit?: number;
}

/** Administration of accounts. User names are prepared here too, so that an operator may type them freely. */
export interface Accounts {
  /** Throws AccountError: conflict (it is there already), not-acceptable (the name or the password). */
  create(user: string, password: string): Promise<void>;
  /** Throws AccountError: item-not-found, not-acceptable. */
  setPassword(user: string, password: string): Promise<void>;
  /** Removes the account and its keys; other data of the user is the business of the features. Throws item-not-found. */
  remove(user: string): Promise<void>;
  list(options?: AccountRange): Promise<string[]>;
}
