import { hkdfSync, randomBytes } from "node:crypto";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { Log } from "./log.ts";

/** How long tickets are made with the same secret, in milliseconds. */
const oneDay = 86_400_000;
const secretBytes = 32;
/** What OpenSSL takes: a name and two keys. */
const keyBytes = 48;

/**
 * The secret of TLS session tickets (RFC 5077, RFC 8446 §2.2), in a file of its own: a client that comes back after a
 * restart needs no full handshake. It is not in the database, whose copies live for long: after a day a new one takes
 * its place, and what was recorded of TLS 1.2 cannot be read any more with what is on disk (RFC 9325 §3.4).
 */
export class Tickets {
  readonly #file: string;
  readonly #log: Log;
  #secret: Uint8Array;
  #madeAt: number;

  /** @param file made where it is missing, readable by this user only; its folder is there */
  constructor(file: string, log: Log, now: number = Date.now()) {
    this.#file = file;
    this.#log = log;
    const kept = read(file);
    this.#secret = kept?.secret ?? randomBytes(secretBytes);
    this.#madeAt = kept?.madeAt ?? now;
    if (kept === undefined) this.#write();
    else this.renew(now);
  }

  /** Makes a new secret where the present one is old enough; then true. `now`: milliseconds since the epoch. */
  renew(now: number = Date.now()): boolean {
    if (Math.abs(now - this.#madeAt) < oneDay) return false; // a clock that was set back counts, too
    this.#secret = randomBytes(secretBytes);
    this.#madeAt = now;
    this.#write();
    return true;
  }

  /** The keys for contexts; others with each use. `use`: what a client must find unchanged when it comes back. */
  keys(use: string): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#secret, "parloir", use, keyBytes));
  }

  /** Without the file tickets end with the process. */
  #write(): void {
    try {
      const next = `${this.#file}.new`;
      writeFileSync(next, this.#secret, { mode: 0o600 });
      renameSync(next, this.#file);
    } catch (error) {
      this.#log.warn("the secret of TLS sessions cannot be kept over a restart", { file: this.#file, error });
    }
  }
}

function read(file: string): { secret: Uint8Array; madeAt: number } | undefined {
  try {
    const secret = readFileSync(file);
    return secret.length === secretBytes ? { secret, madeAt: statSync(file).mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}
