import { webcrypto } from "node:crypto";
import { isIP } from "node:net";

export interface SelfSignedOptions {
  /** Domains and IP addresses, the first one is also the common name. */
  readonly names: readonly string[];
  /** Days of validity; default ten years, since nobody renews it. */
  readonly days?: number;
}

function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40; // positive, and no leading zero (RFC 5280 §4.1.2.2)
  return Buffer.from(bytes).toString("hex");
}

/**
 * A self-signed certificate for the first start: ECDSA P-256, as PEM. The key is as secret as any: writing it to a
 * file with mode 0600 is up to the caller.
 */
export async function selfSigned(options: SelfSignedOptions): Promise<{ certificate: string; key: string }> {
  // Loaded only here: the library is needed once in the life of an installation.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = Date.now();
  const dayMs = 86_400_000;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [(options.names[0] ?? "localhost").slice(0, 64)] }],
    notBefore: new Date(now - dayMs), // clocks differ
    notAfter: new Date(now + (options.days ?? 3650) * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true), // an authority, so that it can be trusted by itself
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      // No extended key usage: with one, NSS (Pidgin) takes an authority for no issuer of itself and refuses unasked.
      new x509.SubjectAlternativeNameExtension(
        options.names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const key = `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
  return { certificate: `${certificate.toString("pem")}\n`, key };
}
