import { getCACertificates, setDefaultCACertificates } from "node:tls";

/**
 * Makes this process trust the authorities of the system, or those that come with Node where the system has none, and
 * further ones (PEM). Applies to each TLS context made afterwards without authorities of its own. Not by giving them to
 * contexts: a server tells its peers all of a context's authorities in each handshake, tens of KiB.
 */
export function trustAuthorities(further: readonly string[]): void {
  const system = getCACertificates("system");
  const usual = system.length > 0 ? system : getCACertificates("bundled");
  setDefaultCACertificates([...new Set([...usual, ...getCACertificates("extra"), ...further])]);
}

/** Whether a certificate (DER) is that of an authority this process trusts. */
export function isTrusted(certificate: Uint8Array, authorities: readonly string[]): boolean {
  const wanted = Buffer.from(certificate).toString("base64");
  return authorities.some((pem) => bare(pem) === wanted);
}

function bare(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----|\s+/g, "");
}
