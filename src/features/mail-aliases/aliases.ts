import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { People, Person } from "#core/people.ts";
import { type DirectoryCards, Remembered } from "#features/directory-vcards/index.ts";
import { escapeLocal, unescapeLocal } from "#jid/escaping.ts";

/**
 * What a local part means that is no account: the login of one person, with whether this very address is one of the
 * person's e-mail addresses; `login`: somebody in the directory who has no account yet; several people; nobody.
 */
export type Meaning =
  | { readonly kind: "alias"; readonly user: string; readonly published: boolean }
  | { readonly kind: "login" | "several" | "nobody" };

/** Fired at the host of an address that is no account: its directory says what it means. @throws DirectoryError */
export const resolving: Hook<{ readonly local: string; meaning?: Meaning }> = hook("address resolved");

export interface AliasOptions {
  /** Domains of e-mail addresses, beside the domain itself and its aliases. */
  readonly mailDomains: readonly string[];
  /** Addresses kept in memory, those of nobody included. */
  readonly remembered: number;
  /** How long the directory is waited for, in milliseconds. */
  readonly patienceMs: number;
}

/** Beyond so many people of one name nobody is looked at: there are several. */
const mostNamesakes = 10;

/** The addresses of one host that are no accounts. */
export class Aliases {
  readonly #people: People;
  readonly #cards: DirectoryCards;
  readonly #meanings: Remembered<Meaning>;
  readonly #mailDomains: ReadonlySet<string>;

  constructor(host: Host, people: People, cards: DirectoryCards, options: AliasOptions) {
    const { remembered, patienceMs, mailDomains } = options;
    this.#people = people;
    this.#cards = cards;
    this.#meanings = new Remembered({ capacity: remembered, patienceMs });
    this.#mailDomains = new Set([host.domain, ...host.server.faces.aliases(host.domain), ...mailDomains]);
    const changes = people.watch(({ ended, changed }) => {
      if (ended.length > 0 || changed.length > 0) this.#meanings.clear();
    });
    host.stopping(changes);
  }

  /** @throws DirectoryError */
  meaning(local: string): Meaning | Promise<Meaning> {
    return this.#meanings.get(local, () => this.#ask(local));
  }

  async #ask(local: string): Promise<Meaning> {
    if ((await this.#cards.person(local)) !== undefined) return { kind: "login" };
    const logins = await this.#people.resolve(unescapeLocal(local));
    if (logins.length > mostNamesakes) return { kind: "several" };
    const found = await Promise.all(logins.map((user) => this.#cards.person(user)));
    // Who guesses a hidden person's name learns nothing of it.
    const people = found.filter((person) => person !== undefined && !person.hidden) as Person[];
    const exact = people.filter((person) => this.#hasMail(person, local));
    // An e-mail address is somebody's own, whoever else has the same name.
    const chosen = exact.length === 1 ? exact : people;
    if (chosen.length === 0) return { kind: "nobody" };
    if (chosen.length > 1) return { kind: "several" };
    return { kind: "alias", user: chosen[0]!.user, published: exact.length === 1 };
  }

  #hasMail(person: Person, local: string): boolean {
    return person.mail.some((address) => {
      const at = address.lastIndexOf("@");
      if (!this.#mailDomains.has(address.slice(at + 1).toLowerCase())) return false;
      return escapeLocal(address.slice(0, at)).normalize("NFC").toLowerCase() === local;
    });
  }
}
