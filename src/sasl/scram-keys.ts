import { hash as digest, pbkdf2 } from "node:crypto";
import type { ScramHash, ScramKeys } from "./authenticator.ts";
import { SaslError } from "./error.ts";
import { preparePassword } from "./prepare.ts";

const digests = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const lengths = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;
const blocks = { "SHA-1": 64, "SHA-256": 64, "SHA-512": 128 } as const; // RFC 2104 §2: B

/** Length of a hash in bytes. */
export function hashLength(hash: ScramHash): number {
  return lengths[hash];
}

/** H(data) of RFC 5802 §2.2. */
export function hashOf(hash: ScramHash, data: Uint8Array): Buffer {
  return digest(digests[hash], data, "buffer");
}

/**
 * HMAC(key, data) of RFC 5802 §2.2, from two hashes as RFC 2104 §2 defines it. Node's own makes a key object for each
 * call, which costs five times as much as the hashing.
 */
export function hmac(hash: ScramHash, key: Uint8Array, data: string): Buffer {
  const block = blocks[hash];
  const short = key.length > block ? hashOf(hash, key) : key;
  const text = Buffer.from(data);
  const inner = Buffer.alloc(block + text.length, 0x36);
  inner.set(text, block);
  const outer = Buffer.alloc(block + lengths[hash], 0x5c);
  for (let i = 0; i < short.length; i++) {
    const byte = short[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  outer.set(hashOf(hash, inner), block);
  return hashOf(hash, outer);
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
