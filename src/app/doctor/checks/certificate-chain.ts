import { X509Certificate } from "node:crypto";
import { asciiName } from "#adapters/tcp/certificate.ts";
import type { CertificateOfDomain } from "../certificate-files.ts";
import type { Context } from "../check.ts";
import { type Finding, found } from "../finding.ts";
import { isLocalName } from "../names.ts";
import { certificateKinds as kinds } from "./certificate-kinds.ts";

/** The certificates of one file, and the one whose key is configured. */
export interface Chain {
  readonly all: readonly X509Certificate[];
  readonly leaf: X509Certificate;
}

/** Whether clients can get from the certificate to an authority that they trust, and in the right order (RFC 8446 §4.4.2). */
export function chainFindings({ system }: Context, one: CertificateOfDomain, { all, leaf }: Chain): Finding[] {
  const { certificate: file, domain, aliases } = one;
  const authorities = system.authorities().map((pem) => new X509Certificate(pem));
  if (isSelfSigned(leaf)) {
    const options = [domain, ...aliases].map((face) => `-d ${asciiName(face)}`).join(" ");
    const known = isLocalName(domain) || authorities.some(({ raw }) => raw.equals(leaf.raw));
    return known ? [] : [found(kinds.selfSigned, { file, domain, options })];
  }
  const path = pathOf(leaf, all);
  const last = path.at(-1)!;
  const inOrder = path.every((certificate, index) => all[index] === certificate);
  const expired = path.slice(1).find(({ validToDate }) => validToDate.getTime() < system.now());
  const trusted = authorities.some((authority) => issued(last, authority) || authority.raw.equals(last.raw));
  const issuer = nameOf(last.issuer);
  return [
    ...(inOrder ? [] : [found(kinds.order, { file })]),
    ...(expired === undefined ? [] : [found(kinds.chainExpired, { file, issuer: nameOf(expired.subject) })]),
    ...(trusted ? [] : [found(isSelfSigned(last) ? kinds.privateAuthority : kinds.incomplete, { file, issuer })]),
  ];
}

/** From a certificate to its issuer, and on, as far as the file goes. */
function pathOf(leaf: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] {
  const path = [leaf];
  for (;;) {
    const last = path.at(-1)!;
    const next = all.find((candidate) => !path.includes(candidate) && issued(last, candidate));
    if (next === undefined) return path;
    path.push(next);
  }
}

function issued(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/** A distinguished name in one line. */
function nameOf(lines: string): string {
  return lines.replaceAll("\n", ", ");
}
