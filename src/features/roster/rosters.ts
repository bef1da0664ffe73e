import { channels } from "#core/bus.ts";
import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { detach } from "#xml/bytes.ts";
import { Addresses } from "./addresses.ts";
import type { Item, ItemChange, Roster, SubscriptionRequest } from "./item.ts";
import { apply, type Kept, toKept } from "./kept.ts";
import { Loading } from "./loading.ts";
import { anyInterested, pushNews } from "./push.ts";
import { nothingShared, type SharedContacts, together, versionOf } from "./shared.ts";
import { deleteItem, deleteRequest, deleteRoster, putItem, putRequest, putVersion } from "./store.ts";

/** What is to become of a roster; whatever is left out stays as it is. */
export interface Change {
  /** An item to add, or to put in the place of the old one. */
  readonly put?: ItemChange;
  /** The contact whose item goes. */
  readonly remove?: Jid;
  /** A request to keep until the user has answered it. */
  readonly request?: SubscriptionRequest;
  /** The contact whose request has been answered, or taken back. */
  readonly settle?: Jid;
  /** Called when the change is kept, before the roster pushes. */
  readonly before?: () => void;
  /** Called after the roster pushes. */
  readonly after?: () => void;
}

/** A change on its way. */
export interface Changing {
  /** The change is on disk. Rejects with what the decision threw, or with a DatabaseError. */
  readonly committed: Promise<unknown>;
  /** The pushes are sent, too. Rejects likewise. */
  readonly told: Promise<unknown>;
}

export interface RostersOptions {
  /** Rosters kept in memory of accounts that have no session. */
  readonly idle: number;
  /** How long one is kept so, in milliseconds. */
  readonly idleMs: number;
  /** Contacts of one account. */
  readonly items: number;
  /** Unanswered requests of one account. */
  readonly requests: number;
}

/** What is needed of a host. */
export type Home = Pick<Host, "db" | "server" | "sessions">;

type Decision = Change | undefined;
type Decide = (roster: Roster) => Decision | Promise<Decision>;
type Tell = () => void;

const ready: Promise<void> = Promise.resolve();

/**
 * The rosters of a host. Those of accounts with sessions stay in memory, some others as well, up to a bound. Changes of
 * one roster are made one after the other: decided on what is kept, written to disk, told.
 */
export class Rosters {
  readonly #host: Home;
  readonly #options: RostersOptions;
  readonly #kept = new Map<string, Kept>();
  /** Of the kept ones, those of accounts without sessions, with the time of their last use, oldest first. */
  readonly #idle = new Map<string, number>();
  /** The end of the last change under way, by account. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #addresses = new Addresses();
  readonly #loading: Loading;
  #shared: SharedContacts = nothingShared;

  constructor(host: Home, options: RostersOptions) {
    this.#host = host;
    this.#options = options;
    this.#loading = new Loading(host.db, this.#addresses);
    host.server.bus.on(channels.stale, (payload) => {
      if (payload.startsWith(stalePrefix)) this.#drop(payload.slice(stalePrefix.length));
    });
  }

  /** The roster of an account, at once if it is in memory. Many asked for in the same moment cost one query. */
  get(account: Jid): Roster | Promise<Roster> {
    return this.cached(account) ?? this.#load(account);
  }

  /** The roster of an account if it is in memory. */
  cached(account: Jid): Roster | undefined {
    const key = account.toString();
    const roster = this.#kept.get(key);
    if (roster !== undefined && this.#idle.delete(key)) this.#idle.set(key, performance.now());
    return roster;
  }

  /** While a roster changes: resolves when all changes asked for so far are made and told. Else undefined. */
  changing(account: Jid): Promise<void> | undefined {
    return this.#tails.size === 0 ? undefined : this.#tails.get(account.toString());
  }

  /** Changes a roster. `decide` sees it as it is kept; other changes of it wait. What it throws refuses the change. */
  change(account: Jid, decide: Decide): Changing {
    return this.#queue(account.toString(), () => this.#commit(account, decide));
  }

  /** Forgets all that is kept of an account, on disk, too. Resolves with what it was. */
  async forget(account: Jid): Promise<Roster> {
    const key = account.toString();
    let last: Roster | undefined;
    await this.#queue(key, async () => {
      last = await this.get(account);
      await this.#host.db.batch(deleteRoster(key));
      this.#stale(key);
      return undefined;
    }).told;
    return last!;
  }

  /** Contacts that people have without having added them. */
  get shared(): SharedContacts {
    return this.#shared;
  }

  /** From now on rosters are shown together with these. */
  share(contacts: SharedContacts): void {
    this.#shared = contacts;
  }

  /** Shared contacts of an account have changed: its clients are told, if they want to know. */
  async tellShared(account: Jid, contacts: readonly Jid[]): Promise<void> {
    if (contacts.length === 0 || !anyInterested(this.#host, account)) return;
    const roster = await this.get(account);
    await this.changing(account); // whose version this would give away before its push
    const version = versionOf(roster.version, this.#shared.version(account));
    for (const [index, contact] of contacts.entries()) {
      const left = contacts.length - index - 1;
      // Who is cut off before the last push must not believe to have them all.
      this.#tell(roster, contact, left === 0 ? version : `${version}+${left}`);
    }
  }

  /** @throws StanzaError if one contact more is too many */
  refuseFull(roster: Roster): void {
    if (roster.items.size >= this.#options.items) throw new StanzaError("not-allowed", full);
  }

  /** Whether there is room for one more request to wait for its answer. */
  takesRequests(roster: Roster): boolean {
    return roster.requests.size < this.#options.requests;
  }

  /** An account has a session: what is in memory stays there. */
  opened(account: Jid): void {
    this.#idle.delete(account.toString());
  }

  /** An account has lost a session: after the last one its roster may go from memory. */
  closed(account: Jid): void {
    if (this.#host.sessions.of(account).length > 0) return;
    const key = account.toString();
    if (this.#kept.has(key)) this.#idle.set(key, performance.now());
    this.#trim();
  }

  async #load(account: Jid): Promise<Roster> {
    const key = account.toString();
    const { stored, current } = await this.#loading.read(key);
    const other = this.#kept.get(key);
    if (other !== undefined) return other;
    const roster = toKept(account, stored);
    if (!current) return roster;
    this.#kept.set(key, roster);
    if (this.#host.sessions.of(account).length === 0) {
      this.#idle.set(key, performance.now());
      this.#trim();
    }
    return roster;
  }

  #queue(key: string, work: () => Promise<Tell | undefined>): Changing {
    const committed = (this.#tails.get(key) ?? ready).then(work);
    // In a later turn of the loop, so that the result of an IQ goes out before the pushes (RFC 6121 §2.3.2).
    const told = committed.then((tell) => (tell === undefined ? undefined : later(tell)));
    const tail = told.then(nothing, nothing);
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return { committed, told };
  }

  async #commit(account: Jid, decide: Decide): Promise<Tell | undefined> {
    const roster = (await this.get(account)) as Kept;
    const change = await decide(roster);
    if (change === undefined) return undefined;
    const key = account.toString();
    const { put, remove, request, settle } = change;
    // Never below the clock: after a back-up is restored, versions that clients remember are not given out again.
    const version = put || remove ? Math.max(roster.version + 1, Date.now()) : roster.version;
    const item = put && this.#lasting({ ...put, version }, roster.items.get(put.contact.toString()));
    const queries = [
      ...(item ? [putItem(key, item)] : []),
      ...(remove ? [deleteItem(key, remove.toString())] : []),
      ...(item || remove ? [putVersion(key, version, remove ? version : roster.removed)] : []),
      ...(request ? [putRequest(key, request, Date.now())] : []),
      ...(settle ? [deleteRequest(key, settle.toString())] : []),
    ];
    if (queries.length > 0) {
      await this.#host.db.batch(queries);
      apply(roster, { put: item, remove, request: request && this.#lastingRequest(request), settle, version });
      this.#host.server.bus.broadcast(channels.stale, stalePrefix + key);
    }
    return () => {
      change.before?.();
      const contact = item?.contact ?? remove;
      if (contact) this.#tell(roster, contact, versionOf(version, this.#shared.version(account)));
      change.after?.();
    };
  }

  #tell({ account, items }: Roster, contact: Jid, ver: string): void {
    const item = together(items.get(contact.toString()), this.#shared.find(account, contact));
    pushNews(this.#host, account, { contact, item, ver });
  }

  /** An item that keeps no stanza's memory alive: what came off a stream shares the memory of a network read. */
  #lasting(item: Item, old: Item | undefined): Item {
    return {
      ...item,
      contact: this.#address(item.contact),
      name: item.name === old?.name ? old.name : detach(item.name),
      groups: item.groups === old?.groups ? old.groups : item.groups.map(detach),
    };
  }

  #lastingRequest({ contact, stanza }: SubscriptionRequest): SubscriptionRequest {
    return { contact: this.#address(contact), stanza: detach(stanza) };
  }

  #address(jid: Jid): Jid {
    return this.#addresses.of(jid.toString()) ?? jid;
  }

  #stale(key: string): void {
    this.#drop(key);
    this.#host.server.bus.broadcast(channels.stale, stalePrefix + key);
  }

  #drop(key: string): void {
    this.#kept.delete(key);
    this.#idle.delete(key);
    this.#loading.outdate(key);
  }

  /** Lets go of rosters that nobody uses. There is no timer: it is done whenever one is put aside. */
  #trim(): void {
    const oldest = performance.now() - this.#options.idleMs;
    for (const [key, since] of this.#idle) {
      if (this.#idle.size <= this.#options.idle && since >= oldest) return;
      if (this.#tails.has(key)) continue; // one that is being changed must stay the only one of its account
      this.#idle.delete(key);
      this.#kept.delete(key);
    }
  }
}

const stalePrefix = "roster ";
const nothing = (): void => {};

function later(tell: Tell): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        tell();
        resolve();
      } catch (problem) {
        reject(problem);
      }
    });
  });
}

const full = {
  en: "Your contact list is full. Remove a contact before you add another one.",
  fr: "Votre liste de contacts est pleine. Retirez un contact avant d'en ajouter un autre.",
};
