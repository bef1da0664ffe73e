import { prepareDomain } from "#jid/domain.ts";
import { PrecisError } from "#jid/precis.ts";
import { readAll, readExtensions, readOid, readValue, type Value } from "./der.ts";

/**
 * The forms of a name in a certificate: a name of DNS (DNS-ID), that of a service (SRV-ID, RFC 4985), an address of
 * XMPP (id-on-xmppAddr, RFC 6120 §13.7.1.4).
 */
export type NameForm = "dns" | "srv" | "xmpp";

export interface PresentedName {
  readonly form: NameForm;
  /** As the certificate has it. */
  readonly name: string;
}

/** What a certificate says of a domain: the name that identifies it, or else all names that it does present. */
export type Identification =
  | { readonly identified: true; readonly by: PresentedName }
  | { readonly identified: false; readonly presented: readonly PresentedName[] };

/** Of a certificate with more, the rest is not looked at. */
const maxNames = 500;
/** Larger certificates identify nobody, in bytes. */
const maxCertificate = 100_000;

const subjectAltName = "2.5.29.17";
const onDnsSrv = "1.3.6.1.5.5.7.8.7";
const xmppAddr = "1.3.6.1.5.5.7.8.5";

/**
 * Whether a certificate identifies an XMPP domain (RFC 6120 §13.7.1.2, RFC 9525 §6). Only names in subjectAltName
 * count, never the common name. Whether the certificate is to be trusted is another question.
 *
 * @param certificate in DER
 * @param domain prepared; addresses in the place of names are never identified
 */
export function identifies(
  certificate: Uint8Array,
  domain: string,
  service: "xmpp-server" | "xmpp-client" = "xmpp-server",
): Identification {
  const presented = presentedNames(certificate);
  const by = presented.find((name) => names(name, domain, service));
  return by === undefined ? { identified: false, presented } : { identified: true, by };
}

/** The names in a certificate (DER) that can identify an XMPP server, at most 500. */
export function presentedNames(certificate: Uint8Array): readonly PresentedName[] {
  if (certificate.length > maxCertificate) return [];
  const extension = readExtensions(certificate).find(({ identifier }) => identifier === subjectAltName);
  const sequence = extension && readValue(extension.value);
  if (sequence === undefined) return [];
  return readAll(sequence.content).slice(0, maxNames).flatMap(presentedName); // RFC 5280 §4.2.1.6
}

/** A GeneralName (RFC 5280 §4.2.1.6): dNSName [2] and otherName [0] matter. */
function presentedName({ tag, content }: Value): PresentedName[] {
  if (tag === 0x82) return [{ form: "dns", name: text(content) }];
  if (tag !== 0xa0) return [];
  const [type, explicit] = readAll(content);
  const value = explicit && readValue(explicit.content);
  if (type === undefined || value === undefined) return [];
  const kind = readOid(type.content);
  if (kind === onDnsSrv) return [{ form: "srv", name: text(value.content) }];
  return kind === xmppAddr ? [{ form: "xmpp", name: text(value.content) }] : [];
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function names({ form, name }: PresentedName, domain: string, service: string): boolean {
  if (form === "xmpp") return prepared(name) === domain;
  if (form === "dns") return namesInDns(name, domain);
  const prefix = `_${service}.`;
  return name.slice(0, prefix.length).toLowerCase() === prefix && namesInDns(name.slice(prefix.length), domain);
}

/** RFC 9525 §6.3: a wildcard stands for one label, is the whole left-most one, and has two or more after it. */
function namesInDns(name: string, domain: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(name)) return false; // A-labels only
  if (!name.startsWith("*.")) return prepared(name) === domain;
  const parent = prepared(name.slice(2));
  return parent?.includes(".") === true && domain.slice(domain.indexOf(".")) === `.${parent}`;
}

/** A domain as addresses have it, with U-labels; undefined where it is none, or an address in place of a name. */
function prepared(name: string): string | undefined {
  try {
    const domain = prepareDomain(name);
    return isAddress(domain) ? undefined : domain;
  } catch (problem) {
    if (problem instanceof PrecisError) return undefined;
    throw problem;
  }
}

function isAddress(domain: string): boolean {
  return domain.startsWith("[") || /^[0-9.]+$/.test(domain);
}
