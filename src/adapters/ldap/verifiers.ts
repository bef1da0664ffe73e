import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Logger } from "#core/log.ts";
import type { ScramKeys } from "#sasl/authenticator.ts";
import { preparePassword } from "#sasl/prepare.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import type { VerifierStore } from "./verifier-store.ts";

export interface VerifiersOptions {
  readonly store: VerifierStore;
  readonly log: Logger;
  /** How long after a good login a verifier may be used, in milliseconds. */
  readonly lifetime: number;
  /** Milliseconds since 1970; for tests. */
  readonly clock?: () => number;
}

const iterations = 10_000;
const hash = "SHA-256";
const saltLength = 16;
/** A verifier is written anew only if it is older than this, so that logins need not write each time. */
const freshMs = 60_000;

/**
 * Verifiers learnt from good logins: SCRAM keys (RFC 5802 §3) of the password, as an internal account would have. They
 * are used only while no directory server answers, and never longer than `lifetime` after the last good login. One is
 * dropped when the directory says that the account is disabled or gone, or refuses the very password it was made of.
 */
export class Verifiers {
  readonly #options: VerifiersOptions;
  readonly #clock: () => number;

  constructor(options: VerifiersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  /** The directory said that the password is right. */
  async learn(user: string, password: string): Promise<void> {
    if (preparePassword(password) === undefined) return; // it has characters that SCRAM cannot carry
    const { store } = this.#options;
    const now = this.#clock();
    await this.#safely(async () => {
      const kept = await store.find(user);
      if (kept !== undefined && now - kept.confirmed < freshMs && (await matches(kept.keys, password))) return;
      const keys = await deriveKeys(password, hash, randomBytes(saltLength), iterations);
      await store.keep(user, keys, now);
      await store.dropOlder(now - this.#options.lifetime);
    });
  }

  /** The directory refused that password: if it is the one learnt, it has been changed there. */
  async refused(user: string, password: string): Promise<void> {
    await this.#safely(async () => {
      const kept = await this.#options.store.find(user);
      if (kept !== undefined && (await matches(kept.keys, password))) await this.forget(user);
    });
  }

  async forget(user: string): Promise<void> {
    await this.#safely(() => this.#options.store.drop(user));
  }

  /** Whether a password is right, as far as is known; undefined if nothing is. */
  async check(user: string, password: string): Promise<boolean | undefined> {
    const kept = await this.#safely(() => this.#options.store.find(user));
    if (kept === undefined || this.#clock() - kept.confirmed > this.#options.lifetime) return undefined;
    const right = await matches(kept.keys, password);
    if (right) this.#options.log.info("logged in without the directory", { user });
    return right;
  }

  /** What is kept here is a convenience: a database that fails must not keep anybody out. */
  async #safely<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (cause) {
      this.#options.log.error("the verifiers of logins cannot be read or written", { cause });
      return undefined;
    }
  }
}

async function matches({ salt, iterations: rounds, storedKey }: ScramKeys, password: string): Promise<boolean> {
  if (preparePassword(password) === undefined) return false;
  const keys = await deriveKeys(password, hash, salt, rounds);
  return timingSafeEqual(keys.storedKey, storedKey);
}
