import type { MemoryInternet, Site } from "./memory-network.ts";
import { startOurs } from "./ours.ts";
import type { MemoryPeople } from "./people.ts";
import type { Target } from "./target.ts";

/** One of several servers of a test, which reach each other in memory. */
export interface ServerSpec {
  readonly domains: readonly string[];
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly people?: Readonly<Record<string, MemoryPeople>>;
}

/** A server that runs, and its place in the internet. */
export class Peer {
  readonly site: Site;
  readonly #spec: ServerSpec;
  readonly #internet: MemoryInternet;
  #target: Target | undefined;

  constructor(internet: MemoryInternet, spec: ServerSpec) {
    this.#spec = spec;
    this.#internet = internet;
    const names = spec.domains.flatMap((domain) => [domain, ...(spec.aliases?.[domain] ?? [])]);
    this.site = internet.site(names.flatMap((name) => [name, `conference.${name}`]));
  }

  get target(): Target {
    if (this.#target === undefined) throw new Error("this server does not run");
    return this.#target;
  }

  serves(domain: string): boolean {
    return this.#spec.domains.includes(domain);
  }

  /** With an empty database, whatever was before. */
  async start(): Promise<void> {
    const { domains, aliases = {}, settings = {}, people = {} } = this.#spec;
    const network = this.#internet.network(() => this.site);
    const target = await startOurs({ domains, aliases, settings, people, network });
    this.#target = target;
    this.site.accept = (transport) => target.assembly!.accept("s2s", transport);
  }

  async stop(): Promise<void> {
    const target = this.#target;
    this.#target = undefined;
    this.site.accept = undefined;
    await target?.stop();
  }
}

/** Starts all of them. */
export async function startServers(
  internet: MemoryInternet,
  specs: readonly ServerSpec[],
): Promise<readonly [Peer, ...Peer[]]> {
  const peers = specs.map((spec) => new Peer(internet, spec));
  for (const peer of peers) await peer.start();
  return peers as unknown as readonly [Peer, ...Peer[]];
}
