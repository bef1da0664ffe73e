import type { Network } from "#core/network.ts";
import type { Transport } from "#stream/transport.ts";
import type { MemoryPeople } from "./people.ts";

/** A server that scenarios run against. */
export interface Target {
  readonly name: string;
  /** Makes sure that the account exists. */
  account(local: string, domain: string, password: string): Promise<void>;
  /** A client's end of a new, encrypted connection. */
  connect(options?: { readonly secure?: boolean }): Promise<Transport>;
  /** The process of ours behind it, for tests of what no wire shows; undefined on other servers. */
  readonly assembly?: import("#app/assemble.ts").Assembly;
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly domains: readonly string[];
  /** Aliases of domains. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** The institution's directory of a domain; ours alone asks it. */
  readonly people?: Readonly<Record<string, MemoryPeople>>;
  /** How other servers are reached; ours alone. */
  readonly network?: Network;
  /** Sections of our configuration, by feature. */
  readonly settings: Readonly<Record<string, unknown>>;
}
