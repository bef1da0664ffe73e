import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { Packet } from "#core/packet.ts";
import { DirectoryError } from "#core/people.ts";
import { Rates } from "#features/people-search/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { isRequest, type Stanza } from "#stanza/stanza.ts";
import type { Aliases } from "./aliases.ts";

/**
 * What people of other servers send to addresses that are no accounts. Published e-mail addresses are taken; any other
 * is the address of nobody, whatever the directory knows, and a server that tries many is no longer listened to.
 */
export class FromElsewhere {
  readonly #host: Host;
  readonly #aliases: Aliases;
  readonly #guesses: Rates;

  constructor(host: Host, aliases: Aliases, rate: number) {
    this.#host = host;
    this.#aliases = aliases;
    this.#guesses = new Rates(rate);
  }

  take(packet: Packet): Outcome | Promise<Outcome> {
    const { stanza, origin } = packet;
    if (origin !== undefined || stanza.to.local === "" || !concerns(stanza)) return;
    const { sessions, accounts, server } = this.#host;
    if (server.router.hosts.has(stanza.from.domain) || sessions.of(stanza.to).length > 0) return;
    const exists = accounts.exists(stanza.to.local);
    if (exists === true) return;
    return this.#pass(packet, exists);
  }

  async #pass({ stanza }: Packet, exists: boolean | Promise<boolean>): Promise<Outcome> {
    const { from, to } = stanza;
    if ((await this.#answered(() => exists)) !== false) return;
    if (!this.#guesses.has(from.domain)) {
      this.#host.server.metrics.count("addresses_guessed");
      return;
    }
    const meaning = await this.#answered(() => this.#aliases.meaning(to.local));
    if (meaning === undefined) return;
    if (meaning.kind !== "alias" || !meaning.published) {
      this.#guesses.take(from.domain);
      return;
    }
    const account = Jid.of(meaning.user, to.domain, to.resource);
    // They take an answer only from the address they asked: they are told the other one (RFC 6120 §8.3.3.14).
    if (stanza.kind !== "message") throw new StanzaError("redirect", askThere, { uri: uriOf(account) });
    // From the beginning, as if it had been sent there: who is blocked stays so.
    await this.#host.server.router.route({ stanza: stanza.toward(account) });
    return handled;
  }

  /** Undefined while the directory does not answer: then addresses are what they seem to be. */
  async #answered<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await question();
    } catch (problem) {
      if (problem instanceof DirectoryError) return undefined;
      throw problem;
    }
  }
}

/** Messages, requests for a subscription and IQ requests; the rest does nothing at an account that is none. */
function concerns(stanza: Stanza): boolean {
  if (stanza.kind === "message") return stanza.type !== "error";
  return stanza.kind === "presence" ? stanza.type === "subscribe" : isRequest(stanza);
}

/** RFC 5122 §2.2. */
function uriOf(account: Jid): string {
  return `xmpp:${encodeURIComponent(account.local)}@${account.domain}`;
}

const askThere = {
  en: "This is an e-mail address of the person. Use the address that is given here.",
  fr: "C'est une adresse de courriel de cette personne. Utilisez l'adresse indiquée ici.",
};
