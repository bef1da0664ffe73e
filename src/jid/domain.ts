/** The domainpart of a JID (RFC 7622 §3.2): an internationalised domain name or an IP address. */
import { toASCII, toUnicode } from "tr46";
import { stringError } from "./characters.ts";
import { isIPv4, isIPv6 } from "./ip.ts";
import { PrecisError, widthMapped } from "./precis.ts";

// Everything UTS #46 can check, and nothing it can forgive.
const strict = {
  checkBidi: true,
  checkHyphens: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  transitionalProcessing: false,
  ignoreInvalidPunycode: false,
} as const;

const maxLabelOctets = 63;
// The label separators of IDNA; the fullwidth and halfwidth ones are width-mapped to the first two.
const separator = /\u3002/g;
const asciiDomain = /^[\x00-\x7F]*$/;
const asciiLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const dottedQuad = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/;
// IgnorableBlocks of RFC 5892 §2.4, whose marks PRECIS allows in names.
const ignorableBlock = /[\u20D0-\u20FF\u{1D100}-\u{1D1FF}\u{1D200}-\u{1D24F}]/u;

/**
 * The prepared form: no final dot, lower case, NFC, every A-label as its U-label. IP addresses are kept as spelled but
 * for case; zone identifiers and future IP literals are refused. Names follow IDNA2008: of the mappings of UTS #46
 * only case, width and the separators are applied, so a ligature or a soft hyphen is refused.
 * A label has at most 63 octets in its ASCII form.
 * @throws PrecisError if it is refused.
 */
export function prepareDomain(text: string): string {
  if (!text.isWellFormed()) throw new PrecisError("it is not well-formed Unicode");
  if (text.startsWith("[")) return prepareAddress(text);
  const domain = withoutFinalDot(mapped(text));
  if (domain === "") throw new PrecisError("it is empty");
  if (dottedQuad.test(domain)) {
    if (!isIPv4(domain)) throw new PrecisError("it is not an IPv4 address");
    return domain;
  }
  if (asciiDomain.test(domain) && !domain.includes("xn--")) {
    for (const label of domain.split(".")) checkAsciiLabel(label);
    return domain;
  }
  return internationalised(domain);
}

function prepareAddress(text: string): string {
  if (!text.endsWith("]") || !isIPv6(text.slice(1, -1))) throw new PrecisError("it is not an IPv6 address");
  return text.toLowerCase();
}

function mapped(text: string): string {
  if (asciiDomain.test(text)) return text.toLowerCase();
  return lowerCase(widthMapped(text)).replace(separator, ".").normalize("NFC");
}

/** Character by character: a sigma before a dot is no final one in a domain (UTS #46 maps it the same way). */
function lowerCase(text: string): string {
  return Array.from(text, (char) => char.toLowerCase()).join("");
}

function withoutFinalDot(text: string): string {
  return text.endsWith(".") ? text.slice(0, -1) : text;
}

function checkAsciiLabel(label: string): void {
  if (label === "") throw new PrecisError("it has an empty label");
  if (label.length > maxLabelOctets) throw new PrecisError("it has a label of more than 63 octets");
  if (!asciiLabel.test(label) || label.startsWith("--", 2)) throw new PrecisError("it has an invalid label");
}

function internationalised(domain: string): string {
  const given = domain.split(".");
  // Every code point takes an octet or more of the ASCII form. Asked first, as Punycode takes time quadratic in a label.
  if (given.some((label) => Array.from(label).length > maxLabelOctets)) {
    throw new PrecisError("it has a label of more than 63 octets");
  }
  const unicode = toUnicode(domain, strict);
  const ascii = unicode.error ? null : toASCII(unicode.domain, strict);
  if (ascii === null) throw new PrecisError("it is not an internationalised domain name");
  const asciiLabels = ascii.split(".");
  const labels = unicode.domain.split(".");
  if (labels.length !== given.length) throw new PrecisError("it is not an internationalised domain name");
  for (const [index, label] of labels.entries()) {
    // Either the label was in its final form, but for case (UTS #46 makes Cherokee capitals of small letters), or it
    // was the one A-label of it.
    if (lowerCase(label) !== given[index] && asciiLabels[index] !== given[index]) {
      throw new PrecisError("it holds a character that IDNA does not allow");
    }
    checkLabel(label, asciiLabels[index] ?? "");
  }
  return unicode.domain;
}

/** What IDNA2008 asks beyond UTS #46, which lets symbols and the CONTEXTO characters pass. */
function checkLabel(label: string, ascii: string): void {
  if (asciiDomain.test(label)) {
    checkAsciiLabel(label);
    return;
  }
  if (ascii.length > maxLabelOctets) throw new PrecisError("it has a label of more than 63 octets");
  const error = stringError(label, "identifier");
  if (error !== undefined) throw new PrecisError(error);
  if (ignorableBlock.test(label)) throw new PrecisError("it holds a character that IDNA does not allow");
}
