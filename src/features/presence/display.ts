import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { available, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { type Presence, presence, Stanza } from "#stanza/stanza.ts";
import { hears, type Roster, type RosterApi } from "../roster/index.ts";
import { disclosing } from "./hooks.ts";

/** Shows presence to those who may see it. A broadcast is one stanza; only `to` differs from contact to contact. */
export class Display {
  readonly #host: Host;
  readonly #roster: RosterApi;

  constructor(host: Host, roster: RosterApi) {
    this.#host = host;
    this.#roster = roster;
  }

  /** To every contact that is subscribed (RFC 6121 §4.2.2, §4.4.2, §4.5.2). */
  broadcast(stanza: Presence, roster: Roster): void {
    for (const item of roster.items.values()) if (hears(item)) this.#unlessTaken(stanza, item.contact, this.#toContact);
    for (const contact of this.#roster.shared.audience(roster.account)) {
      if (!hears(roster.items.get(contact.toString()))) this.#unlessTaken(stanza, contact, this.#toContact);
    }
  }

  /** To those of an account's clients that are available. */
  toAvailable(stanza: Presence, sessions: readonly Session[]): void {
    for (const session of sessions) if (session.get(available)) session.send(stanza);
  }

  /** To one address, in the order of what was sent to it before. */
  send(stanza: Presence, to: Jid): void {
    this.#unlessTaken(stanza, to, this.#route);
  }

  /** To one client of this host. */
  give(stanza: Presence, session: Session): void {
    this.#unlessTaken(stanza, session.jid, () => session.send(stanza.toward(session.jid)));
  }

  /** Tells somebody that an account's clients are gone (RFC 6121 §3.2.2, §3.3.3). */
  hide(account: Jid, from: Jid): void {
    const gone = presence({ type: "unavailable" });
    for (const session of this.#host.sessions.of(account)) {
      if (session.get(available)) this.#host.send(Stanza.of("presence", gone, session.jid, from));
    }
  }

  #unlessTaken(stanza: Presence, to: Jid, go: (stanza: Presence, to: Jid) => void): void {
    const taken = this.#host.has(disclosing) && this.#host.fire(disclosing, { from: stanza.from, to });
    if (taken === false) go(stanza, to);
    else if (taken !== true) {
      background(
        this.#host.log,
        taken.then((prevented) => (prevented ? undefined : go(stanza, to))),
      );
    }
  }

  readonly #route = (stanza: Presence, to: Jid): void => this.#host.send(stanza.toward(to));

  readonly #toContact = (stanza: Presence, contact: Jid): void => {
    // What changes the contact's roster at this moment must reach its clients before this presence does.
    if (contact.domain !== this.#host.domain || this.#roster.changing(contact)) this.#route(stanza, contact);
    else {
      const sessions = this.#host.sessions.of(contact);
      if (sessions.length > 0) this.toAvailable(stanza.toward(contact), sessions);
    }
  };
}
