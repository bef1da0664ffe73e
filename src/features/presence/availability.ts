import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { available, type LocalSession, priority, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Presence, presence, Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { hears, type Roster, type RosterApi } from "../roster/index.ts";
import type { Directed } from "./directed.ts";
import type { Display } from "./display.ts";
import { becameAvailable, becameUnavailable } from "./hooks.ts";
import type { Probes } from "./probes.ts";
import type { Subscriptions } from "./subscriptions.ts";

const priorityTag = tag(presence.ns, "priority");

/** The parts that the comings and goings of clients touch. */
export interface Parts {
  readonly roster: RosterApi;
  readonly display: Display;
  readonly directed: Directed;
  readonly probes: Probes;
  readonly subscriptions: Subscriptions;
}

/** Keeps the last presence of each client, and lets others know of it (RFC 6121 §4.2, §4.4, §4.5). */
export class Availability {
  readonly #host: Host;
  readonly #parts: Parts;
  readonly #last: Map<Session, Presence>;
  readonly #maxBytes: number;

  /** @param maxBytes the largest presence that is broadcast */
  constructor(host: Host, parts: Parts, last: Map<Session, Presence>, maxBytes: number) {
    this.#host = host;
    this.#parts = parts;
    this.#last = last;
    this.#maxBytes = maxBytes;
  }

  /** A client sends presence to everybody. @throws StanzaError */
  present(stanza: Presence, origin: LocalSession): void | Promise<void> {
    switch (stanza.type) {
      case "":
        return this.#come(stanza, origin);
      case "unavailable":
        // Nobody is kept from leaving; only the last words go.
        return this.leave(this.#fits(stanza) ? stanza : stanza.map((element) => element.holding()), origin);
      case "error":
        return;
      default:
        throw new StanzaError("bad-request", nobodyNamed);
    }
  }

  /** The connection of a client has ended: its presence, too (RFC 6121 §4.5.2). */
  lose(session: LocalSession): void | Promise<void> {
    const gone = presence({ type: "unavailable" });
    return this.leave(Stanza.of("presence", gone, session.jid, session.jid.bare), session);
  }

  #come(stanza: Presence, origin: LocalSession): void | Promise<void> {
    if (!this.#fits(stanza)) throw new StanzaError("policy-violation", tooLarge);
    const arrival = { stanza, origin, level: readPriority(stanza.element) };
    // A request that is being kept at this moment would be shown twice.
    const changing = origin.get(available) ? undefined : this.#parts.roster.changing(origin.jid.bare);
    return changing === undefined ? this.#enter(arrival) : changing.then(() => this.#enter(arrival));
  }

  #fits(stanza: Presence): boolean {
    return stanza.element.wire().length <= this.#maxBytes;
  }

  #enter(arrival: Arrival): void | Promise<void> {
    const roster = this.#parts.roster.get(arrival.origin.jid.bare);
    if (!(roster instanceof Promise)) return this.#arrived(arrival, roster);
    return roster.then((loaded) => this.#arrived(arrival, loaded));
  }

  #arrived({ stanza, origin, level }: Arrival, roster: Roster): void | Promise<void> {
    const own = this.#host.sessions.of(origin.jid);
    if (!own.includes(origin)) return; // its connection has ended meanwhile
    const kept = stanza.map((element) => element.compact());
    const initial = !origin.get(available);
    this.#last.set(origin, kept);
    if (origin.get(priority) !== level) origin.set(priority, level);
    if (initial) origin.set(available, true);
    this.#parts.display.toAvailable(kept, own); // §4.2.2, §4.4.2: the sender, too
    this.#parts.display.broadcast(kept, roster);
    if (initial) this.#welcome(origin, own, roster);
    return this.#settle(this.#host.fire(becameAvailable, { session: origin, stanza: kept, initial }));
  }

  /** What a client gets that has just become available: the others' presence, and the requests that wait. */
  #welcome(origin: LocalSession, own: readonly Session[], roster: Roster): void {
    for (const other of own) {
      const last = other === origin ? undefined : this.#last.get(other);
      if (last !== undefined) origin.send(last.toward(origin.jid));
    }
    this.#parts.probes.probe(origin, roster); // §4.3.1
    for (const request of this.#parts.subscriptions.waiting(roster)) origin.send(request); // §3.1.3
    if (!own.some((other) => other !== origin && other.get(available))) this.#parts.subscriptions.repeat(roster);
  }

  /** Tells everybody who could see a client that it is gone. */
  leave(stanza: Presence, session: LocalSession): void | Promise<void> {
    const addresses = this.#parts.directed.take(session);
    const own = this.#host.sessions.of(session.jid);
    if (!this.#last.delete(session)) {
      for (const address of addresses) this.#host.send(stanza.toward(address)); // §4.6.3
      return;
    }
    this.#parts.display.toAvailable(stanza, own); // §4.5.2: also to the client itself
    if (own.includes(session)) session.set(available, false);
    const roster = this.#parts.roster.get(session.jid.bare);
    if (!(roster instanceof Promise)) return this.#departed({ stanza, session, addresses }, roster);
    // After a restart. Who takes the resource anew enters rooms before the roster is there: the rooms hear of the end first.
    const { true: rooms = [], false: others = [] } = Object.groupBy(addresses, (address) => `${this.#serves(address)}`);
    for (const address of rooms) this.#host.send(stanza.toward(address));
    return roster.then((loaded) => this.#departed({ stanza, session, addresses: others }, loaded));
  }

  /** Whether it is at a service of ours, where there are no contacts. */
  #serves({ domain }: Jid): boolean {
    return domain !== this.#host.domain && this.#host.server.router.hosts.has(domain);
  }

  #departed({ stanza, session, addresses }: Departure, roster: Roster): void | Promise<void> {
    this.#parts.display.broadcast(stanza, roster);
    for (const address of addresses) {
      const told =
        hears(roster.items.get(address.bare.toString())) || this.#parts.roster.shared.sees(address, session.jid);
      if (!told) this.#host.send(stanza.toward(address));
    }
    return this.#settle(this.#host.fire(becameUnavailable, { session, stanza }));
  }

  /** The client's next stanza waits for those who listen, but is not refused for what they do wrong. */
  #settle(outcome: boolean | Promise<boolean>): void | Promise<void> {
    if (!(outcome instanceof Promise)) return;
    background(this.#host.log, outcome, "presence not handled");
    return outcome.then(nothing, nothing);
  }
}

interface Arrival {
  readonly stanza: Presence;
  readonly origin: LocalSession;
  readonly level: number;
}

interface Departure {
  readonly stanza: Presence;
  readonly session: LocalSession;
  readonly addresses: ReturnType<Directed["take"]>;
}

const nothing = (): void => {};

/** RFC 6121 §4.7.2.3: an integer between -128 and 127; 0 where it is left out. @throws StanzaError `bad-request` */
function readPriority(element: Element): number {
  const found = element.all(priorityTag);
  if (found.length === 0) return 0;
  const text = found[0]!.text.trim();
  const value = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (found.length > 1 || !(value >= -128 && value <= 127)) throw new StanzaError("bad-request", badPriority);
  return value;
}

const badPriority = {
  en: "The priority of a client is one whole number between -128 and 127.",
  fr: "La priorité d'un client est un seul nombre entier entre -128 et 127.",
};
const tooLarge = {
  en: "This presence is too large. Use a shorter status text.",
  fr: "Cette présence est trop volumineuse. Utilisez un texte de statut plus court.",
};
const nobodyNamed = {
  en: "It is not said whom this request is for. Give the address of a contact.",
  fr: "Cette demande n'indique pas à qui elle s'adresse. Donnez l'adresse d'un contact.",
};
