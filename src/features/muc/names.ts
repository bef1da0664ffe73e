import { unescapeLocal } from "#jid/escaping.ts";
import type { Jid } from "#jid/jid.ts";
import { nickname, nicknameKey, PrecisError } from "#jid/precis.ts";
import { StanzaError } from "#stanza/error.ts";
import { detach } from "#xml/bytes.ts";

/** A nickname: as it is shown, and the key by which two are compared (RFC 8266). */
export interface Nick {
  readonly text: string;
  readonly key: string;
}

/**
 * The nickname that a resource asks for: spaces trimmed, in normal form (RFC 8266 §2.3).
 * @throws StanzaError `jid-malformed` if nothing is left of it or the profile refuses it, `not-acceptable` if it is too long
 */
export function readNick(resource: string, longest: number): Nick {
  if (resource.length > longest) throw new StanzaError("not-acceptable", tooLong(longest));
  try {
    return { text: detach(nickname(resource)), key: nicknameKey(resource) };
  } catch (problem) {
    if (problem instanceof PrecisError) throw new StanzaError("jid-malformed", unusable);
    throw problem;
  }
}

/** The key of a nickname that may be unusable: it is then nobody's. */
export function nickKey(resource: string): string {
  try {
    return nicknameKey(resource);
  } catch (problem) {
    if (problem instanceof PrecisError) return "";
    throw problem;
  }
}

/** The name of a room that has been given none: its address, unescaped (XEP-0106). */
export function nameOf(room: Jid): string {
  return unescapeLocal(room.local);
}

function tooLong(longest: number) {
  return {
    en: `A nickname has at most ${longest} characters.`,
    fr: `Un pseudonyme a au plus ${longest} caractères.`,
  };
}
const unusable = {
  en: "This nickname cannot be used. Choose one of letters and digits.",
  fr: "Ce pseudonyme n'est pas utilisable. Choisissez-en un fait de lettres et de chiffres.",
};
