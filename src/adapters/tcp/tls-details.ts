import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { readAll, readOid, readValue } from "#stream/der.ts";
import type { PeerCertificate, TlsDetails } from "#stream/transport.ts";
import { verdict } from "./verdict.ts";

/** The hash in each signature algorithm; MD5 and SHA-1 are replaced by SHA-256 (RFC 5929 §4.1). */
const signatureHashes: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.4", "sha256"], // RSA with MD5
  ["1.2.840.113549.1.1.5", "sha256"], // RSA with SHA-1
  ["1.2.840.113549.1.1.14", "sha224"],
  ["1.2.840.113549.1.1.11", "sha256"],
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
  ["1.2.840.10045.4.1", "sha256"], // ECDSA with SHA-1
  ["1.2.840.10045.4.3.1", "sha224"],
  ["1.2.840.10045.4.3.2", "sha256"],
  ["1.2.840.10045.4.3.3", "sha384"],
  ["1.2.840.10045.4.3.4", "sha512"],
]);
const rsassaPss = "1.2.840.113549.1.1.10";
const hashes: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "sha256"], // SHA-1
  ["2.16.840.1.101.3.4.2.4", "sha224"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/** The hash of RSASSA-PSS is among its parameters (RFC 4055 §3.1); left out it is SHA-1, hence SHA-256 here. */
function pssHash(parameters: Uint8Array): string | undefined {
  const explicit = readAll(parameters).find(({ tag }) => tag === 0xa0);
  const algorithm = explicit && readValue(explicit.content);
  const oid = algorithm && readValue(algorithm.content);
  return explicit === undefined ? "sha256" : oid && hashes.get(readOid(oid.content));
}

/**
 * The `tls-server-end-point` channel binding of a certificate in DER (RFC 5929 §4.1): its hash, by the hash of its
 * signature algorithm. Undefined where that names none, as with Ed25519.
 */
export function endPointOf(certificate: Uint8Array): Uint8Array | undefined {
  const outer = readValue(certificate);
  const algorithm = outer && readAll(outer.content)[1];
  if (algorithm === undefined) return undefined;
  const [oid, parameters] = readAll(algorithm.content);
  if (oid === undefined) return undefined;
  const name = readOid(oid.content);
  const hash = name === rsassaPss ? pssHash(parameters?.content ?? new Uint8Array()) : signatureHashes.get(name);
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/**
 * Whether a TLS 1.2 session has the extended master secret (RFC 7627). Node does not say; OpenSSL notes it in the
 * session it exports: element [13], flag 1.
 */
export function hasExtendedMasterSecret(session: Uint8Array): boolean {
  const outer = readValue(session);
  const explicit = outer && readAll(outer.content).find(({ tag }) => tag === 0xad);
  const flags = explicit && readValue(explicit.content);
  return ((flags?.content.at(-1) ?? 0) & 1) === 1;
}

const wrapping = Buffer.from("\0nodejs:tls:session:1\0");

/** The session as OpenSSL wrote it: on the client's side Node puts the server's name before it. */
function plainSession(session: Buffer): Uint8Array {
  if (!session.subarray(0, wrapping.length).equals(wrapping)) return session;
  return session.subarray(wrapping.length + 2 + session.readUInt16BE(wrapping.length));
}

/** Who knows which of our certificates was shown on a socket. */
export interface OwnEndPoint {
  /** Its `tls-server-end-point`. */
  endPoint(socket: TLSSocket): Uint8Array | undefined;
}

/** TLS details of a socket of Node. Once the connection is gone the bindings and certificates are undefined. */
export class SocketTlsDetails implements TlsDetails {
  readonly #socket: TLSSocket;
  readonly #own: OwnEndPoint | undefined;

  /** @param own where the connection was accepted: the certificate that was shown is ours */
  constructor(socket: TLSSocket, own?: OwnEndPoint) {
    this.#socket = socket;
    this.#own = own;
  }

  get version(): string {
    return this.#socket.getProtocol() ?? "";
  }

  get cipher(): string {
    return this.#socket.getCipher()?.standardName ?? "";
  }

  get alpn(): string | undefined {
    return this.#socket.alpnProtocol || undefined;
  }

  get serverName(): string | undefined {
    // Undocumented on the server's side in the types, but in the manual: `tlsSocket.servername`.
    return (this.#socket as { servername?: string | false }).servername || undefined;
  }

  exporter(label: string, length: number): Uint8Array | undefined {
    if (this.#socket.destroyed) return undefined;
    if (this.version !== "TLSv1.3") {
      const session = this.#socket.getSession();
      if (session === undefined || !hasExtendedMasterSecret(plainSession(session))) return undefined;
    }
    // RFC 9266 speaks of an empty context; the implementations give none. In TLS 1.3 the two are the same.
    return this.#socket.exportKeyingMaterial(length, label, undefined as unknown as Buffer);
  }

  endPoint(): Uint8Array | undefined {
    if (this.#socket.destroyed) return undefined;
    if (this.#own !== undefined) return this.#own.endPoint(this.#socket);
    const raw = this.#peerRaw();
    return raw && endPointOf(raw);
  }

  peerCertificate(): PeerCertificate | undefined {
    if (this.#socket.destroyed) return undefined;
    const raw = this.#peerRaw();
    return raw && verdict(this.#socket, raw, this.#own !== undefined);
  }

  /** Not `getPeerX509Certificate`: on the client's side that takes the certificate away, and works once only. */
  #peerRaw(): Uint8Array | undefined {
    const certificate = this.#socket.getPeerCertificate() as { raw?: Uint8Array } | null;
    return certificate?.raw;
  }
}
