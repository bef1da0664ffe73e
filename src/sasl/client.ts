import type { ScramHash } from "./authenticator.ts";
import { decodeText, encodeBase64, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { preparePassword } from "./prepare.ts";
import { encodeName, parseServerFinal, parseServerFirst, type ServerFirst } from "./scram-messages.ts";

/** Who logs in, and over which channel. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Given with a mechanism without -PLUS, it says "I could, but you do not offer it" (RFC 5802 §6, the flag y). */
  readonly channelBinding?: { readonly type: string; readonly data: Uint8Array };
  readonly authzid?: string;
  /** For tests with the RFC's vectors; random else. */
  readonly nonce?: string;
}

/** The client's side of one authentication. Uses no module of Node, so that it runs in a browser too. */
export interface ClientExchange {
  readonly mechanism: string;
  /** The initial response. */
  first(): Uint8Array;
  /** The answer to a challenge. Throws SaslError if the server's message is wrong. */
  step(challenge: Uint8Array): Promise<Uint8Array>;
  /** Checks what came with the success: SCRAM servers prove that they know the account. Throws SaslError if not. */
  verify(data?: Uint8Array): void;
}

const scramForm = /^SCRAM-(SHA-1|SHA-256|SHA-512)(-PLUS)?$/;
const minIterations = 4096; // RFC 5802 §5.1
const maxIterations = 10_000_000; // some seconds of work: more is an attack

/** Begins an authentication as a client: PLAIN or SCRAM(-PLUS). Throws SaslError invalid-mechanism for anything else. */
export function beginClient(mechanism: string, credentials: Credentials): ClientExchange {
  if (mechanism === "PLAIN") return new PlainClient(credentials);
  const match = scramForm.exec(mechanism);
  if (match === null) throw new SaslError("invalid-mechanism");
  return new ScramClient(mechanism, match[1] as ScramHash, credentials);
}

class PlainClient implements ClientExchange {
  readonly mechanism = "PLAIN";
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  first(): Uint8Array {
    const { authzid = "", user, password } = this.#credentials;
    return encodeText(`${authzid}\0${user}\0${password}`);
  }

  async step(challenge: Uint8Array): Promise<Uint8Array> {
    if (challenge.length > 0) throw new SaslError("malformed-request", "PLAIN has no challenge");
    return this.first();
  }

  verify(): void {}
}

class ScramClient implements ClientExchange {
  readonly mechanism: string;
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Uint8Array;
  readonly #nonce: string;
  readonly #bare: string;
  #signature: string | undefined;
  #verified = false;

  constructor(mechanism: string, hash: ScramHash, credentials: Credentials) {
    const { user, password, channelBinding, authzid, nonce } = credentials;
    const prepared = preparePassword(password);
    if (prepared === undefined) throw new SaslError("not-authorized", "The password cannot be used");
    this.mechanism = mechanism;
    this.#hash = hash;
    this.#password = prepared;
    this.#binding = boundData(mechanism, channelBinding);
    this.#header = `${bindingFlag(mechanism, channelBinding)},${authzid === undefined ? "" : `a=${encodeName(authzid)}`},`;
    this.#nonce = nonce ?? encodeBase64(crypto.getRandomValues(new Uint8Array(18)));
    this.#bare = `n=${encodeName(user)},r=${this.#nonce}`;
  }

  first(): Uint8Array {
    return encodeText(this.#header + this.#bare);
  }

  async step(challenge: Uint8Array): Promise<Uint8Array> {
    if (challenge.length === 0) return this.first();
    if (this.#signature !== undefined) {
      this.verify(challenge);
      return new Uint8Array(0);
    }
    const text = decodeText(challenge);
    const server = parseServerFirst(text);
    this.#check(server);
    const bound = encodeBase64(Uint8Array.from([...encodeText(this.#header), ...this.#binding]));
    const withoutProof = `c=${bound},r=${server.nonce}`;
    const proof = await this.#prove(server, `${this.#bare},${text},${withoutProof}`);
    return encodeText(`${withoutProof},p=${proof}`);
  }

  verify(data?: Uint8Array): void {
    if (this.#verified && (data === undefined || data.length === 0)) return;
    const signature = encodeBase64(parseServerFinal(decodeText(data ?? new Uint8Array(0))));
    if (this.#signature === undefined || signature !== this.#signature) {
      throw new SaslError("not-authorized", "The server did not prove that it knows the account");
    }
    this.#verified = true;
  }

  #check(server: ServerFirst): void {
    if (!server.nonce.startsWith(this.#nonce) || server.nonce === this.#nonce) {
      throw new SaslError("malformed-request", "The server's nonce does not continue ours");
    }
    if (server.iterations < minIterations || server.iterations > maxIterations) {
      throw new SaslError("malformed-request", "The server's iteration count is out of bounds");
    }
  }

  /** The proof for the signed text, in base64; keeps the signature the server must show. */
  async #prove({ salt, iterations }: ServerFirst, signed: string): Promise<string> {
    const hash = this.#hash;
    const { subtle } = crypto;
    const password = await subtle.importKey("raw", encodeText(this.#password), "PBKDF2", false, ["deriveBits"]);
    const bits = { "SHA-1": 160, "SHA-256": 256, "SHA-512": 512 }[hash];
    const salted = await subtle.deriveBits({ name: "PBKDF2", hash, salt, iterations }, password, bits);
    const clientKey = await sign(hash, salted, "Client Key");
    const serverKey = await sign(hash, salted, "Server Key");
    const clientSignature = new Uint8Array(await sign(hash, await subtle.digest(hash, clientKey), signed));
    this.#signature = encodeBase64(new Uint8Array(await sign(hash, serverKey, signed)));
    return encodeBase64(new Uint8Array(clientKey).map((byte, index) => byte ^ (clientSignature[index] ?? 0)));
  }
}

function bindingFlag(mechanism: string, channelBinding: Credentials["channelBinding"]): string {
  if (channelBinding === undefined) return "n";
  return mechanism.endsWith("-PLUS") ? `p=${channelBinding.type}` : "y";
}

function boundData(mechanism: string, channelBinding: Credentials["channelBinding"]): Uint8Array {
  if (!mechanism.endsWith("-PLUS")) return new Uint8Array(0);
  if (channelBinding === undefined) throw new SaslError("invalid-mechanism", "There is no channel binding");
  return channelBinding.data;
}

async function sign(hash: ScramHash, key: ArrayBuffer, text: string): Promise<ArrayBuffer> {
  const { subtle } = crypto;
  const imported = await subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
  return subtle.sign("HMAC", imported, encodeText(text));
}
