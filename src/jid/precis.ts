/**
 * The PRECIS profiles that XMPP uses: user names and passwords (RFC 8265), nicknames (RFC 8266). Pure functions of the
 * text. They set no limit on its length; whoever reads it from a peer does.
 */
import { bidiError } from "./bidi.ts";
import { classError, type StringClass, stringError } from "./characters.ts";

/** A text that a profile refuses. The message says why in words fit for a peer. */
export class PrecisError extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.name = "PrecisError";
    this.reason = reason;
  }
}

// Fullwidth and halfwidth forms, which have <wide> and <narrow> decompositions (RFC 8264 §5.2.1).
const widthVariant = /[\u3000\uFF01-\uFFEE]/gu;
const hasWidthVariant = /[\u3000\uFF01-\uFFEE]/u;
const nonAsciiSpace = /[\p{Zs}--[ ]]/gv;
/** Printable ASCII without spaces: what the profiles of user names leave as it is, but for case. */
const plainUsername = /^[!-~]+$/;
/** Printable ASCII: what OpaqueString leaves as it is. */
const plainOpaque = /^[ -~]+$/;

/**
 * UsernameCaseMapped (RFC 8265 §3.3): width mapping, lower case, NFC, Bidi Rule, IdentifierClass.
 * Lower case is Unicode's toLowerCase, so a capital sigma at the end of a word becomes a final one.
 * @throws PrecisError if the text is empty or refused.
 */
export function usernameCaseMapped(text: string): string {
  if (plainUsername.test(text)) return text.toLowerCase();
  return stable(text, (input) => username(input, (name) => name.toLowerCase()));
}

/** UsernameCasePreserved (RFC 8265 §3.4): as {@link usernameCaseMapped}, but capitals stay. @throws PrecisError */
export function usernameCasePreserved(text: string): string {
  return plainUsername.test(text) ? text : stable(text, (input) => username(input, (name) => name));
}

/** OpaqueString (RFC 8265 §4.2): every space becomes U+0020, NFC, FreeformClass. @throws PrecisError if refused. */
export function opaqueString(text: string): string {
  if (plainOpaque.test(text)) return text;
  return stable(text, (input) => {
    refuse(classError(input, "freeform"));
    return checked(input.replace(nonAsciiSpace, " ").normalize("NFC"), "freeform");
  });
}

/**
 * Nickname (RFC 8266 §2.3), for display: spaces are trimmed and runs of them become one, NFKC, FreeformClass.
 * @throws PrecisError if nothing is left or the text is refused.
 */
export function nickname(text: string): string {
  return stable(text, (input) => nicknameForm(input, (name) => name));
}

/** Nickname (RFC 8266 §2.4), for comparison: two nicknames are the same if their keys are. @throws PrecisError */
export function nicknameKey(text: string): string {
  return stable(text, (input) => nicknameForm(input, (name) => name.toLowerCase()));
}

/** Fullwidth and halfwidth code points as their ordinary forms (RFC 8264 §5.2.1). */
export function widthMapped(text: string): string {
  return hasWidthVariant.test(text) ? text.replace(widthVariant, (char) => char.normalize("NFKC")) : text;
}

function username(text: string, caseMap: (text: string) => string): string {
  const prepared = widthMapped(text);
  // RFC 8265 §3.3.2 wants the class checked before case mapping and normalisation too: U+212A KELVIN SIGN is refused
  // although its lower case is a plain k, and so is decomposed Hangul. Contextual rules wait for the result: U+00B7 is fine between L as between l.
  refuse(classError(prepared, "identifier"));
  const name = checked(caseMap(prepared).normalize("NFC"), "identifier");
  refuse(bidiError(name));
  return name;
}

function nicknameForm(text: string, caseMap: (text: string) => string): string {
  refuse(classError(text, "freeform"));
  const spaced = text.replace(nonAsciiSpace, " ").replace(/ {2,}/g, " ").replace(/^ | $/g, "");
  return checked(caseMap(spaced).normalize("NFKC"), "freeform");
}

function checked(text: string, stringClass: StringClass): string {
  if (text === "") throw new PrecisError("it is empty");
  refuse(stringError(text, stringClass));
  return text;
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new PrecisError(reason);
}

/** Applies the rules until nothing changes, at most four times in all; what still changes is refused (RFC 8264 §7). */
function stable(text: string, rules: (text: string) => string): string {
  if (!text.isWellFormed()) throw new PrecisError("it is not well-formed Unicode");
  let current = text;
  for (let round = 0; round < 4; round++) {
    const next = rules(current);
    if (next === current) return next;
    current = next;
  }
  throw new PrecisError("its normal form is not stable");
}
