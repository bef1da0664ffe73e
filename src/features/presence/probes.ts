import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { available, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { type Presence, presence, Stanza } from "#stanza/stanza.ts";
import { heard, hears, type Roster, type RosterApi } from "../roster/index.ts";
import type { Display } from "./display.ts";
import { unasked } from "./subscriptions.ts";

/** Picks contacts. */
export type Choice = (contact: Jid) => boolean;

const everybody: Choice = () => true;

/** Asks for the presence of contacts on behalf of a client, and answers those who ask (RFC 6121 §4.3). */
export class Probes {
  readonly #host: Host;
  readonly #roster: RosterApi;
  readonly #display: Display;
  readonly #last: ReadonlyMap<Session, Presence>;

  constructor(host: Host, roster: RosterApi, display: Display, last: ReadonlyMap<Session, Presence>) {
    this.#host = host;
    this.#roster = roster;
    this.#display = display;
    this.#last = last;
  }

  /**
   * Gets a client the presence of its contacts (RFC 6121 §4.3.1). Contacts of this host need no stanzas: those who are
   * offline cost a look into the directory, the others one into their roster, which is in memory.
   */
  probe(origin: Session, roster: Roster, which: Choice = everybody): void {
    const stanza = Stanza.of("presence", presence({ type: "probe", id: unasked }), origin.jid, origin.jid.bare);
    for (const item of roster.items.values()) {
      const { contact } = item;
      if (!heard(item) || !which(contact)) continue;
      if (contact.domain !== this.#host.domain) this.#host.send(stanza.toward(contact));
      else if (this.#online(contact)) this.#look(origin, contact);
    }
    for (const contact of this.#roster.shared.present(roster.account)) {
      if (!heard(roster.items.get(contact.toString())) && which(contact)) this.#give(origin, contact);
    }
  }

  /** A probe has reached an account of this host (RFC 6121 §4.3.2). */
  async answer(probe: Presence): Promise<void> {
    const { from, to } = probe;
    if (!from.bare.equals(to.bare)) {
      const roster = await this.#roster.get(to.bare);
      // The same whether there is no subscription or no account: outsiders do not learn who exists.
      const authorized = hears(roster.items.get(from.bare.toString())) || this.#roster.shared.sees(from, to);
      if (!authorized) return this.#refuse(to.bare, from);
    }
    let shown = false;
    for (const session of this.#host.sessions.of(to)) {
      const last = this.#last.get(session);
      if (last === undefined || !(to.isBare || session.jid.equals(to))) continue;
      this.#display.send(last, from);
      shown = true;
    }
    if (!shown) this.#host.send(Stanza.of("presence", presence({ type: "unavailable" }), to, from));
  }

  #online(contact: Jid): boolean {
    const sessions = this.#host.sessions.of(contact);
    for (let index = 0; index < sessions.length; index++) if (sessions[index]!.get(available)) return true;
    return false;
  }

  #look(origin: Session, contact: Jid): void {
    const roster = this.#roster.get(contact);
    if (!(roster instanceof Promise)) this.#show(origin, contact, roster);
    else {
      background(
        this.#host.log,
        roster.then((loaded) => this.#show(origin, contact, loaded)),
      );
    }
  }

  #show(origin: Session, contact: Jid, roster: Roster): void {
    const own = hears(roster.items.get(origin.jid.bare.toString()));
    if (own || this.#roster.shared.sees(origin.jid, contact)) this.#give(origin, contact);
    else this.#refuse(contact, origin.jid);
  }

  #give(origin: Session, contact: Jid): void {
    for (const session of this.#host.sessions.of(contact)) {
      const last = this.#last.get(session);
      if (last !== undefined) this.#display.give(last, origin);
    }
  }

  /** RFC 6121 §4.3.2: who asks without being subscribed learns that there is no subscription. */
  #refuse(account: Jid, prober: Jid): void {
    this.#host.send(Stanza.of("presence", presence({ type: "unsubscribed" }), account, prober.bare));
  }
}
