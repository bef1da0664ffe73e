import { decodeText, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";

/** EXTERNAL (RFC 4422 appendix A): who one is was proved outside of SASL, by a certificate (XEP-0178). */
export const external = "EXTERNAL";

/** Enough for an address. */
const longest = 3072;

/** The client's only message: whom it wants to act for. */
export function externalResponse(identity: string): Uint8Array {
  return encodeText(identity);
}

/**
 * Checks that message against the identity which the certificate proves and the stream claims; an empty one means that
 * same identity (XEP-0178 §3). @throws SaslError `invalid-authzid`
 */
export function checkExternal(response: Uint8Array, isIdentity: (text: string) => boolean): void {
  if (response.length === 0) return;
  if (response.length > longest || !isIdentity(decodeText(response))) {
    throw new SaslError("invalid-authzid", "The authorization identity must be the domain of the stream");
  }
}
