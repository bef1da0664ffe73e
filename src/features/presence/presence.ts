import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { type Memory, recalling, remembering } from "#core/handover.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { arriving, type Packet, presenting, sending } from "#core/packet.ts";
import { available, closed, type LocalSession, type Session } from "#core/session.ts";
import { count, section, size } from "#core/settings.ts";
import type { Jid } from "#jid/jid.ts";
import { type Presence, presence as presenceTag, Stanza } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { hears, type Roster, type RosterApi, removed, roster, type Subscription, together } from "../roster/index.ts";
import { Availability } from "./availability.ts";
import { Directed } from "./directed.ts";
import { Display } from "./display.ts";
import { type Choice, Probes } from "./probes.ts";
import { isVerb } from "./states.ts";
import { Subscriptions, unasked } from "./subscriptions.ts";

const settings = section({
  directed: count(
    2000,
    "Addresses outside the contact list that one client may show itself to at a time, rooms included.",
  ),
  size: size("16 KiB", "The largest presence that is broadcast."),
  "request-size": size(
    "4 KiB",
    "The largest request for a subscription that is kept whole; of larger ones the content goes.",
  ),
});

type PresenceSettings = ReturnType<(typeof settings)["parse"]>;

/** What other features may ask of presence. */
export interface PresenceApi {
  /** The last presence of a session of this node; undefined while it is not available. */
  of(session: Session): Presence | undefined;
  /** Whether somebody may see an account's presence: a subscription `from` or `both`, or the account itself. */
  authorized(account: Jid, contact: Jid): boolean | Promise<boolean>;
  /** The subscription between an account and a contact, seen by the account. */
  subscriptionOf(account: Jid, contact: Jid): Subscription | Promise<Subscription>;
  /** The contacts that may see an account's presence; of those who see it as members of groups, the ones with sessions. */
  audience(account: Jid): readonly Jid[] | Promise<readonly Jid[]>;
  /** Tells chosen ones, of those who can see an account's clients, that these are gone: they are about to be blocked. */
  withdraw(account: Jid, which: (contact: Jid) => boolean): void;
  /** Shows an account's clients to chosen contacts again, and these to the account: they are no longer blocked. */
  renew(account: Jid, which: (contact: Jid) => boolean): void;
  /** Shows an account's clients to somebody who may see them from now on. */
  show(account: Jid, to: Jid): void;
  /** Tells somebody who may no longer see an account's clients that they are gone. */
  hide(account: Jid, from: Jid): void;
  /** An account is deleted: its contacts and requests go, on disk, too; those who were subscribed are told. */
  forget(account: Jid): Promise<void>;
}

const preApproval = tag("urn:xmpp:features:pre-approval", "sub");

/**
 * Presence and subscriptions (RFC 6121 §3, §4): people see who of their contacts is there, and decide who sees them.
 */
export const presence: Feature<PresenceSettings, PresenceApi> = {
  name: "presence",
  xeps: [],
  settings,
  setup(host, values) {
    const presences = new Presences(host, host.use(roster), values);
    host.stream({ accepts: [], offer: ({ account }) => (account ? preApproval() : undefined), negotiate: () => {} });
    host.on(presenting, "record", ({ stanza, origin }) => presences.availability.present(stanza, origin));
    host.on(sending, "record", (packet) => presences.send(packet));
    host.on(arriving, "record", (packet) => presences.arrive(packet));
    host.on(closed, "record", (session) => presences.availability.lose(session));
    host.on(remembering, "record", ({ session, memory }) => presences.remember(session, memory));
    host.on(recalling, "record", ({ session, memory }) => presences.recall(session, memory));
    host.on(removed, "record", ({ account, item }) => presences.subscriptions.end(account, item));
    host.on(removing, "record", ({ account }) => presences.forget(account));
    return presences;
  },
};

/** The presence of all clients of a host. */
class Presences implements PresenceApi {
  readonly #host: Host;
  readonly #roster: RosterApi;
  readonly #last = new Map<Session, Presence>();
  readonly #directed: Directed;
  readonly #display: Display;
  readonly #probes: Probes;
  readonly subscriptions: Subscriptions;
  readonly availability: Availability;

  constructor(host: Host, rosters: RosterApi, values: PresenceSettings) {
    this.#host = host;
    this.#roster = rosters;
    const directed = new Directed(values.directed);
    const display = new Display(host, rosters);
    const probes = new Probes(host, rosters, display, this.#last);
    const subscriptions = new Subscriptions(host, rosters, this, values["request-size"]);
    const parts = { roster: rosters, display, directed, probes, subscriptions };
    this.#directed = directed;
    this.#display = display;
    this.#probes = probes;
    this.subscriptions = subscriptions;
    this.availability = new Availability(host, parts, this.#last, values.size);
  }

  /** A client sends presence to somebody. */
  send({ stanza, origin }: Packet): Outcome | Promise<Outcome> {
    if (origin === undefined || !stanza.is("presence")) return;
    if (isVerb(stanza.type)) return this.subscriptions.outbound(stanza, stanza.type).then(taken);
    if (stanza.type === "unavailable") this.#directed.remove(origin, stanza.to);
    else if (stanza.type === "" && !this.#sees(origin, stanza.to.bare)) this.#directed.add(origin, stanza.to);
  }

  /** Presence reaches an account. */
  arrive({ stanza }: Packet): Outcome | Promise<Outcome> {
    if (!stanza.is("presence")) return;
    if (stanza.to.local === "") return this.#toServer(stanza);
    if (isVerb(stanza.type)) return this.subscriptions.inbound(stanza, stanza.type).then(taken);
    if (stanza.type === "probe") return this.#probes.answer(stanza).then(taken);
    if (stanza.type === "error") return this.#failed(stanza);
    // What was sent before and changes the roster is told before (RFC 6120 §10.1).
    return this.#roster.changing(stanza.to.bare);
  }

  of(session: Session): Presence | undefined {
    return this.#last.get(session);
  }

  /** What others know of a session that goes on in the next process. */
  remember(session: LocalSession, memory: Memory): void {
    const last = this.#last.get(session);
    if (last !== undefined) memory.presence = last.element.toString();
    const directed = this.#directed.of(session);
    if (directed.length > 0) memory.directed = directed.map(String);
  }

  /** They know it still: nobody is told. */
  recall(session: LocalSession, { presence: last, directed }: Readonly<Memory>): void {
    if (typeof last === "string") {
      this.#last.set(session, Stanza.of("presence", parseText(last).compact(), session.jid, session.jid.bare));
    }
    if (Array.isArray(directed)) this.#directed.put(session, directed.map(String));
  }

  authorized(account: Jid, contact: Jid): boolean | Promise<boolean> {
    if (contact.bare.equals(account.bare) || this.#roster.shared.sees(contact, account)) return true;
    const key = contact.bare.toString();
    return this.#with(account, (found) => hears(found.items.get(key)));
  }

  subscriptionOf(account: Jid, contact: Jid): Subscription | Promise<Subscription> {
    const key = contact.bare.toString();
    const shared = this.#roster.shared.find(account, contact);
    return this.#with(account, ({ items }) => together(items.get(key), shared)?.subscription ?? "none");
  }

  audience(account: Jid): readonly Jid[] | Promise<readonly Jid[]> {
    return this.#with(account, (found) => this.#audience(found, everybody));
  }

  withdraw(account: Jid, which: Choice): void {
    for (const session of this.#host.sessions.of(account)) {
      if (!("connection" in session)) continue;
      const gone = Stanza.of("presence", presenceTag({ type: "unavailable" }), session.jid, account);
      for (const address of this.#directed.take(session as LocalSession, which)) this.#host.send(gone.toward(address));
    }
    this.#apply(account, (found) => {
      for (const contact of this.#audience(found, which)) this.hide(account, contact);
    });
  }

  renew(account: Jid, which: Choice): void {
    this.#apply(account, (found) => {
      for (const contact of this.#audience(found, which)) this.show(account, contact);
      for (const session of this.#host.sessions.of(account)) {
        if (session.get(available)) this.#probes.probe(session, found, which);
      }
    });
  }

  show(account: Jid, to: Jid): void {
    for (const session of this.#host.sessions.of(account)) {
      const last = this.#last.get(session);
      if (last !== undefined) this.#display.send(last, to);
    }
  }

  hide(account: Jid, from: Jid): void {
    this.#display.hide(account, from);
  }

  async forget(account: Jid): Promise<void> {
    const last = await this.#roster.get(account);
    // Contacts first: should this be cut off, it can be done again. Who gets the name next must not inherit them.
    await Promise.all([...last.items.values()].map((item) => this.subscriptions.end(account, item)));
    await Promise.all([...last.requests.values()].map((request) => this.subscriptions.refuse(account, request)));
    await this.#roster.forget(account);
  }

  #audience({ account, items }: Roster, which: Choice): readonly Jid[] {
    const result: Jid[] = [];
    for (const item of items.values()) if (hears(item) && which(item.contact)) result.push(item.contact);
    for (const contact of this.#roster.shared.audience(account)) {
      if (!hears(items.get(contact.toString())) && which(contact)) result.push(contact);
    }
    return result;
  }

  #with<T>(account: Jid, read: (found: Roster) => T): T | Promise<T> {
    const found = this.#roster.get(account.bare);
    return found instanceof Promise ? found.then(read) : read(found);
  }

  /** At once where the roster is in memory, as it is while the account is online. */
  #apply(account: Jid, work: (found: Roster) => void): void {
    background(this.#host.log, this.#with(account, work));
  }

  /** Whether what the client broadcasts reaches somebody anyway. */
  #sees(origin: LocalSession, contact: Jid): boolean {
    if (!origin.get(available)) return false;
    const account = origin.jid.bare;
    if (contact.equals(account) || this.#roster.shared.sees(contact, account)) return true;
    return hears(this.#roster.cached(account)?.items.get(contact.toString()));
  }

  /** Somebody could not be reached: the clients are told, and nobody there needs to learn of their end. */
  #failed(stanza: Presence): Outcome {
    if (stanza.id === unasked) return handled;
    // The answer to a request for a subscription, which is sent by the account.
    if (stanza.to.isBare) return this.#display.toAvailable(stanza, this.#host.sessions.of(stanza.to));
    const session = this.#host.sessions.find(stanza.to);
    if (session !== undefined && "connection" in session) this.#directed.remove(session as LocalSession, stanza.from);
  }

  /** The server has no presence to watch: who asks for it need not wait. */
  #toServer(stanza: Presence): void {
    if (stanza.type !== "subscribe") return;
    const answer = presenceTag({ type: "unsubscribed" });
    this.#host.send(Stanza.of("presence", answer, stanza.to.bare, stanza.from.bare));
  }
}

const everybody: Choice = () => true;

function taken(): typeof handled {
  return handled;
}
