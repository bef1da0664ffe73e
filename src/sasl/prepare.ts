import { saslprep } from "@mongodb-js/saslprep";
import { opaqueString, usernameCaseMapped } from "#jid/precis.ts";
import { encodeText } from "./encoding.ts";

/** The longest user name and password in bytes of UTF-8: the limit of a localpart (RFC 7622 §3.3). */
export const maxBytes = 1023;

// RFC 7622 §3.3.1: allowed in a UsernameCaseMapped string, but never in a localpart.
const excluded = /["&'/:<>@]/;

/** Prepares a user name by the rules of a JID's localpart (RFC 7622 §3.3); undefined if it cannot be one. */
export function prepareUser(text: string): string | undefined {
  if (text === "" || text.length > maxBytes) return undefined;
  try {
    const user = usernameCaseMapped(text);
    return user === "" || excluded.test(user) || encodeText(user).length > maxBytes ? undefined : user;
  } catch {
    return undefined;
  }
}

/**
 * Prepares a password with SASLprep (RFC 4013), as SCRAM asks. SASLprep knows Unicode 3.2 only, so a password with
 * younger characters, such as most emoji, is prepared as an OpaqueString instead (RFC 8265 §4.2).
 * Undefined if the password is empty, longer than 1023 bytes or has prohibited characters.
 */
export function preparePassword(password: string): string | undefined {
  if (password === "" || encodeText(password).length > maxBytes) return undefined;
  if (isPlainAscii(password)) return password;
  try {
    return saslprep(password) || undefined;
  } catch {
    return prepareYoung(password);
  }
}

function prepareYoung(password: string): string | undefined {
  try {
    saslprep(password, { allowUnassigned: true }); // throws if anything else than unassigned points was wrong
    return opaqueString(password) || undefined;
  } catch {
    return undefined;
  }
}

function isPlainAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
