import type { Configured } from "./configuration.ts";
import type { Problem } from "./explain.ts";
import type { AppSettings } from "./settings.ts";

/** Domains that features want to serve though somebody else here serves them: a domain, an alias, or a service. */
export function collisions(
  { domains }: AppSettings,
  sections: Readonly<Record<string, unknown>>,
  features: readonly Configured[],
): Problem[] {
  const names = domains.flatMap(({ name, aliases }) => [name, ...aliases]);
  const prefixes = features.flatMap(({ service }) => (service === undefined ? [] : [service.prefix]));
  const taken = new Set([...names, ...names.flatMap((name) => prefixes.map((prefix) => `${prefix}.${name}`))]);
  return features.flatMap((feature) =>
    (feature.claims?.(sections[feature.name]) ?? []).flatMap(({ domain, path }) => {
      if (taken.has(domain)) return [{ path: [feature.name, ...path], sentence: `${domain} is served already` }];
      taken.add(domain);
      return [];
    }),
  );
}
