import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** Keys made from passwords, so that the slow part (PBKDF2) is done once for each salt and not in a measurement. */
export type SaltedPasswords = Map<string, Buffer>;

/** The client's side of SCRAM-SHA-1 (RFC 5802). */
export class ScramClient {
  readonly #bare: string;
  readonly #password: string;
  readonly #known: SaltedPasswords;
  #signature = "";

  constructor(user: string, password: string, known: SaltedPasswords) {
    this.#bare = `n=${user},r=${randomBytes(15).toString("base64")}`;
    this.#password = password;
    this.#known = known;
  }

  first(): string {
    return Buffer.from(`n,,${this.#bare}`).toString("base64");
  }

  /** The answer to the server's challenge. */
  final(challenge: string): string {
    const serverFirst = Buffer.from(challenge, "base64").toString();
    const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst) ?? [];
    if (nonce === undefined || salt === undefined) throw new Error(`not a SCRAM challenge: ${serverFirst}`);
    const salted = this.#salted(salt, Number(iterations));
    const clientKey = hmac(salted, "Client Key");
    const withoutProof = `c=biws,r=${nonce}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = hmac(createHash("sha1").update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
    this.#signature = hmac(hmac(salted, "Server Key"), signed).toString("base64");
    return Buffer.from(`${withoutProof},p=${proof.toString("base64")}`).toString("base64");
  }

  /** @throws where the server does not know the password's keys */
  verify(success: string): void {
    const text = Buffer.from(success, "base64").toString();
    if (text !== `v=${this.#signature}`) throw new Error(`the server could not prove itself: ${text}`);
  }

  #salted(salt: string, iterations: number): Buffer {
    const key = `${salt} ${iterations} ${this.#password}`;
    let salted = this.#known.get(key);
    if (salted === undefined) {
      salted = pbkdf2Sync(this.#password, Buffer.from(salt, "base64"), iterations, 20, "sha1");
      this.#known.set(key, salted);
    }
    return salted;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha1", key).update(text).digest();
}
