/** Limits on what is read from a client, before and after it is authenticated. */
export interface StreamLimits {
  /** Bytes of one stanza. */
  readonly stanzaBytes: number;
  /** Nested elements. */
  readonly depth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributes: number;
  /** Elements of one stanza. */
  readonly elements: number;
}

/** What an unauthenticated peer may send: a SASL exchange and nothing more. RFC 6120 §13.12 asks for at least 10 000. */
export const beforeAuthentication: StreamLimits = { stanzaBytes: 10_000, depth: 8, attributes: 24, elements: 32 };
/** Depth and counts after authentication; the size of a stanza is a setting. */
export const afterAuthentication: Omit<StreamLimits, "stanzaBytes"> = { depth: 64, attributes: 64, elements: 10_000 };
