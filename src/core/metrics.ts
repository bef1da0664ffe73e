/** What the server counts: names in snake_case, one optional reason each, for `status` and for monitoring. */
export interface Metrics {
  /** Adds to a counter. Reasons come from fixed tables, never from a peer. */
  count(name: string, reason?: string, by?: number): void;
  /** A number that is read when somebody looks. */
  gauge(name: string, read: () => number): void;
  /** Everything at this moment, counters as `name` or `name{reason}`. */
  snapshot(): Readonly<Record<string, number>>;
}

export function metrics(): Metrics {
  const counters = new Map<string, number>();
  const gauges = new Map<string, () => number>();
  return {
    count(name, reason, by = 1) {
      const key = reason === undefined ? name : `${name}{${reason}}`;
      counters.set(key, (counters.get(key) ?? 0) + by);
    },
    gauge(name, read) {
      gauges.set(name, read);
    },
    snapshot() {
      const all = [...counters, ...[...gauges].map(([name, read]) => [name, read()] as const)];
      return Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
    },
  };
}
