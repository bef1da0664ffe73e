import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { SecureContext } from "node:tls";
import {
  asciiName,
  type CertificateFiles,
  daysLeft,
  type LoadedCertificate,
  loadCertificate,
  names,
} from "./certificate.ts";
import type { Log } from "./log.ts";
import type { Tickets } from "./tickets.ts";
import { endPointOf } from "./tls-details.ts";

export interface CertificatesOptions {
  /** By domain, or by wildcard ("*.example.com": one label). */
  readonly domains: Readonly<Record<string, CertificateFiles>>;
  /** The domain whose certificate is shown when none fits; default the first. */
  readonly fallback?: string;
  /** Authorities trusted instead of the usual ones (PEM) when peers show certificates. For tests: peers are told them. */
  readonly ca?: readonly string[];
  readonly log: Log;
  /** Where TLS sessions outlive this process; default: they do not. */
  readonly tickets?: Tickets;
  /** How often files are compared, besides watching their folders. Default one minute. */
  readonly pollMs?: number;
  /** Whether to watch folders as well; default true. Network file systems tell nothing. */
  readonly watch?: boolean;
}

/** What an operator wants to know of a certificate. */
export interface CertificateStatus {
  readonly domain: string;
  readonly names: string;
  readonly notAfter: Date;
  /** Whole days; negative once expired. */
  readonly daysLeft: number;
  readonly warnings: readonly string[];
}

/** A certificate with the context that new connections get. */
interface Used {
  readonly certificate: LoadedCertificate;
  readonly context: SecureContext;
}

/** After a change in a folder, time for the other file to be written too. */
const settleMs = 200;

/**
 * The certificates of all domains. They are read again when their files change: new connections get the new one,
 * those that are up keep theirs. A new certificate that is broken, expired or does not fit its key is logged and the
 * old one kept.
 */
export class Certificates {
  readonly #options: CertificatesOptions;
  /** By domain in ASCII. */
  readonly #loaded = new Map<string, LoadedCertificate>();
  /** Likewise. */
  readonly #used = new Map<string, Used>();
  /** Of each context that was ever given out and is still in use: its `tls-server-end-point`. */
  readonly #endPoints = new WeakMap<SecureContext, Uint8Array>();
  readonly #watchers: FSWatcher[] = [];
  readonly #fallback: string;
  /** The last error of each domain, so that it is logged once. */
  readonly #errors = new Map<string, string>();
  #settling: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #reloading: Promise<void> | undefined;
  #closed = false;

  private constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#fallback = asciiName(options.fallback ?? Object.keys(options.domains)[0] ?? "");
  }

  /** Reads all of them and begins to watch. Throws an Error with domain, file and what to do if one is unusable. */
  static async load(options: CertificatesOptions): Promise<Certificates> {
    const certificates = new Certificates(options);
    for (const [domain, files] of Object.entries(options.domains)) {
      try {
        const loaded = await loadCertificate(domain, files, undefined, options.ca);
        if (loaded !== undefined) certificates.#use(domain, loaded);
      } catch (error) {
        throw new Error(`certificate of ${domain}: ${(error as Error).message}`, { cause: error });
      }
    }
    if (!certificates.#loaded.has(certificates.#fallback)) {
      throw new Error(`no certificate of ${certificates.#fallback || "any domain"} is configured`);
    }
    certificates.#useAll();
    certificates.#watch();
    return certificates;
  }

  /** The context of a name: exact, then wildcard, then any certificate that names it. */
  find(name: string): SecureContext | undefined {
    const host = asciiName(name);
    const dot = host.indexOf(".");
    const exact = this.#used.get(host) ?? (dot > 0 ? this.#used.get(`*${host.slice(dot)}`) : undefined);
    if (exact !== undefined) return exact.context;
    for (const { certificate, context } of this.#used.values()) {
      if (names(certificate.x509, host)) return context;
    }
    return undefined;
  }

  /** The context for a domain; where none fits, that of the domain it is below, else the fallback's. */
  context(domain?: string): SecureContext {
    for (let name = domain ?? ""; name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
      const found = this.find(name);
      if (found !== undefined) return found;
    }
    return (domain && this.find(domain)) || this.#used.get(this.#fallback)!.context;
  }

  /** The `tls-server-end-point` (RFC 5929 §4.1) of connections with a context from here; undefined: there is none. */
  endPoint(context: SecureContext): Uint8Array | undefined {
    return this.#endPoints.get(context);
  }

  status(): readonly CertificateStatus[] {
    return [...this.#loaded].map(([domain, { x509, warnings }]) => ({
      domain,
      names: x509.subjectAltName ?? x509.subject,
      notAfter: x509.validToDate,
      daysLeft: daysLeft(x509),
      warnings,
    }));
  }

  /** Reads what has changed. Never rejects: what cannot be used is logged, and the old one stays. */
  async reload(): Promise<void> {
    // One that is under way may have read the files too early.
    while (this.#reloading !== undefined) await this.#reloading;
    this.#reloading = this.#reloadAll();
    await this.#reloading;
    this.#reloading = undefined;
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.length = 0;
    clearTimeout(this.#settling);
    clearInterval(this.#poll);
  }

  async #reloadAll(): Promise<void> {
    let changed = this.#options.tickets?.renew() ?? false;
    for (const [domain, files] of Object.entries(this.#options.domains)) {
      try {
        const before = this.#loaded.get(asciiName(domain));
        const loaded = await loadCertificate(domain, files, before, this.#options.ca);
        if (loaded === undefined) continue;
        if (daysLeft(loaded.x509) < 0) throw new Error(`${files.certificate}: expired on ${loaded.x509.validTo}`);
        this.#use(domain, loaded);
        changed = true;
        this.#options.log.info("certificate reloaded", { domain, daysLeft: daysLeft(loaded.x509) });
      } catch (error) {
        this.#keep(domain, (error as Error).message);
      }
    }
    if (changed) this.#useAll();
  }

  /**
   * New contexts for all. A session is taken up again only while every certificate is the same: OpenSSL reads a ticket
   * before it knows which domain is meant, and channel binding to the certificate fails where the client remembers
   * another one than is shown now.
   */
  #useAll(): void {
    const all = [...this.#loaded.values()].map(({ x509 }) => x509.fingerprint256);
    const ticketKeys = this.#options.tickets?.keys(all.join());
    for (const [domain, certificate] of this.#loaded) {
      const context = certificate.context(ticketKeys);
      const endPoint = endPointOf(certificate.x509.raw);
      if (endPoint !== undefined) this.#endPoints.set(context, endPoint);
      this.#used.set(domain, { certificate, context });
    }
  }

  #use(domain: string, loaded: LoadedCertificate): void {
    this.#loaded.set(asciiName(domain), loaded);
    this.#errors.delete(domain);
    for (const warning of loaded.warnings) this.#options.log.warn("certificate", { domain, warning });
  }

  #keep(domain: string, problem: string): void {
    if (this.#errors.get(domain) === problem) return;
    this.#errors.set(domain, problem);
    this.#options.log.error("the new certificate cannot be used, the old one stays", { domain, problem });
  }

  /** Folders rather than files: renewals replace files, and links. */
  #watch(): void {
    const files = Object.values(this.#options.domains).flatMap(({ certificate, key }) => [certificate, key]);
    const folders = this.#options.watch === false ? [] : files.map((file) => dirname(file));
    for (const folder of new Set(folders)) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#changed());
        watcher.on("error", () => watcher.close()); // the poll remains
        this.#watchers.push(watcher);
      } catch {
        this.#options.log.debug("cannot watch a folder of certificates, comparing files instead", { folder });
      }
    }
    this.#poll = setInterval(() => void this.reload(), this.#options.pollMs ?? 60_000).unref();
  }

  #changed(): void {
    if (this.#closed) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.reload(), settleMs).unref();
  }
}
