import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { domainToASCII } from "node:url";

/** Where the certificate (with its chain) and the key of a domain are, PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate in use. */
export interface LoadedCertificate {
  /** The content of both files, to notice a change. */
  readonly source: string;
  readonly x509: X509Certificate;
  /** What is wrong with it though it can be used. */
  readonly warnings: readonly string[];
  /** A context with it. `ticketKeys`: for the tickets of TLS sessions; default: keys that end with the context. */
  context(ticketKeys?: Buffer): SecureContext;
}

const dayMs = 86_400_000;

/** TLS 1.3, and of 1.2 only what has forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** Whole days until a certificate ends; negative once it has. */
export function daysLeft(certificate: X509Certificate): number {
  return Math.floor((certificate.validToDate.getTime() - Date.now()) / dayMs);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const advice: Readonly<Record<string, string>> = {
      ENOENT: "there is no such file",
      EACCES: "this program may not read it: check its owner and mode",
      EISDIR: "it is a folder",
    };
    throw new Error(`${file}: ${advice[code ?? ""] ?? `cannot be read (${code})`}`, { cause: error });
  }
}

function parse<T>(file: string, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${file}: not ${what} in PEM form`, { cause: error });
  }
}

/** A domain as certificates and SNI write it (IDNA A-labels); an address as it is. */
export function asciiName(domain: string): string {
  if (isIP(domain) !== 0) return domain;
  return domainToASCII(domain) || domain.toLowerCase();
}

/** Whether a certificate names a domain, in ASCII, or an address. */
export function names(x509: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return x509.checkIP(name) !== undefined;
  // Other characters may have come from a peer; Node throws at some of them.
  return /^[\w.-]+$/.test(name) && x509.checkHost(name) !== undefined;
}

function warningsFor(x509: X509Certificate, domain: string): string[] {
  const warnings: string[] = [];
  if (!names(x509, asciiName(domain.replace(/^\*\./, "any.")))) {
    warnings.push(`it does not name ${domain}: ${x509.subjectAltName ?? x509.subject}`);
  }
  const days = daysLeft(x509);
  if (days < 0) warnings.push(`it expired on ${x509.validTo}`);
  else if (days < 14) warnings.push(`it expires on ${x509.validTo}`);
  if (x509.validFromDate.getTime() > Date.now()) warnings.push(`it is not valid before ${x509.validFrom}`);
  return warnings;
}

/**
 * Reads and checks the certificate of a domain: both files parse, and the key is the certificate's.
 * `ca`: authorities trusted instead of the usual ones (PEM), when a peer shows its certificate to this one.
 * Returns undefined where nothing changed since `before`. Throws an Error with the file's name and what to do.
 */
export async function loadCertificate(
  domain: string,
  files: CertificateFiles,
  before?: LoadedCertificate,
  ca?: readonly string[],
): Promise<LoadedCertificate | undefined> {
  const cert = await read(files.certificate);
  const key = await read(files.key);
  const source = `${cert}\n${key}`;
  if (source === before?.source) return undefined;
  const x509 = parse(files.certificate, "a certificate", () => new X509Certificate(cert));
  const privateKey = parse(files.key, "a private key (without passphrase)", () => createPrivateKey(key));
  if (!x509.checkPrivateKey(privateKey)) {
    throw new Error(`${files.key}: this key is not the one of the certificate ${files.certificate}`);
  }
  const warnings = warningsFor(x509, domain);
  if (((await stat(files.key)).mode & 0o004) !== 0) {
    warnings.push(`its key can be read by everybody on this machine: chmod o= ${files.key}`);
  }
  const options = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    // Without it OpenSSL refuses whoever takes a session up again where we ask for a certificate.
    sessionIdContext: "parloir",
    ciphers,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
  } as const;
  const context = (ticketKeys?: Buffer) => createSecureContext({ ...options, ...(ticketKeys && { ticketKeys }) });
  context(); // what OpenSSL finds too weak is refused here
  return { source, x509, warnings, context };
}
