import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { readAll, readOid, readValue } from "#stream/der.ts";
import { endPointOf, hasExtendedMasterSecret } from "./tls-details.ts";

type KeyAlgorithm = EcKeyGenParams | RsaHashedKeyGenParams | { name: "Ed25519" };
interface EcKeyGenParams {
  readonly name: "ECDSA";
  readonly namedCurve: string;
}
interface RsaHashedKeyGenParams {
  readonly name: "RSASSA-PKCS1-v1_5" | "RSA-PSS";
  readonly hash: string;
  readonly modulusLength: number;
  readonly publicExponent: Uint8Array;
}

/** A certificate in DER that is signed in a certain way. */
async function signed(generate: KeyAlgorithm, sign: object): Promise<Uint8Array> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = (await webcrypto.subtle.generateKey(generate as { name: string }, true, ["sign", "verify"])) as never;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=example.com",
    keys,
    signingAlgorithm: sign as never,
  });
  return new Uint8Array(certificate.rawData);
}

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
const ways: readonly (readonly [string, KeyAlgorithm, object, string | undefined])[] = [
  ["ECDSA with SHA-256", { name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }, "sha256"],
  ["ECDSA with SHA-384", { name: "ECDSA", namedCurve: "P-384" }, { name: "ECDSA", hash: "SHA-384" }, "sha384"],
  ["ECDSA with SHA-512", { name: "ECDSA", namedCurve: "P-521" }, { name: "ECDSA", hash: "SHA-512" }, "sha512"],
  [
    "RSA with SHA-1",
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1", ...rsa },
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" },
    "sha256",
  ],
  [
    "RSA with SHA-512",
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512", ...rsa },
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
    "sha512",
  ],
  [
    "RSA-PSS with SHA-384",
    { name: "RSA-PSS", hash: "SHA-384", ...rsa },
    { name: "RSA-PSS", hash: "SHA-384", saltLength: 48 },
    "sha384",
  ],
  ["Ed25519", { name: "Ed25519" }, { name: "Ed25519" }, undefined],
];

for (const [name, generate, sign, hash] of ways) {
  test(`tls-server-end-point of a certificate signed by ${name}`, async () => {
    const der = await signed(generate, sign);
    const expected = hash && new Uint8Array(createHash(hash).update(der).digest());
    const found = endPointOf(der);
    assert.deepEqual(found && new Uint8Array(found), expected);
  });
}

test("object identifiers are read", () => {
  assert.equal(readOid(Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11)), "1.2.840.113549.1.1.11");
  assert.equal(readOid(Uint8Array.of(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1)), "2.16.840.1.101.3.4.2.1");
  assert.equal(readOid(Uint8Array.of(0x2b, 0x65, 0x70)), "1.3.101.112");
});

test("values are read, with long lengths, and broken ones are not", () => {
  assert.deepEqual(readValue(Uint8Array.of(4, 2, 7, 8, 9)), { tag: 4, content: Uint8Array.of(7, 8), end: 4 });
  const long = new Uint8Array(304);
  long.set([4, 0x82, 1, 44]);
  assert.equal(readValue(long)?.content.length, 300);
  for (const broken of [
    [],
    [4],
    [4, 2, 7],
    [4, 0x80, 0, 0],
    [4, 0x85, 0, 0, 0, 0, 1, 7],
    [4, 0x84, 255, 255, 255, 255],
  ]) {
    assert.equal(readValue(Uint8Array.from(broken)), undefined);
  }
});

test("any bytes are read without harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { content, end } of readAll(bytes)) assert.ok(content.length <= bytes.length && end <= bytes.length);
      endPointOf(bytes);
      hasExtendedMasterSecret(bytes);
    }),
  );
});
