/**
 * The two string classes of the PRECIS framework (RFC 8264 §4), derived from the Unicode properties of the running
 * engine by the algorithm of RFC 8264 §8. Code points whose use depends on their neighbours (CONTEXTJ, CONTEXTO) are
 * members of both classes here; `context.ts` judges them afterwards.
 */
import { contextError } from "./context.ts";

/** A class of code points: "identifier" for names, "freeform" for passwords, resources and nicknames. */
export type StringClass = "identifier" | "freeform";

// LetterDigits (9.1), ASCII7 (9.11), exceptions that are PVALID or CONTEXTO (9.6), JoinControl (9.8); without the
// exceptions that are DISALLOWED, ignorable code points (9.13) and old Hangul jamo (9.9). Unassigned code points,
// controls, surrogates and private use have none of the categories named. HasCompat (9.17) is asked per code point.
const identifierString =
  /^[[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}\x21-\x7E\u00B7\u0375\u05F3\u05F4\u06FD\u06FE\u0F0B\u3007\u30FB\u200C\u200D]--[\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7FB[\p{Default_Ignorable_Code_Point}--[\u200C\u200D]]]]*$/v;
// The same plus OtherLetterDigits, Spaces, Symbols and Punctuation (9.14 to 9.16, 9.18). HasCompat does not matter.
const freeformString =
  /^[[\p{L}\p{M}\p{N}\p{S}\p{P}\p{Zs}\u200C\u200D]--[\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7FB[\p{Default_Ignorable_Code_Point}--[\u200C\u200D]]]]*$/v;

/** Why a text is not made of the class's code points alone, or `undefined` if it is. Contextual rules are left out. */
export function classError(text: string, stringClass: StringClass): string | undefined {
  if (stringClass === "freeform") {
    return freeformString.test(text) ? undefined : firstRefused(text, (char) => freeformString.test(char));
  }
  if (identifierString.test(text) && !hasCompatibilityForm(text)) return undefined;
  return firstRefused(text, (char) => identifierString.test(char) && !hasCompatibilityForm(char));
}

/** As {@link classError}, then the contextual rules of RFC 5892 appendix A. */
export function stringError(text: string, stringClass: StringClass): string | undefined {
  return classError(text, stringClass) ?? contextError(text);
}

/** How a code point is written in an error: `U+2163`. */
export function codePointName(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Whether any code point has a compatibility equivalent: toNFKC(cp) differs from cp (RFC 8264 §9.17). */
function hasCompatibilityForm(text: string): boolean {
  for (const char of text) {
    if (char > "\x7f" && char.normalize("NFKC") !== char) return true;
  }
  return false;
}

function firstRefused(text: string, allowed: (char: string) => boolean): string | undefined {
  for (const char of text) if (!allowed(char)) return `${codePointName(char)} is not allowed`;
  return undefined;
}
