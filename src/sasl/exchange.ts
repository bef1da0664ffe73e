import type { Authenticator } from "./authenticator.ts";
import { SaslError } from "./error.ts";
import { prepareUser } from "./prepare.ts";

/** Who counts the attempts of one connection; a `Throttle` gives one per address. */
export interface Attempts {
  /** Throws SaslError temporary-auth-failure if the account or the address must wait. */
  admit(user: string | undefined): void;
  failed(user: string | undefined): void;
  succeeded(user: string): void;
}

/** What a mechanism must know of the stream and its host. */
export interface SaslContext {
  /** The prepared domain of the host. */
  readonly domain: string;
  /** Other names of it, prepared: an account is the same under each. */
  readonly aliases?: readonly string[];
  readonly accounts: Authenticator;
  /** The stream is encrypted. */
  readonly secure: boolean;
  /** The data that binds to the stream's TLS channel; undefined if there is none of that type. */
  channelBinding(type: string): Uint8Array | undefined;
  /** The types of channel binding there are on this stream; empty: no -PLUS mechanism. */
  readonly bindingTypes: readonly string[];
  /** Secret bytes, the same on each node and after a restart: unknown users get stable salts from it. */
  readonly decoySecret: Uint8Array;
  /** Told of each attempt, if it is there. */
  readonly attempts?: Attempts;
}

/** What the server answers: more to say, or the user is who they claim to be. */
export type SaslStep =
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  | { readonly kind: "success"; readonly user: string; readonly authzid?: string; readonly data?: Uint8Array };

/** One authentication under way. A failed or finished one cannot be used again. */
export interface Exchange {
  readonly mechanism: string;
  /** The prepared user name, once the client has named it: for the log. It is a claim until success. */
  readonly user: string | undefined;
  /**
   * Takes the decoded bytes of `<auth/>` or `<response/>`. An empty first response means that the client wants to
   * be asked (RFC 4422 §3.3); the answer is an empty challenge. Throws SaslError; the exchange is over then.
   */
  step(response: Uint8Array): Promise<SaslStep>;
}

/** One turn of a mechanism; `user` is set as soon as it is known. */
export interface Turns {
  readonly user: string | undefined;
  next(response: Uint8Array): Promise<SaslStep>;
}

/** Enough for the longest user name, authorization name and password, or proof. */
export const maxResponse = 4096;

/** What all mechanisms share: limits, the empty first response, the counting of attempts, one use only. */
export class CheckedExchange implements Exchange {
  readonly mechanism: string;
  readonly #turns: Turns;
  readonly #attempts: Attempts | undefined;
  #asked = false;
  #over = false;
  #begun = false;

  constructor(mechanism: string, turns: Turns, attempts: Attempts | undefined) {
    this.mechanism = mechanism;
    this.#turns = turns;
    this.#attempts = attempts;
  }

  get user(): string | undefined {
    return this.#turns.user;
  }

  async step(response: Uint8Array): Promise<SaslStep> {
    if (this.#over) throw new SaslError("malformed-request", "The authentication is over");
    if (response.length === 0 && !this.#begun && !this.#asked) {
      this.#asked = true;
      return { kind: "challenge", data: new Uint8Array(0) };
    }
    this.#begun = true;
    this.#over = true; // until this turn is done: turns never overlap
    if (response.length > maxResponse) throw new SaslError("malformed-request", "The response is too long");
    const step = await this.#counted(response);
    this.#over = step.kind === "success";
    return step;
  }

  async #counted(response: Uint8Array): Promise<SaslStep> {
    try {
      const step = await this.#turns.next(response);
      if (step.kind === "success") this.#attempts?.succeeded(step.user);
      return step;
    } catch (error) {
      if (error instanceof SaslError && error.condition === "not-authorized") this.#attempts?.failed(this.user);
      throw error;
    }
  }
}

/** Prepares the user name a client claims; throws not-authorized if it cannot be one (as for an unknown user). */
export function claimedUser(text: string): string {
  const user = prepareUser(text);
  if (user === undefined) throw new SaslError("not-authorized");
  return user;
}

/**
 * Checks the authorization name (RFC 6120 §6.3.8): nobody acts for another here, so it must be the user's own
 * bare JID, or just the user name. Throws invalid-authzid.
 */
export function checkAuthzid(authzid: string, user: string, { domain, aliases }: SaslContext): void {
  const at = authzid.lastIndexOf("@");
  const local = at === -1 ? authzid : authzid.slice(0, at);
  const host =
    at === -1
      ? domain
      : authzid
          .slice(at + 1)
          .normalize("NFC")
          .toLowerCase();
  if (prepareUser(local) !== user || (host !== domain && !aliases?.includes(host))) {
    throw new SaslError("invalid-authzid", "The authorization identity must be the account itself");
  }
}
