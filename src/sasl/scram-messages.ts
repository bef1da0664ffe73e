import { decodeBase64 } from "./encoding.ts";
import { SaslError } from "./error.ts";

/** What a client says of channel binding (RFC 5802 §6): it has none, it thinks we have none, or the type it uses. */
export type BindingFlag = "n" | "y" | { readonly type: string };

/** The first message of a client (RFC 5802 §7), taken apart. */
export interface ClientFirst {
  readonly flag: BindingFlag;
  readonly authzid: string | undefined;
  /** As sent, with its last comma: it comes back in `c=`. */
  readonly gs2Header: string;
  /** As sent: the first part of the signed text. */
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
}

/** The last message of a client, taken apart. */
export interface ClientFinal {
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** As sent: the last part of the signed text. */
  readonly withoutProof: string;
}

/** The first message of a server, taken apart. */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
}

const maxNonce = 512;
const header = /^(n|y|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,\0]+))?,/;
const nonceForm = /^[\x21-\x2b\x2d-\x7e]+$/;
const countForm = /^[1-9][0-9]{0,9}$/;

/** Reads `client-first-message`. Throws malformed-request; unknown optional extensions are passed over. */
export function parseClientFirst(text: string): ClientFirst {
  const match = header.exec(text);
  if (match === null) throw malformed("The GS2 header is malformed");
  const [gs2Header, flag, type, authzid] = match;
  const bare = text.slice(gs2Header.length);
  const parts = bare.split(",");
  refuseMandatory(parts);
  return {
    flag: type === undefined ? (flag as "n" | "y") : { type },
    authzid: authzid === undefined ? undefined : decodeName(authzid),
    gs2Header,
    bare,
    user: decodeName(attribute(parts[0], "n")),
    nonce: checkNonce(attribute(parts[1], "r")),
  };
}

/** Reads `client-final-message`. Throws malformed-request. */
export function parseClientFinal(text: string): ClientFinal {
  const end = text.lastIndexOf(",");
  const withoutProof = text.slice(0, Math.max(end, 0));
  const parts = withoutProof.split(",");
  refuseMandatory(parts);
  return {
    binding: decodeBase64(attribute(parts[0], "c"), "malformed-request"),
    nonce: checkNonce(attribute(parts[1], "r")),
    proof: decodeBase64(attribute(text.slice(end + 1), "p"), "malformed-request"),
    withoutProof,
  };
}

/** Reads `server-first-message`. Throws malformed-request. */
export function parseServerFirst(text: string): ServerFirst {
  const parts = text.split(",");
  refuseMandatory(parts);
  const count = attribute(parts[2], "i");
  if (!countForm.test(count)) throw malformed("The iteration count is malformed");
  return {
    nonce: checkNonce(attribute(parts[0], "r")),
    salt: decodeBase64(attribute(parts[1], "s"), "malformed-request"),
    iterations: Number(count),
  };
}

/** Reads the signature of `server-final-message`; throws not-authorized for an error of the server. */
export function parseServerFinal(text: string): Uint8Array {
  const [first] = text.split(",");
  if (first?.startsWith("e=")) throw new SaslError("not-authorized", `The server refused: ${first.slice(2, 80)}`);
  return decodeBase64(attribute(first, "v"), "malformed-request");
}

/** Writes a name as a `saslname`: comma and equals sign are reserved (RFC 5802 §5.1). */
export function encodeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function decodeName(text: string): string {
  if (text === "" || text.includes("\0") || /=(?!2C|3D)/.test(text)) throw malformed("The user name is malformed");
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function attribute(part: string | undefined, name: string): string {
  if (part === undefined || !part.startsWith(`${name}=`)) throw malformed(`The attribute ${name}= is missing`);
  return part.slice(name.length + 1);
}

// RFC 5802 §5.1: m= is reserved for extensions that must be understood; there are none.
function refuseMandatory(parts: readonly string[]): void {
  if (parts.some((part) => part.startsWith("m="))) throw malformed("A mandatory extension is not supported");
}

function checkNonce(nonce: string): string {
  if (nonce.length > maxNonce || !nonceForm.test(nonce)) throw malformed("The nonce is malformed");
  return nonce;
}

function malformed(text: string): SaslError {
  return new SaslError("malformed-request", text);
}
