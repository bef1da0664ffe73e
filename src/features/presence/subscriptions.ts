import type { Host } from "#core/host.ts";
import { available } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Presence, presence, Stanza } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";
import {
  type Change,
  heard,
  hears,
  type Item,
  type ItemChange,
  interested,
  type Roster,
  type RosterApi,
  type SubscriptionRequest,
  unknown,
} from "../roster/index.ts";
import { partsOf, type State, stateOf, transition, type Verb } from "./states.ts";

/** The id of what the server asks by itself: if it cannot be delivered, no client is told. */
export const unasked = "server-asks";

/** What happens to the presence that a contact sees when a subscription begins or ends. */
export interface Visibility {
  /** Shows the account's clients to somebody. */
  show(account: Jid, to: Jid): void;
  /** Tells somebody that the account's clients are gone. */
  hide(account: Jid, from: Jid): void;
}

interface Found {
  readonly roster: Roster;
  readonly contact: Jid;
  readonly item: Item | undefined;
  /** The item, or what it would begin as. */
  readonly old: ItemChange;
  readonly asked: boolean;
  readonly state: State;
}

/**
 * Subscriptions (RFC 6121 §3): every request and answer changes the roster of its sender, and then that of its recipient,
 * by the tables of appendix A. Both ends are bare JIDs. Contacts here and elsewhere go the same way, by stanzas.
 */
export class Subscriptions {
  readonly #host: Host;
  readonly #roster: RosterApi;
  readonly #visibility: Visibility;
  readonly #requestBytes: number;

  /** @param requestBytes the largest request that is kept whole */
  constructor(host: Host, roster: RosterApi, visibility: Visibility, requestBytes: number) {
    this.#host = host;
    this.#roster = roster;
    this.#visibility = visibility;
    this.#requestBytes = requestBytes;
  }

  /** A local client sends it (appendix A.2). @throws StanzaError */
  async outbound(sent: Presence, verb: Verb): Promise<void> {
    const account = sent.from.bare;
    const contact = sent.to.bare;
    if (contact.equals(account)) {
      if (verb === "subscribe") throw new StanzaError("not-allowed", oneself);
      return;
    }
    const stanza = Stanza.of("presence", sent.element, account, contact);
    await this.#roster.change(account, (roster) => {
      const found = find(roster, contact);
      return this.#isShared(found, verb) ? undefined : this.#send(found, stanza, verb);
    }).told;
  }

  /** It reached an account of this host (appendix A.3). */
  async inbound(received: Presence, verb: Verb): Promise<void> {
    const account = received.to.bare;
    const contact = received.from.bare;
    if (contact.equals(account)) return;
    const stanza = Stanza.of("presence", received.element, contact, account);
    await this.#roster.change(account, async (roster) => {
      if (!(await this.#exists(roster))) return this.#nobody(stanza, verb);
      const found = find(roster, contact);
      return verb === "subscribe" ? this.#requested(found, stanza) : this.#told(found, stanza, verb);
    }).told;
  }

  /** The requests that wait for the user's answer, whole (RFC 6121 §3.1.3). */
  waiting(roster: Roster): Presence[] {
    return [...roster.requests.values()].map(({ contact, stanza }) =>
      Stanza.of("presence", parseText(stanza), contact, roster.account),
    );
  }

  /**
   * Asks once more those who have not answered: the request may have been lost on its way (RFC 6121 §3.1.2), also here,
   * where the two rosters are written one after the other. Who has the request already is not bothered again.
   */
  repeat(roster: Roster): void {
    for (const { ask, contact } of roster.items.values()) {
      if (!ask) continue;
      const request = presence({ type: "subscribe", id: unasked });
      this.#host.send(Stanza.of("presence", request, roster.account, contact));
    }
  }

  /** A contact is removed: the subscriptions end, both ways (RFC 6121 §2.5.2). Resolves when a contact here has it on disk. */
  async end(account: Jid, item: Item): Promise<void> {
    const { contact } = item;
    const told: (void | Promise<void>)[] = [];
    if (heard(item) || item.ask) told.push(this.#say("unsubscribe", account, contact));
    if (hears(item)) {
      told.push(this.#say("unsubscribed", account, contact));
      if (!this.#roster.shared.sees(contact, account)) this.#visibility.hide(account, contact);
    }
    await Promise.all(told);
  }

  /** Refuses a request. Resolves likewise. */
  async refuse(account: Jid, request: SubscriptionRequest): Promise<void> {
    await this.#say("unsubscribed", account, request.contact);
  }

  /**
   * Whether there is nothing to do because of a group that both are in: who sees whom is for the directory to say. A
   * request from before is answered as ever. @throws StanzaError if the user wants to end what the directory says
   */
  #isShared({ roster, contact, asked }: Found, verb: Verb): boolean {
    const { shared } = this.#roster;
    const sees = shared.sees(roster.account, contact);
    switch (verb) {
      case "subscribe":
        return sees;
      case "unsubscribe":
        if (sees) throw new StanzaError("not-allowed", institutions);
        return false;
      case "subscribed":
        return !asked && shared.sees(contact, roster.account);
      case "unsubscribed":
        if (!asked && shared.sees(contact, roster.account)) throw new StanzaError("not-allowed", institutions);
        return false;
    }
  }

  #send(found: Found, stanza: Presence, verb: Verb): Change {
    const { pass, next } = transition("outbound", verb, found.state);
    const approved = approval(found, verb, pass);
    const change = this.#become(found, next, approved);
    if (change.put && found.item === undefined) this.#roster.refuseFull(found.roster);
    return { ...change, ...(pass ? { before: () => this.#host.send(stanza) } : {}) };
  }

  /** RFC 6121 §3.1.3: a contact asks to see the user's presence. */
  #requested(found: Found, stanza: Presence): Change | undefined {
    const { old, contact, roster, state } = found;
    const { account } = roster;
    if (hears(found.item) || this.#roster.shared.sees(contact, account)) {
      return { after: () => this.#grant(account, contact) };
    }
    const { pass, next } = transition("inbound", "subscribe", state);
    if (!pass) return undefined;
    if (old.approved) {
      const granted = transition("outbound", "subscribed", next).next;
      return { ...this.#become(found, granted, false), before: () => void this.#say("subscribed", account, contact) }; // §3.4.2
    }
    if (!this.#roster.takesRequests(roster)) return this.#ignored(stanza);
    return { request: { contact, stanza: this.#text(stanza) }, before: () => this.#toAvailable(stanza) };
  }

  /** RFC 6121 §3.1.6, §3.2.3, §3.3.3: a contact has answered, or has ended a subscription. */
  #told(found: Found, stanza: Presence, verb: Verb): Change {
    const { pass, next } = transition("inbound", verb, found.state);
    const change = this.#become(found, next, found.old.approved);
    return { ...change, ...(pass ? { before: () => this.#toInterested(stanza) } : {}) };
  }

  /** The change that brings a contact into a state, with what the contact then sees of the user's presence. */
  #become(found: Found, next: State, approved: boolean): Change {
    const { subscription, ask, asked } = partsOf(next);
    const { old, contact, roster } = found;
    const put = { ...old, subscription, ask, approved };
    const same = old.subscription === subscription && old.ask === ask && old.approved === approved;
    const before = partsOf(found.state).subscription;
    const after = this.#turn(roster.account, contact, gives(before), gives(subscription));
    return {
      ...(same ? {} : { put }),
      ...(found.asked && !asked ? { settle: contact } : {}),
      ...(after ? { after } : {}),
    };
  }

  #turn(account: Jid, contact: Jid, before: boolean, now: boolean): (() => void) | undefined {
    if (before === now || this.#roster.shared.sees(contact, account)) return undefined;
    return now ? () => this.#visibility.show(account, contact) : () => this.#visibility.hide(account, contact);
  }

  /** RFC 6121 §3.1.3: the contact is subscribed already, but does not know. */
  #grant(account: Jid, contact: Jid): void {
    void this.#say("subscribed", account, contact);
    this.#visibility.show(account, contact);
  }

  /** An account that has ever had a contact exists: no need to ask a directory elsewhere. */
  #exists(roster: Roster): boolean | Promise<boolean> {
    const known = roster.version > 0 || this.#host.sessions.of(roster.account).length > 0;
    return known || this.#host.accounts.exists(roster.account.local);
  }

  /** There is no such account. People here are told; others get what they get from an account that does not answer. */
  #nobody(stanza: Presence, verb: Verb): Change | undefined {
    if (verb !== "subscribe" || !this.#host.server.router.hosts.has(stanza.from.domain)) return undefined;
    return { after: () => void this.#say("unsubscribed", stanza.to, stanza.from) };
  }

  #ignored(stanza: Presence): undefined {
    this.#host.server.metrics.count("subscription_requests_ignored");
    this.#host.log.info("subscription request ignored: too many wait", { account: stanza.to.toString() });
  }

  /** A request as it is kept: without its content where that is too large. */
  #text(stanza: Presence): string {
    const whole = stanza.element.toString();
    return Buffer.byteLength(whole) <= this.#requestBytes ? whole : stanza.element.holding().toString();
  }

  #say(verb: Verb, from: Jid, to: Jid): void | Promise<void> {
    return this.#host.server.router.route({ stanza: Stanza.of("presence", presence({ type: verb }), from, to) });
  }

  #toAvailable(stanza: Presence): void {
    for (const session of this.#host.sessions.of(stanza.to)) if (session.get(available)) session.send(stanza);
  }

  #toInterested(stanza: Presence): void {
    for (const session of this.#host.sessions.of(stanza.to)) if (session.get(interested)) session.send(stanza);
  }
}

function find(roster: Roster, contact: Jid): Found {
  const key = contact.toString();
  const item = roster.items.get(key);
  const old: ItemChange = item ?? unknown(contact);
  const asked = roster.requests.has(key);
  return { roster, contact, item, old, asked, state: stateOf({ ...old, asked }) };
}

function gives(subscription: Item["subscription"]): boolean {
  return subscription === "from" || subscription === "both";
}

/** Pre-approval (RFC 6121 §3.4): consent before it was asked for is kept until it is used or taken back. */
function approval({ old }: Found, verb: Verb, pass: boolean): boolean {
  if (verb === "subscribed") return !pass && !gives(old.subscription);
  return verb === "unsubscribed" ? false : old.approved;
}

const institutions = {
  en: "A group of the directory lets you and this contact see each other, as long as the group says so. You may block the contact instead.",
  fr: "Un groupe de l'annuaire vous rend visibles l'un pour l'autre, ce contact et vous, tant que le groupe le veut. Vous pouvez bloquer ce contact.",
};
const oneself = {
  en: "You see your own presence anyway: there is no need to ask yourself.",
  fr: "Vous voyez déjà votre propre présence : inutile de vous la demander.",
};
