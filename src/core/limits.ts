import type { Limits } from "#xml/limits.ts";

/** What an unauthenticated peer may send: a SASL exchange and nothing more. RFC 6120 §13.12 asks for at least 10 000. */
export const beforeAuthentication: Limits = { stanzaBytes: 10_000, depth: 8, attributes: 24, elements: 32 };
/** Depth and counts after authentication; the size of a stanza is a setting. */
export const afterAuthentication: Omit<Limits, "stanzaBytes"> = { depth: 64, attributes: 64, elements: 10_000 };
