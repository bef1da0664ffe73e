import type { Issued } from "./authority.ts";

/** Another institution's server, as a test wants it. */
export interface ElsewhereOptions {
  readonly domain: string;
  /** Its accounts: passwords by name. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly c2s: number;
  readonly s2s: number;
  /** Address of a DNS server at port 53. */
  readonly dns: string;
  readonly certificate: Issued;
  /** The authority that it trusts, PEM. */
  readonly authority: string;
  /** Whether it demands certificates; else it takes dialback. */
  readonly secure: boolean;
  readonly bidirectional: boolean;
}

/** A server of another make that runs. */
export interface Elsewhere {
  restart(): Promise<void>;
  /** Stops it, and removes what it kept. */
  stop(): Promise<void>;
}

export type StartElsewhere = (options: ElsewhereOptions) => Promise<Elsewhere>;
