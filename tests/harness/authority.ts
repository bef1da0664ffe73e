import "reflect-metadata";
import { X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const dayMs = 86_400_000;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

/** How a certificate differs from the usual one. Days count from now. */
export interface Wish {
  /** Of DNS, in ASCII. */
  readonly names?: readonly string[];
  /** SRV-IDs (RFC 4985): "_xmpp-server.example.com". */
  readonly services?: readonly string[];
  /** Addresses of XMPP (id-on-xmppAddr, RFC 6120 §13.7.1.4). */
  readonly xmpp?: readonly string[];
  /** The common name; default: the first of `names`. */
  readonly commonName?: string;
  /** Further extensions, critical and without content, dotted. */
  readonly critical?: readonly string[];
  /** Purposes (extended key usage), dotted; default: none said. */
  readonly purposes?: readonly string[];
  readonly from?: number;
  readonly until?: number;
  /** RSA instead of ECDSA: bits. */
  readonly bits?: number;
}

/** A certificate with its key, as PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** What an authority is. */
export interface Rank {
  /** That of what it signs. */
  readonly hash?: string;
  /** In days from now. */
  readonly until?: number;
  /** Whether its certificate says that it is one. Default true. */
  readonly authority?: boolean;
  /** How many other authorities may stand between it and a server. */
  readonly length?: number;
  /** As in `Wish`. */
  readonly purposes?: readonly string[];
}

/** An authority of a test. */
export class Authority {
  readonly certificate: string;
  readonly #x509: X509Certificate;
  readonly #keys: CryptoKeyPair;
  readonly #hash: string;
  #serial = 1;

  private constructor(x509: X509Certificate, keys: CryptoKeyPair, hash: string) {
    this.#x509 = x509;
    this.#keys = keys;
    this.#hash = hash;
    this.certificate = `${x509.toString("pem")}\n`;
  }

  /** One that trusts itself, or that another one has signed. */
  static async make(name: string, issuer?: Authority, rank: Rank = {}): Promise<Authority> {
    const { hash = "SHA-256", until = 1000, authority = true, length, purposes = [] } = rank;
    const keys = await keysOf(undefined, hash);
    const extensions = [
      new BasicConstraintsExtension(authority, length, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
    ];
    const signer = { x509: undefined, keys, hash: "SHA-256" };
    const by = issuer === undefined ? signer : { x509: issuer.#x509, keys: issuer.#keys, hash: issuer.#hash };
    const x509 = await made({ name, keys, extensions, from: -1000, until, serial: "01" }, by);
    return new Authority(x509, keys, hash);
  }

  async issue(wish: Wish = {}): Promise<Issued> {
    const {
      names = [],
      from = -1,
      until = 89,
      bits,
      commonName = names[0] ?? "nobody",
      purposes = [],
      critical = [],
    } = wish;
    const keys = await keysOf(bits, "SHA-256");
    const extensions = [
      alternativeNames(wish),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
      ...critical.map((identifier) => new Extension(identifier, true, new Uint8Array([5, 0]))),
    ];
    const serial = (++this.#serial).toString(16).padStart(2, "0");
    const by = { x509: this.#x509, keys: this.#keys, hash: this.#hash };
    const x509 = await made({ name: commonName, keys, extensions, from, until, serial }, by);
    const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    const lines = der.toString("base64").match(/.{1,64}/g)!;
    const key = `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
    return { certificate: `${x509.toString("pem")}\n`, key };
  }
}

/** The subjectAltName extension (RFC 5280 §4.2.1.6). */
function alternativeNames({ names = [], services = [], xmpp = [] }: Wish): Extension {
  const dns = names.map((name) => der(0x82, Buffer.from(name, "latin1")));
  const onDnsSrv = services.map((name) => otherName(7, der(0x16, Buffer.from(name, "latin1"))));
  const xmppAddr = xmpp.map((address) => otherName(5, der(0x0c, Buffer.from(address))));
  return new Extension("2.5.29.17", false, new Uint8Array(der(0x30, ...dns, ...onDnsSrv, ...xmppAddr)));
}

/** A name of the kind id-on LAST: 1.3.6.1.5.5.7.8.LAST. */
function otherName(last: number, value: Buffer): Buffer {
  return der(0xa0, der(0x06, Buffer.of(0x2b, 6, 1, 5, 5, 7, 8, last)), der(0xa0, value));
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

interface Subject {
  readonly name: string;
  readonly keys: CryptoKeyPair;
  readonly extensions: Extension[];
  readonly from: number;
  readonly until: number;
  readonly serial: string;
}

interface Signer {
  /** Undefined: the subject itself. */
  readonly x509: X509Certificate | undefined;
  readonly keys: CryptoKeyPair;
  readonly hash: string;
}

function made(subject: Subject, by: Signer): Promise<X509Certificate> {
  const { name, keys, extensions, from, until, serial } = subject;
  return X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [name] }],
    issuer: by.x509?.subject ?? `CN=${name}`,
    notBefore: new Date(Date.now() + from * dayMs),
    notAfter: new Date(Date.now() + until * dayMs),
    signingAlgorithm: { name: "ECDSA", hash: by.hash },
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    extensions,
  });
}

function keysOf(bits: number | undefined, hash: string): Promise<CryptoKeyPair> {
  const uses = ["sign", "verify"] as const;
  if (bits === undefined) return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, uses);
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash, modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]) };
  return webcrypto.subtle.generateKey(rsa, true, uses);
}

/** A certificate in DER, as a peer would show it. */
export function toDer({ certificate }: Issued): Uint8Array {
  return new NodeCertificate(certificate).raw;
}
