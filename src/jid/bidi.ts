/**
 * The Bidi Rule (RFC 5893 §2) for strings of the PRECIS IdentifierClass.
 *
 * Regular expressions know no Bidi_Class. The table below is exact for Unicode 17 within the IdentifierClass, the only
 * strings asked about; it runs over code points outside that class to stay short. Domains have their own check (tr46).
 */

// Bidi_Class R or AL.
const rightToLeft =
  /[\u05D0-\u05F4\u0620-\u064A\u066E-\u066F\u0671-\u06D5\u06E5-\u06E6\u06EE-\u06EF\u06FA-\u0710\u0712-\u072F\u074D-\u07A5\u07B1-\u07EA\u07F4-\u07F5\u0800-\u0815\u081A\u0824\u0828\u0840-\u0858\u0860-\u088F\u08A0-\u08C9\uFE73\u{10800}-\u{10A00}\u{10A10}-\u{10A35}\u{10A60}-\u{10AE4}\u{10B00}-\u{10D23}\u{10D4A}-\u{10D65}\u{10D6F}-\u{10EA9}\u{10EB0}-\u{10EC7}\u{10F00}-\u{10F45}\u{10F70}-\u{10F81}\u{10FB0}-\u{10FF6}\u{1E800}-\u{1E8C4}\u{1E900}-\u{1E943}\u{1E94B}-\u{1E959}]/u;
const arabicNumber = /[\u0660-\u0669\u{10D30}-\u{10D49}]/u;
const europeanNumber = /[0-9\u06F0-\u06F9]/u;
// ES, CS, ET, ON: ASCII punctuation and the neutral modifier letters and exceptions of the class.
const neutral = /[!-/:-@[-`{-~\u00B7\u02B9\u02BA\u02C6-\u02CF\u02EC\u0375\u2E2F\u30FB\uA67F\uA717-\uA71F\uA788]/u;
// NSM is Mn but for these few, which are L; BN is the joiners.
const nonspacing = /[[\p{Mn}\u200C\u200D]--[\u0CBF\u0CC6\u1B3A\u1B3C\u1B42\u{11A07}\u{11A08}\u{11C3F}]]/v;

/** Why a string breaks the Bidi Rule, or `undefined`. A string without right-to-left characters never does. */
export function bidiError(text: string): string | undefined {
  if (!rightToLeft.test(text) && !arabicNumber.test(text)) return undefined;
  const chars = Array.from(text);
  // Condition 1, and 5: what begins left-to-right may not hold R, AL or AN.
  if (!rightToLeft.test(chars[0] ?? "")) return "right-to-left text must begin with a right-to-left letter";
  // Condition 2.
  const allowed = (char: string): boolean =>
    rightToLeft.test(char) || isNumber(char) || neutral.test(char) || nonspacing.test(char);
  if (!chars.every(allowed)) return "it mixes right-to-left and left-to-right letters";
  // Condition 3.
  const last = chars.findLast((char) => !nonspacing.test(char)) ?? "";
  if (!rightToLeft.test(last) && !isNumber(last)) return "right-to-left text must end with a letter or a digit";
  // Condition 4.
  if (arabicNumber.test(text) && europeanNumber.test(text)) return "it mixes Arabic and European digits";
  return undefined;
}

function isNumber(char: string): boolean {
  return europeanNumber.test(char) || arabicNumber.test(char);
}
