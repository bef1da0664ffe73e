import { X509Certificate } from "node:crypto";
import { type DetailedPeerCertificate, getCACertificates, type TLSSocket } from "node:tls";
import { readAll, readExtensions, readValue } from "#stream/der.ts";
import type { CertificateProblem, PeerCertificate } from "#stream/transport.ts";
import { isTrusted } from "./trust.ts";

/** Chains are not followed further. */
const maxDepth = 10;
const basicConstraints = 19;
const forServers = "1.3.6.1.5.5.7.3.1";
const forAnything = "2.5.29.37.0";
/** Extensions that OpenSSL or this file heed: usage, names, constraints, policies, purposes (RFC 5280 §4.2.1). */
const understood: ReadonlySet<string> = new Set(
  [15, 17, basicConstraints, 30, 32, 33, 36, 37, 54].map((id) => `2.5.29.${id}`),
);

const problems: Readonly<Record<string, CertificateProblem>> = {
  CERT_HAS_EXPIRED: "time",
  CERT_NOT_YET_VALID: "time",
  ERR_TLS_CERT_ALTNAME_INVALID: "name",
};

/** What to think of the certificate (DER) that the peer of a TLS socket showed. */
export function verdict(socket: TLSSocket, raw: Uint8Array, accepting: boolean): PeerCertificate {
  const reason = accepting ? verifyError(socket) : connectError(socket);
  if (reason === undefined || (reason === "INVALID_PURPOSE" && isServers(socket))) return { raw, authorized: true };
  return { raw, authorized: false, problem: problems[reason] ?? "trust", reason };
}

function connectError(socket: TLSSocket): string | undefined {
  return socket.authorized ? undefined : String(socket.authorizationError ?? "not verified");
}

/**
 * What OpenSSL found. Node asks for it only in sockets which its own TLS server accepted; there is no other way for one
 * made by hand.
 */
function verifyError(socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as { _handle?: { verifyError?(): (Error & { code?: string }) | null } };
  if (handle?.verifyError === undefined) return "not verified";
  const error = handle.verifyError();
  return error === null || error === undefined ? undefined : (error.code ?? error.message);
}

/**
 * Whether a certificate that OpenSSL refuses for a client is good for a server: such is what public authorities issue,
 * and a server that connects to another shows no other. OpenSSL looks at signatures, times and constraints of names
 * after the purpose, so they are fine where that is the error it ends with; what it looks at before is looked at here:
 * purposes, critical extensions, the right of those above to issue, and the trust in the chain's end.
 */
function isServers(socket: TLSSocket): boolean {
  const leaf = socket.getPeerCertificate(true);
  if (leaf.ext_key_usage === undefined || !isForServers(leaf)) return false;
  const authorities = getCACertificates("default");
  let at: DetailedPeerCertificate = leaf;
  for (let depth = 0; depth < maxDepth; depth++) {
    const above = at.issuerCertificate;
    if (above === undefined || above === at || !isForServers(above) || depth > pathLength(above.raw)) return false;
    if (!issued(new X509Certificate(above.raw), new X509Certificate(at.raw))) return false;
    if (isTrusted(above.raw, authorities)) return true;
    at = above;
  }
  return false;
}

/** Whether nothing in a certificate forbids that it, or one below it, is a server's. */
function isForServers({ raw, ext_key_usage: purposes }: DetailedPeerCertificate): boolean {
  const allowed = purposes === undefined || purposes.includes(forServers) || purposes.includes(forAnything);
  return allowed && readExtensions(raw).every(({ critical, identifier }) => !critical || understood.has(identifier));
}

/** How many certificates of authorities may stand between one and the last (RFC 5280 §4.2.1.9). */
function pathLength(certificate: Uint8Array): number {
  const constraints = readExtensions(certificate).find(({ identifier }) => identifier === `2.5.29.${basicConstraints}`);
  const sequence = constraints && readValue(constraints.value);
  const length = sequence && readAll(sequence.content).find(({ tag }) => tag === 0x02);
  return length === undefined
    ? maxDepth
    : Buffer.from(length.content).readUIntBE(0, Math.min(6, length.content.length));
}

function issued(by: X509Certificate, certificate: X509Certificate): boolean {
  const now = Date.now();
  const timely = certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
  return timely && by.ca && certificate.checkIssued(by) && certificate.verify(by.publicKey);
}
