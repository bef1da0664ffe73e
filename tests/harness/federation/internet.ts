import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority, type Wish } from "../authority.ts";
import { type Dns, startDeafDns, startDns, type Zone } from "../dns.ts";
import type { Premises } from "./institution.ts";

/** Names below a server's domain that lead to it, too. */
const services = ["conference", "component", "proxy", "upload", "pubsub"];

/** How a place differs from the usual one. */
export interface PlaceOptions {
  /** Of the certificate; `undefined`: it names the domain and what is below it. */
  readonly certificate?: Wish;
  /** Signed by an authority that nobody knows. */
  readonly untrusted?: boolean;
  /** Further names that lead there, and that the certificate has. */
  readonly aliases?: readonly string[];
}

/**
 * A small internet on loopback: a place for each server, with an address of its own (so that all use the ports 5269 and
 * 5222), certificates of one authority, and a DNS. A domain that begins with `broken.` gets SERVFAIL.
 */
export class LoopbackInternet {
  readonly folder: string = mkdtempSync(join(tmpdir(), "parloir-internet-"));
  readonly authority: Authority;
  readonly #stranger: Authority;
  readonly #network = `127.${1 + ((process.pid >> 8) & 0x7f)}.${process.pid & 0xff}`;
  #places = 1;
  readonly #hosts: Record<string, readonly string[]> = {};
  #records: Dns | undefined;
  #dns: Dns | undefined;
  #numbers: Dns | undefined;

  private constructor(authority: Authority, stranger: Authority) {
    this.authority = authority;
    this.#stranger = stranger;
    writeFileSync(this.authorities, authority.certificate);
  }

  static async open(context: { after(run: () => Promise<void>): unknown }): Promise<LoopbackInternet> {
    const [authority, stranger] = await Promise.all([Authority.make("Authority"), Authority.make("Stranger")]);
    const internet = new LoopbackInternet(authority, stranger);
    context.after(() => internet.#close());
    return internet;
  }

  get authorities(): string {
    return join(this.folder, "authorities.pem");
  }

  /** Prepares the place of a server; before `resolves`. */
  async place(domain: string, { certificate, untrusted = false, aliases = [] }: PlaceOptions = {}): Promise<Place> {
    const address = `${this.#network}.${++this.#places}`;
    const folder = join(this.folder, domain);
    mkdirSync(folder);
    const names = [domain, ...aliases].flatMap((name) => [name, ...services.map((service) => `${service}.${name}`)]);
    for (const name of names) this.#hosts[name] = [address];
    const place = { domain, address, folder, certificate: join(folder, "chain.pem"), key: join(folder, "key.pem") };
    await this.certify(place, certificate ?? { names }, untrusted);
    return place;
  }

  /** Gives a place another certificate. */
  async certify(
    { certificate: file, key }: Pick<Place, "certificate" | "key">,
    wish: Wish,
    untrusted = false,
  ): Promise<void> {
    const issued = await (untrusted ? this.#stranger : this.authority).issue(wish);
    writeFileSync(file, issued.certificate);
    writeFileSync(key, issued.key, { mode: 0o600 });
  }

  /** Starts the DNS, which knows the places and what else is given. */
  async resolves(zone: Zone = {}): Promise<void> {
    const hosts = { ...this.#hosts, ...zone.hosts };
    this.#records = await startDns({ ...zone, hosts }, { address: `${this.#network}.1`, port: 5353 });
    this.#dns = await startDeafDns(2, { label: "broken", server: this.#records });
    const numbers = Object.entries(hosts).map(([name, [address]]) => [
      `_xmpp-server._tcp.${name}`,
      [{ name: address!, port: 5269 }],
    ]);
    this.#numbers = await startDns(
      { services: Object.fromEntries(numbers) },
      { address: `${this.#network}.1`, port: 5354 },
    );
  }

  /** What a server of the place is given. */
  premises(place: Place): Premises {
    if (this.#dns === undefined || this.#numbers === undefined) throw new Error("there is no DNS yet");
    const [dns, numbers] = [this.#dns, this.#numbers].map(({ server }) => {
      const [address = "", port] = server.split(":");
      return { address, port: Number(port) };
    });
    return { ...place, authorities: this.authorities, dns: dns!, numbers: numbers! };
  }

  async #close(): Promise<void> {
    await Promise.all([this.#dns?.stop(), this.#records?.stop(), this.#numbers?.stop()]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export type Place = Pick<Premises, "domain" | "address" | "folder" | "certificate" | "key">;
