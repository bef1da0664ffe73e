/** The failure conditions of SASL in XMPP (RFC 6120 §6.5). */
export const saslConditions = [
  "aborted",
  "account-disabled",
  "credentials-expired",
  "encryption-required",
  "incorrect-encoding",
  "invalid-authzid",
  "invalid-mechanism",
  "malformed-request",
  "mechanism-too-weak",
  "not-authorized",
  "temporary-auth-failure",
] as const;
export type SaslCondition = (typeof saslConditions)[number];

/** A sentence in the languages of the server: what people see of a failed login. */
export interface Words {
  readonly en: string;
  readonly fr: string;
}

/** A failed authentication. The condition and the text are shown to the peer; a cause stays inside. */
export class SaslError extends Error {
  override readonly name = "SaslError";
  readonly condition: SaslCondition;
  /** What `<text/>` says to the peer, in English; undefined if the condition says it all. */
  readonly text: string | undefined;
  /** The same in each language, where it is for people. */
  readonly words: Words | undefined;

  constructor(condition: SaslCondition, text?: string | Words, options?: ErrorOptions) {
    const english = typeof text === "object" ? text.en : text;
    super(english ?? condition, options);
    this.condition = condition;
    this.text = english;
    this.words = typeof text === "object" ? text : undefined;
  }
}

/** Why an account could not be made or changed; the words are those of the stanza errors (RFC 6120 §8.3.3). */
export type AccountCondition = "conflict" | "item-not-found" | "not-acceptable";

/** A refused administration of accounts. The text is for the operator. */
export class AccountError extends Error {
  override readonly name = "AccountError";
  readonly condition: AccountCondition;

  constructor(condition: AccountCondition, text: string, options?: ErrorOptions) {
    super(text, options);
    this.condition = condition;
  }
}
