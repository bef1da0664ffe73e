import { X509Certificate } from "node:crypto";
import { type DialOptions, type Endpoint, type Network, ResolutionError } from "#core/network.ts";
import { memoryPair } from "#stream/memory.ts";
import type { PeerCertificate, TlsDetails, Transport } from "#stream/transport.ts";
import { Authority } from "./authority.ts";

/** What is wrong with the certificate that a site shows; "none": it shows none to servers that it connects to. */
export type CertificateState = "valid" | "expired" | "none" | "other-name" | "untrusted";

/** A place in the internet of a test: several domains, one address. */
export interface Site {
  readonly address: string;
  readonly domains: readonly string[];
  certificate: CertificateState;
  /** With TLS from the first byte (XEP-0368). */
  direct: boolean;
  /** Whether the encrypted upgrade is possible. */
  tls: boolean;
  /** Takes connections; undefined: nobody listens. */
  accept: ((transport: Transport) => void) | undefined;
}

const faults: Readonly<Partial<Record<CertificateState, Pick<PeerCertificate, "problem" | "reason">>>> = {
  expired: { problem: "time", reason: "CERT_HAS_EXPIRED" },
  untrusted: { problem: "trust", reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
};

/** Servers in one process that find and reach each other in memory, with DNS and certificates as a test wants them. */
export class MemoryInternet {
  readonly #sites = new Map<string, Site>();
  readonly #certificates = new Map<string, Promise<Uint8Array>>();
  #authority: Promise<Authority> | undefined;
  readonly #transports = new Set<Transport>();
  /** Domains whose DNS does not answer. */
  readonly silent = new Set<string>();
  /** How often each domain was connected to. */
  readonly dialled = new Map<string, number>();

  site(domains: readonly string[], accept?: Site["accept"]): Site {
    const address = `192.0.2.${this.#sites.size + 1}`;
    const site: Site = { address, domains, certificate: "valid", direct: false, tls: true, accept };
    this.#sites.set(address, site);
    return site;
  }

  /** The network as one site sees it. */
  network(own: () => Site): Network {
    return {
      endpoints: async (domain) => this.#resolve(domain),
      connect: (endpoint, options) => this.connect(own(), endpoint, options),
    };
  }

  #resolve(domain: string): readonly Endpoint[] {
    if (this.silent.has(domain)) throw new ResolutionError("failed", `DNS does not answer for ${domain}`);
    const sites = [...this.#sites.values()].filter(({ domains }) => domains.includes(domain));
    if (sites.length === 0) throw new ResolutionError("none", `${domain} does not exist`);
    return sites.map(({ address, direct }) => {
      return { host: domain, address, port: direct ? 5270 : 5269, security: direct ? "direct" : "starttls" };
    });
  }

  async connect(own: Site, endpoint: Pick<Endpoint, "address">, options: DialOptions): Promise<Transport> {
    const site = this.#sites.get(endpoint.address);
    this.dialled.set(options.to, (this.dialled.get(options.to) ?? 0) + 1);
    if (site?.accept === undefined) throw new Error("connection refused");
    const ours = await this.#shown(own.certificate, options.from);
    const theirs = await this.#shown(site.certificate === "none" ? "untrusted" : site.certificate, options.to);
    const [near, far] = memoryPair({
      secure: site.direct,
      startTls: site.tls,
      peers: [`${site.address}:5269`, `${own.address}:51000`],
      tls: [details(theirs), details(ours)],
    });
    this.#transports.add(near);
    site.accept(far);
    return near;
  }

  /** Cuts every connection that was made. */
  cut(): void {
    for (const transport of this.#transports) transport.destroy();
    this.#transports.clear();
  }

  async #shown(state: CertificateState, domain: string): Promise<PeerCertificate | undefined> {
    if (state === "none") return undefined;
    const raw = await this.#certificate(state === "other-name" ? "elsewhere.example" : domain);
    const fault = faults[state];
    return fault === undefined ? { raw, authorized: true } : { raw, authorized: false, ...fault };
  }

  #certificate(domain: string): Promise<Uint8Array> {
    this.#authority ??= Authority.make("an authority");
    const known = this.#certificates.get(domain);
    if (known !== undefined) return known;
    const made = this.#authority
      .then((authority) => authority.issue({ names: [domain] }))
      .then(({ certificate }) => new Uint8Array(new X509Certificate(certificate).raw));
    this.#certificates.set(domain, made);
    return made;
  }
}

function details(certificate: PeerCertificate | undefined): TlsDetails {
  return {
    version: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    alpn: undefined,
    serverName: undefined,
    exporter: () => undefined,
    endPoint: () => undefined,
    peerCertificate: () => certificate,
  };
}
