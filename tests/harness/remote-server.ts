import assert from "node:assert/strict";
import type { Element } from "#xml/element.ts";
import type { MemoryInternet, Site } from "./memory-network.ts";
import { Wire } from "./wire.ts";

const tls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
/** The namespaces of an expected element of dialback. */
export const db = "xmlns='jabber:client' xmlns:db='jabber:server:dialback'";

/** A server elsewhere that a test plays itself, in wire text. */
export class RemoteServer {
  readonly site: Site;
  readonly domain: string;
  readonly #internet: MemoryInternet;
  readonly #come: Wire[] = [];
  #waiting: (() => void) | undefined;

  constructor(internet: MemoryInternet, domain: string, others: readonly string[] = []) {
    this.domain = domain;
    this.#internet = internet;
    this.site = internet.site([domain, ...others], (transport) => {
      this.#come.push(new Wire(transport, "jabber:server"));
      this.#waiting?.();
    });
  }

  /** The next connection that comes. */
  async accepts(): Promise<Wire> {
    while (this.#come.length === 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      const timer = setTimeout(
        () => reject(new assert.AssertionError({ message: `nobody connects to ${this.domain}` })),
        5_000,
      );
      await promise.finally(() => clearTimeout(timer));
    }
    return this.#come.shift()!;
  }

  /** Connections that came and were not accepted yet. */
  get knocking(): number {
    return this.#come.length;
  }

  /** Connects to the server of a domain. */
  async dials(to: string, from = this.domain): Promise<Wire> {
    const network = this.#internet.network(() => this.site);
    const [endpoint] = await network.endpoints(to);
    return new Wire(await network.connect(endpoint!, { from, to, timeoutMs: 1_000 }), "jabber:server");
  }

  /** Connects, opens a stream and encrypts it; resolves with the features after that. */
  async encrypts(to: string, from = this.domain): Promise<{ wire: Wire; header: Element; features: Element }> {
    const wire = await this.dials(to, from);
    opens(wire, { from, to });
    await wire.next("the header");
    await wire.receives(`<stream:features><starttls ${tls}/></stream:features>`);
    wire.writes(`<starttls ${tls}/>`);
    await wire.receives(`<proceed ${tls}/>`);
    await wire.transport.startTls!(to);
    wire.reset();
    opens(wire, { from, to });
    const header = await wire.next("the header");
    return { wire, header, features: await wire.receives("<stream:features/>") };
  }

  /** Connects and authenticates with its certificate. */
  async authenticates(to: string, before = ""): Promise<Wire> {
    const { wire } = await this.encrypts(to);
    wire.writes(`${before}<auth ${sasl} mechanism='EXTERNAL'>=</auth>`);
    await wire.receives(`<success ${sasl}/>`);
    wire.reset();
    opens(wire, { from: this.domain, to });
    await wire.next("the header");
    await wire.receives("<stream:features/>");
    return wire;
  }

  /** Takes the next connection and its STARTTLS; then offers these features. */
  async welcomes(features: string, id = "after-tls"): Promise<Wire> {
    const wire = await this.accepts();
    const { attrs } = await wire.next("a header");
    const own = { from: attrs.to ?? this.domain, to: attrs.from ?? "" };
    opens(wire, { ...own, id: "before-tls" });
    if (!wire.transport.secure) {
      wire.writes(`<stream:features><starttls ${tls}><required/></starttls></stream:features>`);
      await wire.receives(`<starttls ${tls}/>`);
      wire.writes(`<proceed ${tls}/>`);
      await wire.transport.startTls!(undefined);
      wire.reset();
      await wire.next("a header");
      opens(wire, { ...own, id });
    }
    wire.writes(`<stream:features>${features}</stream:features>`);
    return wire;
  }

  /** Takes the next connection and whatever proof it offers by dialback: ready for stanzas. */
  async believes(features = ""): Promise<Wire> {
    const wire = await this.welcomes(features);
    const { attrs } = await wire.receives(`<db:result ${db}>…</db:result>`);
    wire.writes(`<db:result from='${attrs.to}' to='${attrs.from}' type='valid'/>`);
    return wire;
  }

  /** Says of the next key that it is asked about whether it is valid. */
  async vouches(type: "invalid" | "valid"): Promise<void> {
    const wire = await this.welcomes("<dialback xmlns='urn:xmpp:features:dialback'/>");
    const { attrs } = await wire.receives(`<db:verify ${db}>…</db:verify>`);
    wire.writes(`<db:verify from='${attrs.to}' to='${attrs.from}' id='${attrs.id}' type='${type}'/>`);
  }
}

/** Writes the header of a server's stream. */
export function opens(wire: Wire, attrs: Readonly<Record<string, string>>): void {
  const written = Object.entries(attrs).map(([name, value]) => `${name}='${value}'`);
  wire.writes(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' version='1.0' ${written.join(" ")}>`,
  );
}
