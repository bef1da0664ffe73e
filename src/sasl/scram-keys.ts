import { createHmac, hash as digest, pbkdf2 } from "node:crypto";
import type { ScramHash, ScramKeys } from "./authenticator.ts";
import { SaslError } from "./error.ts";
import { preparePassword } from "./prepare.ts";

const digests = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const lengths = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;

/** Length of a hash in bytes. */
export function hashLength(hash: ScramHash): number {
  return lengths[hash];
}

/** H(data) of RFC 5802 §2.2. */
export function hashOf(hash: ScramHash, data: Uint8Array): Buffer {
  return digest(digests[hash], data, "buffer");
}

/** HMAC(key, data) of RFC 5802 §2.2. */
export function hmac(hash: ScramHash, key: Uint8Array, data: string): Buffer {
  return createHmac(digests[hash], key).update(data).digest();
}

/**
 * Derives what is kept of a password (RFC 5802 §3). The password is prepared here; the slow part runs on the thread pool.
 * Throws SaslError not-authorized if the password is empty, too long or has prohibited characters.
 */
export async function deriveKeys(
  password: string,
  hash: ScramHash,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  const prepared = preparePassword(password);
  if (prepared === undefined) throw new SaslError("not-authorized", "The password has characters that are not allowed");
  const salted = await stretch(prepared, hash, salt, iterations);
  const storedKey = hashOf(hash, hmac(hash, salted, "Client Key"));
  return { salt, iterations, storedKey, serverKey: hmac(hash, salted, "Server Key") };
}

function stretch(password: string, hash: ScramHash, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, lengths[hash], digests[hash], (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
