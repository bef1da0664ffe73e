import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import type { Configuration } from "./configuration.ts";

/** Where a domain's certificate is. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Made here, so that no client knows it. */
  readonly ownMade: boolean;
}

/** The certificate files of each domain; where none is configured, a self-signed one is made once and kept. */
export async function certificateFiles(configuration: Configuration): Promise<Record<string, CertificateFiles>> {
  const files: Record<string, CertificateFiles> = {};
  for (const { name, aliases, certificate, key } of configuration.domains) {
    const found =
      certificate !== undefined && key !== undefined
        ? { certificate, key, ownMade: false }
        : await ownCertificate(join(configuration.data, "certificates"), name, aliases);
    for (const face of [name, ...aliases]) files[face] = found;
  }
  return files;
}

async function ownCertificate(folder: string, domain: string, aliases: readonly string[]): Promise<CertificateFiles> {
  const files = { certificate: join(folder, `${domain}.crt`), key: join(folder, `${domain}.key`), ownMade: true };
  const names = [domain, ...aliases].flatMap(namesFor);
  if (readable(files.certificate) && readable(files.key) && covers(files.certificate, names)) return files;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { certificate, key } = await selfSigned({ names });
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.certificate, certificate, { mode: 0o644 });
  return files;
}

/** Whether a certificate made earlier still fits: an alias may have come since. */
function covers(file: string, names: readonly string[]): boolean {
  const { subjectAltName = "" } = new X509Certificate(readFileSync(file));
  const covered = subjectAltName.split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, "").toLowerCase());
  return names.every((name) => covered.includes(name.toLowerCase()) || name === "::1");
}

/** Names in certificates are ASCII; a client on this machine may use its addresses. */
function namesFor(domain: string): string[] {
  const ascii = new URL(`xmpp://${domain}`).hostname || domain;
  const name = ascii.includes("%") ? new URL(`http://${domain}`).hostname : ascii;
  return domain === "localhost" ? ["localhost", "127.0.0.1", "::1"] : [name];
}

function readable(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** The SHA-256 fingerprint of a certificate, as clients show it: "AB:CD:…". */
export function fingerprint(file: string): string {
  return new X509Certificate(readFileSync(file)).fingerprint256;
}
