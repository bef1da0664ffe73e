import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const consonants = "bdfgkmnprstvz";
const vowels = "aeio";
const syllables = 12;

/** Readable and speakable: "bavu-kilo-…", six groups of two syllables, 68 bits of the given bytes. */
export function readable(bytes: Uint8Array): string {
  let number = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const next = (letters: string) => {
    const index = Number(number % BigInt(letters.length));
    number /= BigInt(letters.length);
    return letters[index]!;
  };
  const text = Array.from({ length: syllables }, () => next(consonants) + next(vowels)).join("");
  return text.match(/.{4}/g)!.join("-");
}

/** A password for the first administrator. */
export function randomPassword(): string {
  return readable(randomBytes(16));
}

/**
 * The passwords of demo accounts: the same at each start of an installation, different in each installation. They come
 * from a secret in the data folder (0600), so that no password is written anywhere.
 */
export function demoPasswords(folder: string): (name: string) => string {
  const secret = demoSecret(join(folder, "demo.secret"));
  return (name) => readable(createHmac("sha256", secret).update(name).digest().subarray(0, 16));
}

function demoSecret(file: string): Buffer {
  try {
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(file);
}
