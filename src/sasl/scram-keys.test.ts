import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { ScramHash } from "./authenticator.ts";
import { SaslError } from "./error.ts";
import { deriveKeys, hashLength, hmac } from "./scram-keys.ts";

const names = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const salt = Buffer.from("QSXCR+Q6sek8bf92", "base64");

test("property: our HMAC is HMAC", () => {
  const hashes = fc.constantFrom("SHA-1", "SHA-256", "SHA-512");
  fc.assert(
    fc.property(hashes, fc.uint8Array({ maxLength: 200 }), fc.string({ unit: "binary" }), (hash, key, text) => {
      assert.deepEqual(hmac(hash, key, text), createHmac(names[hash], key).update(text).digest());
    }),
  );
});

test("keys depend on the password, the salt, the count and the hash, and on nothing else", async () => {
  const keys = async (password: string, hash: ScramHash = "SHA-1", iterations = 4096, by: Uint8Array = salt) => {
    const { storedKey, serverKey } = await deriveKeys(password, hash, by, iterations);
    assert.equal(storedKey.length, hashLength(hash));
    assert.equal(serverKey.length, hashLength(hash));
    return Buffer.concat([storedKey, serverKey]).toString("hex");
  };
  assert.equal(await keys("pencil"), await keys("pencil"));
  assert.equal(await keys("I\u00adX"), await keys("\u2168"), "prepared");
  const different = [
    await keys("pencil"),
    await keys("Pencil"),
    await keys("pencil", "SHA-256"),
    await keys("pencil", "SHA-1", 4097),
    await keys("pencil", "SHA-1", 4096, Buffer.from("another salt")),
  ];
  assert.equal(new Set(different).size, different.length);
});

test("a password that cannot be prepared has no keys", async () => {
  for (const password of ["", "\u0007", "x".repeat(1024)]) {
    await assert.rejects(
      deriveKeys(password, "SHA-1", salt, 4096),
      (error) => error instanceof SaslError && error.condition === "not-authorized",
    );
  }
});
