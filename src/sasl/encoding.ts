import { SaslError } from "./error.ts";

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Reads UTF-8 strictly: nothing is replaced and no byte order mark dropped. Throws malformed-request. */
export function decodeText(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    throw new SaslError("malformed-request", "The text is not UTF-8", { cause });
  }
}

export function encodeBase64(data: Uint8Array): string {
  let binary = "";
  for (const byte of data) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Reads base64 strictly: the standard alphabet, padding, no white space (RFC 6120 §6.4.2, RFC 4648 §4).
 * Throws incorrect-encoding, or the condition given.
 */
export function decodeBase64(
  text: string,
  condition: "incorrect-encoding" | "malformed-request" = "incorrect-encoding",
): Uint8Array<ArrayBuffer> {
  if (!base64Form.test(text)) throw new SaslError(condition, "The data is not base64");
  const binary = atob(text);
  const data = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) data[i] = binary.charCodeAt(i);
  return data;
}
