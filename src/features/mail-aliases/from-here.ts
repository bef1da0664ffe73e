import { randomUUID } from "node:crypto";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { LocalHost } from "#core/local-host.ts";
import type { Packet } from "#core/packet.ts";
import { DirectoryError } from "#core/people.ts";
import type { LocalSession } from "#core/session.ts";
import { interested, type RosterApi } from "#features/roster/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { iq, isRequest, Stanza } from "#stanza/stanza.ts";
import type { Text } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import { type Meaning, resolving } from "./aliases.ts";
import { invites, readdressed } from "./invitations.ts";

const rosterQuery = tag("jabber:iq:roster", "query");
const rosterItem = tag("jabber:iq:roster", "item");
/** The application-specific condition (RFC 6120 §8.3.4) of an address that several people have. */
const ambiguous = tag("urn:parloir:addresses", "ambiguous");

/** What people of this server send to addresses that are no accounts: it goes to the account that is meant. */
export class FromHere {
  readonly #host: Host;
  readonly #roster: RosterApi;
  readonly #unknown: Text;

  /** @param example what a login looks like */
  constructor(host: Host, roster: RosterApi, example: string) {
    this.#host = host;
    this.#roster = roster;
    this.#unknown = {
      en: `Nobody here has this address. Logins look like ${example}; search the directory to find people.`,
      fr: `Personne n'a cette adresse ici. Un login ressemble à ${example} ; cherchez la personne dans l'annuaire.`,
    };
  }

  take(packet: Packet): Outcome | Promise<Outcome> {
    const { stanza, origin } = packet;
    const { to } = stanza;
    if (to.local === "" || origin === undefined) return;
    const host = this.#directoryOf(to);
    if (host !== undefined) return this.#readdress(host, packet);
    if (stanza.is("iq") && stanza.type === "set") return this.#addContact(stanza, origin);
    if (invites(stanza)) return this.#invite(packet);
  }

  /** Who is invited to a room under an alias is invited under the account. */
  async #invite(packet: Packet): Promise<void> {
    const changed = await readdressed(packet.stanza.element, (address) => this.#accountOf(address));
    packet.stanza = packet.stanza.map(() => changed);
  }

  async #accountOf(address: Jid): Promise<Jid> {
    const host = address.local === "" ? undefined : this.#directoryOf(address);
    if (host === undefined) return address;
    const exists = host.accounts.exists(address.local);
    const meaning = await this.#meaning(host, { local: address.local, exists, told: true });
    if (meaning.kind === "several") throw namesakes();
    if (meaning.kind === "nobody") throw new StanzaError("item-not-found", this.#unknown);
    return meaning.kind === "alias" ? Jid.of(meaning.user, address.domain) : address;
  }

  /** The host of an address that nobody is connected under, if it has a directory. */
  #directoryOf(address: Jid): LocalHost | undefined {
    const host = this.#host.server.router.hosts.get(address.domain);
    if (host === undefined || !host.hooks.has(resolving)) return undefined;
    return host.sessions.of(address).length > 0 ? undefined : host;
  }

  #readdress(host: LocalHost, packet: Packet): Outcome | Promise<Outcome> {
    if (!concerns(packet.stanza)) return;
    const exists = host.accounts.exists(packet.stanza.to.local);
    if (exists === true) return;
    return this.#readdressUnknown(host, packet, exists);
  }

  async #readdressUnknown(host: LocalHost, { stanza, origin }: Packet, exists: Existence): Promise<Outcome> {
    const { to } = stanza;
    const explained = stanza.kind === "message" || stanza.type === "subscribe";
    const meaning = await this.#meaning(host, { local: to.local, exists, told: explained });
    // What is said to somebody who is a contact under this very address goes there, but not a new request.
    if (stanza.kind === "presence" && !explained && (await this.#isContact(stanza.from, to))) return;
    if (meaning.kind === "alias") {
      const account = Jid.of(meaning.user, to.domain, to.resource);
      // From the beginning, as if it had been sent there.
      await this.#host.server.router.send({ stanza: stanza.toward(account), origin });
      return handled;
    }
    if (meaning.kind === "several" && (explained || stanza.kind === "iq")) throw namesakes();
    if (meaning.kind === "nobody" && explained) throw new StanzaError("service-unavailable", this.#unknown); // RFC 6121 §8.5.1
  }

  /** RFC 6121 §2.3: who is added under an alias is added under the account, so that nobody is there twice. */
  #addContact(stanza: Stanza<"iq">, origin: LocalSession): Outcome | Promise<Outcome> {
    const query = stanza.payload!;
    if (!query.is(rosterQuery) || !stanza.to.equals(stanza.from.bare)) return;
    const item = query.child(rosterItem);
    const contact = item && addressOf(item);
    // Nothing is removed by another name: clients that show both would remove the one with the other.
    if (contact === undefined || contact.local === "" || item!.attrs.subscription === "remove") return;
    const host = this.#directoryOf(contact);
    if (host === undefined) return;
    const exists = host.accounts.exists(contact.local);
    if (exists === true) return;
    return this.#addUnknown(host, { stanza, origin, contact, exists });
  }

  async #addUnknown(host: LocalHost, adding: Adding): Promise<Outcome> {
    const { stanza, origin, contact, exists } = adding;
    if (await this.#isContact(stanza.from, contact)) return;
    const meaning = await this.#meaning(host, { local: contact.local, exists, told: true });
    if (meaning.kind === "login") return;
    if (meaning.kind === "several") throw namesakes();
    if (meaning.kind !== "alias") throw new StanzaError("item-not-found", this.#unknown);
    const account = Jid.of(meaning.user, contact.domain);
    const changed = stanza.map((element) => element.holding(withContact(stanza.payload!, account)));
    await this.#host.server.router.send({ stanza: changed, origin });
    // Some clients have put the alias into their list already; for them it is gone again.
    if (origin.get(interested)) origin.send(removal(origin, contact));
    return handled;
  }

  async #isContact(user: Jid, contact: Jid): Promise<boolean> {
    const { items } = await this.#roster.get(user.bare);
    return items.has(contact.bare.toString());
  }

  /** An account means itself. @throws StanzaError if the directory does not answer, where that is to be told */
  async #meaning(host: LocalHost, { local, exists, told }: Lookup): Promise<Meaning> {
    const question: { readonly local: string; meaning?: Meaning } = { local };
    try {
      if (await exists) return { kind: "login" };
      await host.fire(resolving, question);
      return question.meaning ?? { kind: "login" };
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      if (told) throw new StanzaError("internal-server-error", noAnswer, { type: "wait", cause: problem });
      return { kind: "login" };
    }
  }
}

type Existence = boolean | Promise<boolean>;

interface Lookup {
  readonly local: string;
  readonly exists: Existence;
  /** Whether the sender is told if there is no answer. */
  readonly told: boolean;
}

interface Adding {
  readonly stanza: Stanza<"iq">;
  readonly origin: LocalSession;
  readonly contact: Jid;
  readonly exists: Existence;
}

/** Errors and results answer somebody who is there under that address. */
function concerns(stanza: Stanza): boolean {
  return stanza.type !== "error" && (stanza.kind !== "iq" || isRequest(stanza));
}

/** The bare address of a roster item; undefined where the roster will refuse it. */
function addressOf(item: Element): Jid | undefined {
  const jid = Jid.tryParse(item.attrs.jid);
  return jid?.isBare ? jid : undefined;
}

function withContact(query: Element, account: Jid): Element {
  const changed = (child: Element) => (child.is(rosterItem) ? child.with({ jid: account.toString() }) : child);
  return query.holding(...query.elements.map(changed));
}

/** A roster push to one client (RFC 6121 §2.1.6): a contact is not in the list. */
function removal(origin: LocalSession, contact: Jid): Stanza {
  const gone = rosterItem({ jid: contact.toString(), subscription: "remove" });
  const push = iq({ type: "set", id: randomUUID() }, rosterQuery({}, gone));
  return Stanza.of("iq", push, origin.jid.bare, origin.jid);
}

function namesakes(): StanzaError {
  return new StanzaError("not-acceptable", severalPeople, { detail: ambiguous() });
}

const severalPeople = {
  en: "Several people have this name. Search the directory for the login of the one you mean.",
  fr: "Plusieurs personnes portent ce nom. Cherchez dans l'annuaire le login de celle que vous voulez joindre.",
};
const noAnswer = {
  en: "The directory does not answer just now, so this address cannot be looked up. Try again in a few minutes.",
  fr: "L'annuaire ne répond pas pour le moment : cette adresse ne peut pas être vérifiée. Réessayez dans quelques minutes.",
};
