import { domainOf } from "./pair.ts";
import type { DialbackUse, S2sSettings } from "./settings.ts";
import { domainRefused, notHere, type Told } from "./texts.ts";

/** Which domains this server talks to, and how they must prove who they are. */
export class Policy {
  readonly #settings: S2sSettings;
  readonly #domains: ReadonlyMap<string, S2sSettings["domains"][string]>;

  constructor(settings: S2sSettings) {
    this.#settings = settings;
    this.#domains = new Map(Object.entries(settings.domains).map(([name, one]) => [domainOf(name) ?? name, one]));
  }

  /** Why nothing is exchanged with a domain; undefined where it is. */
  refusal(domain: string): Told | undefined {
    const { policy, allow, block } = this.#settings;
    const own = this.#domains.get(domain)?.policy;
    if (own !== undefined) return own === "allow" ? undefined : domainRefused(domain);
    if (policy === "closed") return notHere;
    if (includes(block, domain) || (policy === "allow" && !includes(allow, domain))) return domainRefused(domain);
    return undefined;
  }

  dialback(domain: string): DialbackUse {
    return this.#domains.get(domain)?.dialback ?? this.#settings.dialback;
  }

  mustEncrypt(domain: string): boolean {
    return (this.#domains.get(domain)?.encryption ?? this.#settings.encryption) === "required";
  }
}

/** Whether a list names the domain, or one that it is a subdomain of. */
function includes(list: readonly string[], domain: string): boolean {
  return list.some((one) => one === domain || domain.endsWith(`.${one}`));
}
