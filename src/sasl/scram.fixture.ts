import { randomBytes } from "node:crypto";
import type { Authenticator, ScramHash, ScramKeys } from "./authenticator.ts";
import { beginClient, type Credentials } from "./client.ts";
import { decodeText, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import type { Exchange, SaslContext } from "./exchange.ts";
import { begin } from "./mechanisms.ts";
import { deriveKeys } from "./scram-keys.ts";

export const salts = {
  "SHA-1": "QSXCR+Q6sek8bf92",
  "SHA-256": "W22ZaJ0SNY7soEsUEjb6gQ==",
  "SHA-512": "W22ZaJ0SNY7soEsUEjb6gQ==",
};
export const binding = { type: "tls-exporter", data: Uint8Array.from(randomBytes(32)) };

/** One account, "user" with "pencil", and the salts of the RFCs. */
export function accounts(): Authenticator {
  return {
    hashes: ["SHA-1", "SHA-256", "SHA-512"],
    exists: (user) => user === "user",
    verify: async (user, password) => user === "user" && password === "pencil",
    scram: async (user, hash) => (user === "user" ? keysOf(hash) : undefined),
  };
}

function keysOf(hash: ScramHash): Promise<ScramKeys> {
  return deriveKeys("pencil", hash, Buffer.from(salts[hash], "base64"), 4096);
}

export function context(options: Partial<SaslContext> = {}): SaslContext {
  return {
    domain: "example.com",
    accounts: accounts(),
    secure: true,
    bindingTypes: [],
    channelBinding: () => undefined,
    decoySecret: encodeText("a secret"),
    ...options,
  };
}

export const bound = context({
  bindingTypes: ["tls-exporter", "tls-server-end-point"],
  channelBinding: (type) =>
    type === "tls-exporter" ? binding.data : type === "tls-server-end-point" ? encodeText("end") : undefined,
});

/** Logs in as a client would. Throws what the server throws; a plain Error if the client refuses the server's proof. */
export async function login(exchange: Exchange, credentials: Credentials): Promise<string> {
  const client = beginClient(exchange.mechanism, credentials);
  const challenge = await exchange.step(client.first());
  if (challenge.kind !== "challenge") throw new Error("The server asks for no proof");
  const outcome = await exchange.step(await client.step(challenge.data));
  if (outcome.kind !== "success") throw new Error("The server asks for more than a proof");
  try {
    client.verify(outcome.data);
  } catch (cause) {
    throw new Error("The client refuses the server's proof", { cause });
  }
  return outcome.user;
}

/** For `assert.rejects`: a SaslError of that condition, whose text matches. */
export function fails(condition: string, text = /(?:)/): (error: unknown) => boolean {
  return (error) => error instanceof SaslError && error.condition === condition && text.test(error.message);
}

/** Runs the server over raw messages; returns its last answer. The text of each may use the server's nonce. */
export async function raw(
  mechanism: string,
  on: SaslContext,
  ...messages: ((challenge: string) => string)[]
): Promise<string> {
  const exchange = begin(mechanism, on);
  let last = "";
  for (const message of messages) {
    const step = await exchange.step(encodeText(message(last)));
    last = decodeText(step.data ?? encodeText(""));
  }
  return last;
}
