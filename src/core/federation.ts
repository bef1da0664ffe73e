import type { Text } from "#stanza/text.ts";
import type { Endpoint } from "./network.ts";

/** A stream with another server, or what is remembered of one that could not be made. */
export interface Correspondence {
  /** The domain elsewhere, and ours. */
  readonly domain: string;
  readonly local: string;
  /** Who opened it: `in` the other server, `out` this one; `both` is an `out` or `in` that carries both directions. */
  readonly direction: "in" | "out" | "both";
  /** `resting`: it failed, and is not tried again for a while. */
  readonly state: "connecting" | "open" | "resting";
  readonly authentication: "none" | "certificate" | "dialback";
  readonly encrypted: boolean;
  /** When it was opened; of what rests, until when. ISO 8601. */
  readonly since: string;
  /** Stanzas that wait for it. */
  readonly waiting: number;
  /** The step that failed last, and why. */
  readonly error?: { readonly step: string; readonly why: string };
}

/** A certificate that another server showed, and what is wrong with it. Times in ISO 8601. */
export interface SeenCertificate {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly from: string;
  readonly until: string;
  readonly problem?: "expired" | "other-name" | "untrusted";
}

/** A step on the way to another server that was taken, and what was seen. */
export type Passed =
  | { readonly step: "policy" }
  | { readonly step: "dns"; readonly endpoints: readonly Endpoint[] }
  | { readonly step: "connection" }
  | { readonly step: "tls"; readonly version: string }
  | { readonly step: "certificate"; readonly certificate: SeenCertificate }
  | {
      readonly step: "stream";
      readonly mechanisms: readonly string[];
      readonly dialback: boolean;
      readonly bidirectional: boolean;
    }
  | { readonly step: "authentication"; readonly how: "certificate" | "certificate-refused" | "dialback" };

/** Where it went wrong. */
export interface FailedStep {
  readonly step: string;
  /** What a sender is told, and what its operator reads: the latter in English, with names and codes. */
  readonly condition: string;
  readonly says: Text;
  readonly why: string;
}

/** How it goes at one of the places where the servers of a domain should be. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly passed: readonly Passed[];
  /** Undefined where all is well. */
  readonly failure?: FailedStep;
}

/** The way to a domain, step by step; `failure` where there is none at all. */
export interface Explanation {
  readonly domain: string;
  readonly local: string;
  readonly passed: readonly Passed[];
  readonly failure?: FailedStep;
  readonly ways: readonly Way[];
}

/** What the server knows of other servers, for operators. */
export interface FederationView {
  list(): readonly Correspondence[];
  /**
   * Goes all the way to a domain in the name of one of ours, to each place where its servers should be, and leaves. To a
   * domain of ours it goes as far as somebody from elsewhere may see.
   */
  explain(local: string, domain: string): Promise<Explanation>;
}
