/** What is wrong with the XML a peer sent: the stream error conditions of RFC 6120 §4.9.3 that a parser can meet. */
export type XmlCondition =
  | "not-well-formed"
  | "restricted-xml"
  | "policy-violation"
  | "bad-namespace-prefix"
  | "unsupported-encoding"
  | "bad-format";

/** The bytes are not XML that an XMPP stream may carry. The message may be told to the peer. */
export class XmlError extends Error {
  readonly condition: XmlCondition;

  constructor(condition: XmlCondition, message: string) {
    super(message);
    this.name = "XmlError";
    this.condition = condition;
  }
}

/** Throws an XmlError: kept out of the hot functions, so that they stay small. */
export function refuse(condition: XmlCondition, message: string): never {
  throw new XmlError(condition, message);
}
