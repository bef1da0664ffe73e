import { randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramHash, ScramKeys } from "./authenticator.ts";
import { decodeText, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { checkAuthzid, claimedUser, type SaslContext, type SaslStep, type Turns } from "./exchange.ts";
import { hashLength, hashOf, hmac } from "./scram-keys.ts";
import { type ClientFirst, parseClientFinal, parseClientFirst } from "./scram-messages.ts";

/** Which SCRAM it is. */
export interface ScramVariant {
  readonly hash: ScramHash;
  readonly plus: boolean;
}

/** What the server knows after its first message. */
interface Pending {
  readonly first: ClientFirst;
  readonly user: string;
  readonly keys: ScramKeys;
  readonly known: boolean;
  readonly nonce: string;
  readonly serverFirst: string;
  readonly binding: Uint8Array;
}

const none = new Uint8Array(0);

/** 24 characters from 18 random bytes. */
export function freshNonce(): string {
  return randomBytes(18).toString("base64");
}

/** The server's side of SCRAM (RFC 5802): two turns, the second proves that the client knows the password. */
export class Scram implements Turns {
  user: string | undefined;
  readonly #context: SaslContext;
  readonly #variant: ScramVariant;
  readonly #nonce: string;
  #pending: Pending | undefined;

  /** The nonce is for tests with the RFC's vectors; it must be fresh and random else. */
  constructor(context: SaslContext, variant: ScramVariant, nonce = freshNonce()) {
    this.#context = context;
    this.#variant = variant;
    this.#nonce = nonce;
  }

  async next(response: Uint8Array): Promise<SaslStep> {
    const text = decodeText(response);
    return this.#pending === undefined ? this.#begin(text) : this.#finish(text, this.#pending);
  }

  async #begin(text: string): Promise<SaslStep> {
    const { accounts, attempts, decoySecret } = this.#context;
    const { hash } = this.#variant;
    const first = parseClientFirst(text);
    const binding = this.#bindingOf(first);
    const user = claimedUser(first.user);
    this.user = user;
    if (first.authzid !== undefined) checkAuthzid(first.authzid, user, this.#context);
    attempts?.admit(user);
    const found = await accounts.scram?.(user, hash);
    const decoy = decoyKeys(decoySecret, user, hash, accounts.iterations ?? 10_000); // made in any case: same work
    const keys = found ?? decoy;
    const nonce = first.nonce + this.#nonce;
    const serverFirst = `r=${nonce},s=${Buffer.from(keys.salt).toString("base64")},i=${keys.iterations}`;
    this.#pending = { first, user, keys, known: found !== undefined, nonce, serverFirst, binding };
    return { kind: "challenge", data: encodeText(serverFirst) };
  }

  #finish(text: string, pending: Pending): SaslStep {
    const { first, keys, user } = pending;
    const { hash } = this.#variant;
    const final = parseClientFinal(text);
    if (final.proof.length !== hashLength(hash))
      throw new SaslError("malformed-request", "The proof has a wrong length");
    this.#context.attempts?.admit(user);
    const expected = Buffer.concat([encodeText(first.gs2Header), pending.binding]);
    if (!same(final.binding, expected)) throw new SaslError("not-authorized", "The channel binding does not match");
    const signed = `${first.bare},${pending.serverFirst},${final.withoutProof}`;
    const clientKey = xor(final.proof, hmac(hash, keys.storedKey, signed));
    const proven = same(hashOf(hash, clientKey), keys.storedKey);
    const signature = hmac(hash, keys.serverKey, signed).toString("base64");
    if (!same(encodeText(final.nonce), encodeText(pending.nonce)) || !proven || !pending.known) {
      throw new SaslError("not-authorized");
    }
    const { authzid } = first;
    return { kind: "success", user, ...(authzid === undefined ? {} : { authzid }), data: encodeText(`v=${signature}`) };
  }

  /** The binding data the client must sign (RFC 5802 §6); also where an attempt to hide -PLUS from it is seen. */
  #bindingOf({ flag }: ClientFirst): Uint8Array {
    const { plus } = this.#variant;
    if (flag === "y" && hasBinding(this.#context)) {
      throw new SaslError("not-authorized", "Channel binding is offered, but was hidden from the client");
    }
    if (plus !== (typeof flag === "object")) {
      throw new SaslError("malformed-request", "The channel binding flag does not fit the mechanism");
    }
    if (typeof flag === "string") return none;
    const data = this.#context.bindingTypes.includes(flag.type) ? this.#context.channelBinding(flag.type) : undefined;
    if (data === undefined) throw new SaslError("malformed-request", "The channel binding type is not supported");
    return data;
  }
}

/** Whether there is a channel binding on this stream, so that -PLUS is offered. */
export function hasBinding(context: SaslContext): boolean {
  return context.bindingTypes.some((type) => context.channelBinding(type) !== undefined);
}

/** Keys for a user without any: the salt is always the same for the same name, no proof fits. */
export function decoyKeys(secret: Uint8Array, user: string, hash: ScramHash, iterations: number): ScramKeys {
  const material = hmac("SHA-512", secret, `${hash}\0${user}`);
  const salt = material.subarray(0, 16);
  const key = Buffer.alloc(hashLength(hash), material.subarray(16));
  return { salt, iterations, storedKey: key, serverKey: key };
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}
