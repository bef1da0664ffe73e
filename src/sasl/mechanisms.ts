import type { ScramHash } from "./authenticator.ts";
import { SaslError } from "./error.ts";
import { CheckedExchange, type Exchange, type SaslContext } from "./exchange.ts";
import { Plain } from "./plain.ts";
import { hasBinding, Scram } from "./scram.ts";

export type { Attempts, Exchange, SaslContext, SaslStep } from "./exchange.ts";

/** What the operator allows. */
export interface MechanismOptions {
  /** False: PLAIN is never offered. Default true; it needs an encrypted stream in any case. */
  readonly plain?: boolean;
}

const strongestFirst: readonly ScramHash[] = ["SHA-512", "SHA-256", "SHA-1"];
const scramForm = /^SCRAM-(SHA-1|SHA-256|SHA-512)(-PLUS)?$/;

/** The mechanisms for this stream, strongest first: what the account source can check and the stream can carry. */
export function offered(context: SaslContext, options: MechanismOptions = {}): string[] {
  const { accounts, secure } = context;
  const hashes = accounts.scram === undefined ? [] : strongestFirst.filter((hash) => accounts.hashes.includes(hash));
  const plus = hasBinding(context) ? hashes.map((hash) => `SCRAM-${hash}-PLUS`) : [];
  const plain = secure && options.plain !== false ? ["PLAIN"] : [];
  return [...plus, ...hashes.map((hash) => `SCRAM-${hash}`), ...plain];
}

/**
 * Begins an authentication. Throws SaslError: encryption-required (PLAIN on an open stream), mechanism-too-weak (PLAIN
 * where it is not allowed), invalid-mechanism (anything else that is not offered).
 */
export function begin(mechanism: string, context: SaslContext, options: MechanismOptions = {}): Exchange {
  if (mechanism === "PLAIN") {
    if (!context.secure) throw new SaslError("encryption-required");
    if (options.plain === false) throw new SaslError("mechanism-too-weak");
    return new CheckedExchange(mechanism, new Plain(context), context.attempts);
  }
  const match = scramForm.exec(mechanism);
  if (match === null || !offered(context, options).includes(mechanism)) throw new SaslError("invalid-mechanism");
  const variant = { hash: match[1] as ScramHash, plus: match[2] !== undefined };
  return new CheckedExchange(mechanism, new Scram(context, variant), context.attempts);
}
