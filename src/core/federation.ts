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

/** What the server knows of other servers, for operators. */
export interface FederationView {
  list(): readonly Correspondence[];
}
