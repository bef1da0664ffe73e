import { Resolver } from "node:dns/promises";
import { ResolutionError } from "#core/network.ts";

export interface QuestionOptions {
  /** "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"; none: those of this machine. */
  readonly servers: readonly string[];
  /** For an answer; asked twice in that time. */
  readonly timeoutMs: number;
}

/** Answers, or that there is nothing, are believed this long, in milliseconds. Node tells no time to live of SRV. */
const found = 60_000;
const nothing = 10_000;
const maxKept = 1000;

interface Kept {
  readonly answer: Promise<readonly unknown[]>;
  until: number;
}

type Kind = "srv" | "a" | "aaaa";

/** Questions to the DNS, remembered for a short time. "No such name" and "no such records" are an empty list. */
export class Questions {
  readonly #resolver: Resolver;
  readonly #timeoutMs: number;
  readonly #kept = new Map<string, Kept>();

  constructor({ servers, timeoutMs }: QuestionOptions) {
    this.#timeoutMs = timeoutMs;
    this.#resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2, maxTimeout: timeoutMs });
    if (servers.length > 0) this.#resolver.setServers(servers);
  }

  /** @throws ResolutionError where there is no answer */
  services(name: string) {
    return this.#ask("srv", name, () => this.#resolver.resolveSrv(name));
  }

  /** IPv4. @throws ResolutionError where there is no answer */
  four(name: string) {
    return this.#ask("a", name, () => this.#resolver.resolve4(name));
  }

  /** IPv6. @throws ResolutionError where there is no answer */
  six(name: string) {
    return this.#ask("aaaa", name, () => this.#resolver.resolve6(name));
  }

  #ask<Answer>(kind: Kind, name: string, question: () => Promise<Answer[]>): Promise<readonly Answer[]> {
    const key = `${kind} ${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > performance.now()) return known.answer as Promise<Answer[]>;
    const answer = this.#answer(name, question);
    const kept: Kept = { answer, until: Number.POSITIVE_INFINITY };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
    }
    answer.then(
      (records) => {
        kept.until = performance.now() + (records.length > 0 ? found : nothing);
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return answer;
  }

  async #answer<Answer>(name: string, question: () => Promise<Answer[]>): Promise<Answer[]> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("ETIMEOUT")), this.#timeoutMs);
    try {
      return await Promise.race([question(), late.promise]);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENODATA" || code === "ENOTFOUND" || code === "EBADNAME") return [];
      throw new ResolutionError("failed", `the DNS gives no answer for ${name}: ${code ?? message}`, cause);
    } finally {
      clearTimeout(timer);
    }
  }
}
