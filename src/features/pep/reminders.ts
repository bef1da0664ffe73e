import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { arriving } from "#core/packet.ts";
import type { LocalSession } from "#core/session.ts";
import { type Disco, learned } from "#features/disco/index.ts";
import { becameAvailable, becameUnavailable, type PresenceApi } from "#features/presence/index.ts";
import { heard, type RosterApi } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { keptSince } from "./configuration.ts";
import { type Foreigners, wanted } from "./foreigners.ts";
import type { Notifications } from "./notifications.ts";
import { isWhole, itemsById, lastItems } from "./store.ts";

/** Accounts that one query asks about; and accounts times nodes: a client may want to know of hundreds. */
const atOnce = 256;
const mostAtOnce = 4096;

export interface ReminderParts {
  readonly disco: Disco;
  readonly presence: PresenceApi;
  readonly roster: RosterApi;
  readonly foreigners: Foreigners;
  readonly notifications: Notifications;
}

/** Whoever comes online gets what was published last, of what it wants to know (XEP-0163 §4.3.4). */
export class Reminders {
  readonly #host: Host;
  readonly #parts: ReminderParts;
  /** What a session has been told of since it came online. */
  readonly #told = new WeakMap<LocalSession, ReadonlySet<string>>();

  /** The last presence of clients elsewhere, while it is being found out what they can. */
  readonly #meetings = new Map<string, Stanza>();

  constructor(host: Host, parts: ReminderParts) {
    this.#host = host;
    this.#parts = parts;
    host.on(learned, "copy", ({ session, features }) => this.#local(session, features));
    host.on(becameAvailable, "copy", ({ session, initial }) => {
      const features = initial ? parts.disco.featuresOf(session) : undefined;
      if (features !== undefined) this.#local(session, features);
    });
    host.on(becameUnavailable, "copy", ({ session }) => void this.#told.delete(session));
    host.on(arriving, "copy", ({ stanza }) => this.#elsewhere(stanza));
  }

  #local(session: LocalSession, features: ReadonlySet<string>): void {
    const before = this.#told.get(session);
    const nodes = wanted([...features].filter((feature) => !before?.has(feature)));
    this.#told.set(session, features);
    if (nodes.length === 0) return;
    // In a later turn: presence is on its way to others meanwhile.
    setImmediate(() => background(this.#host.log, this.#remindOfAll(session, nodes)));
  }

  async #remindOfAll({ jid }: LocalSession, nodes: readonly string[]): Promise<void> {
    const accounts = [jid.bare, ...(await this.#watched(jid.bare))];
    const step = Math.max(1, Math.min(atOnce, Math.floor(mostAtOnce / nodes.length)));
    for (let from = 0; from < accounts.length; from += step) {
      await this.#remind(accounts.slice(from, from + step), nodes, jid);
    }
  }

  /** The accounts of this host whose presence an account gets. Those elsewhere remind us themselves. */
  async #watched(account: Jid): Promise<Jid[]> {
    const { roster } = this.#parts;
    const found = new Map<string, Jid>();
    for (const item of (await roster.get(account)).items.values()) {
      if (heard(item) && item.contact.domain === this.#host.domain) found.set(item.contact.toString(), item.contact);
    }
    for (const { contact, subscription } of roster.shared.visible(account)) {
      if (subscription !== "from" && contact.domain === this.#host.domain) found.set(contact.toString(), contact);
    }
    return [...found.values()];
  }

  async #remind(accounts: readonly Jid[], nodes: readonly string[], address: Jid): Promise<void> {
    const byName = new Map(accounts.map((account) => [account.toString(), account]));
    const found = await lastItems(this.#host.db, [...byName.keys()], nodes);
    for (const { account, node, ...last } of found) {
      if (last.published < keptSince(node.configuration)) continue;
      const item = isWhole(last) ? last : (await itemsById(this.#host.db, account, node.name, [last.id]))[0];
      if (item !== undefined) await this.#parts.notifications.remind(byName.get(account)!, node, item, address);
    }
  }

  /** Presence of a contact's client on another server (XEP-0163 §4.3.2). */
  #elsewhere(stanza: Stanza): void {
    if (!stanza.is("presence") || stanza.from.domain === this.#host.domain || !stanza.to.isBare) return;
    if (stanza.from.isBare || stanza.to.isDomain) return;
    const meeting = `${stanza.to} ${stanza.from}`;
    if (stanza.type === "unavailable") {
      this.#meetings.delete(meeting);
      this.#parts.foreigners.remove(stanza.to, stanza.from);
    } else if (stanza.type === "") {
      this.#meetings.set(meeting, stanza);
      const met = this.#meet(stanza, () => this.#meetings.get(meeting) === stanza);
      const over = () => {
        if (this.#meetings.get(meeting) === stanza) this.#meetings.delete(meeting);
      };
      background(this.#host.log, met.finally(over));
    }
  }

  /** It may leave, or say something else, before it has said what it can. */
  async #meet({ to: account, from: client, element }: Stanza, stillSo: () => boolean): Promise<void> {
    const { presence, disco, foreigners } = this.#parts;
    if (!(await presence.authorized(account, client))) return;
    const features = await disco.announcedBy(client, element);
    if (features === undefined || !stillSo()) return;
    const nodes = foreigners.add(account, client, features);
    if (nodes.length > 0) await this.#remind([account], nodes, client);
  }
}
