import { Recent } from "#collections/recent.ts";
import { channels } from "#core/bus.ts";
import { sql } from "#core/database.ts";
import type { Host } from "#core/host.ts";
import { opened } from "#core/session.ts";
import type { RosterApi } from "#features/roster/index.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

const namespace = "urn:xmpp:mam:2";
export const prefs: Tag = tag(namespace, "prefs");
const alwaysList = tag(namespace, "always");
const neverList = tag(namespace, "never");
const jidItem = tag(namespace, "jid");

export const standards = ["always", "never", "roster"] as const;
/** With whom conversations are archived, where no list says otherwise (XEP-0441 §2.1.1). */
export type Standard = (typeof standards)[number];

/** What a person wants to be archived (XEP-0441 §2.1); addresses as text, bare or full. */
interface Preferences {
  readonly standard: Standard;
  readonly always: ReadonlySet<string>;
  readonly never: ReadonlySet<string>;
}

interface Row {
  readonly standard: Standard;
  readonly always: string;
  readonly never: string;
}

/** Accounts whose preferences are kept in memory. */
const remembered = 20_000;
const stalePrefix = "archive preferences ";

export interface PreferencesOptions {
  readonly standard: Standard;
  /** The most addresses in the two lists together. */
  readonly addresses: number;
}

/** The archiving preferences of the accounts of a host (XEP-0441). */
export class AllPreferences {
  readonly #host: Host;
  readonly #roster: RosterApi;
  readonly #initial: Preferences;
  readonly #most: number;
  readonly #known = new Recent<Preferences | Promise<Preferences>>(remembered);

  constructor(host: Host, roster: RosterApi, { standard, addresses }: PreferencesOptions) {
    this.#host = host;
    this.#roster = roster;
    this.#initial = { standard, always: new Set(), never: new Set() };
    this.#most = addresses;
    host.on(opened, "check", ({ jid }) => {
      const known = this.#of(jid.bare.toString());
      if (known instanceof Promise) known.catch(() => {}); // who needs them meets the error
    });
    host.server.bus.on(channels.stale, (key) => {
      if (key.startsWith(stalePrefix)) this.#known.delete(key.slice(stalePrefix.length));
    });
  }

  /** Whether an account wants to keep what it exchanges with an address; at once if all is in memory. */
  wants(account: Jid, peer: Jid): boolean | Promise<boolean> {
    const known = this.#of(account.bare.toString());
    return known instanceof Promise
      ? known.then((one) => this.#judge(one, account, peer))
      : this.#judge(known, account, peer);
  }

  #judge({ standard, always, never }: Preferences, account: Jid, peer: Jid): boolean | Promise<boolean> {
    if (never.size > 0 && listed(never, peer)) return false;
    if (standard === "always") return true;
    if (always.size > 0 && listed(always, peer)) return true;
    return standard === "roster" && this.#isContact(account.bare, peer.bare);
  }

  #isContact(account: Jid, peer: Jid): boolean | Promise<boolean> {
    if (account.equals(peer) || this.#roster.shared.find(account, peer) !== undefined) return true;
    const found = this.#roster.get(account);
    const key = peer.toString();
    return found instanceof Promise ? found.then(({ items }) => items.has(key)) : found.items.has(key);
  }

  /** Answers with the preferences of an account (XEP-0441 §2.1). */
  async show(account: Jid): Promise<Element> {
    return describe(await this.#of(account.bare.toString()));
  }

  /** Changes them. @throws StanzaError `bad-request`, `jid-malformed`, `not-allowed` */
  async change(account: Jid, request: Element): Promise<Element> {
    const standard = standards.find((one) => one === request.attrs.default);
    if (standard === undefined) throw new StanzaError("bad-request", noStandard);
    const always = readList(request.child(alwaysList));
    const never = readList(request.child(neverList));
    if (always.size + never.size > this.#most) throw new StanzaError("not-allowed", tooMany);
    const key = Buffer.from(account.bare.toString()).toString();
    await this.#host.db.run(
      sql`insert into archive_preferences (account, standard, always, never)
        values (${key}, ${standard}, ${[...always].join("\n")}, ${[...never].join("\n")})
        on conflict (account) do update set standard = excluded.standard, always = excluded.always, never = excluded.never`,
    );
    const changed = { standard, always, never };
    this.#known.set(key, changed);
    this.#host.server.bus.broadcast(channels.stale, stalePrefix + key);
    return describe(changed);
  }

  async forget(account: Jid): Promise<void> {
    const key = account.bare.toString();
    await this.#host.db.run(sql`delete from archive_preferences where account = ${key}`);
    this.#known.delete(key);
    this.#host.server.bus.broadcast(channels.stale, stalePrefix + key);
  }

  #of(key: string): Preferences | Promise<Preferences> {
    return this.#known.get(key) ?? this.#load(Buffer.from(key).toString());
  }

  #load(key: string): Promise<Preferences> {
    const query = sql`select standard, always, never from archive_preferences where account = ${key}`;
    const loading = this.#host.db.one<Row>(query).then(
      (row) => {
        const read = row === undefined ? this.#initial : fromRow(row);
        if (this.#known.get(key) === loading) this.#known.set(key, read);
        return read;
      },
      (problem) => {
        if (this.#known.get(key) === loading) this.#known.delete(key);
        throw problem;
      },
    );
    this.#known.set(key, loading);
    return loading;
  }
}

/** XEP-0441 §2.3.1: a bare address in a list stands for all its resources. */
function listed(addresses: ReadonlySet<string>, peer: Jid): boolean {
  return addresses.has(peer.bare.toString()) || (!peer.isBare && addresses.has(peer.toString()));
}

function fromRow({ standard, always, never }: Row): Preferences {
  return { standard, always: split(always), never: split(never) };
}

function split(text: string): ReadonlySet<string> {
  return new Set(text === "" ? [] : text.split("\n"));
}

function describe({ standard, always, never }: Preferences): Element {
  return prefs({ default: standard }, fill(alwaysList, always), fill(neverList, never));
}

function fill(list: Tag, addresses: ReadonlySet<string>): Element {
  return list({}, ...[...addresses].map((address) => jidItem({}, address)));
}

function readList(element: Element | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  for (const item of element?.all(jidItem) ?? []) {
    try {
      found.add(Buffer.from(Jid.parse(item.text.trim()).toString()).toString()); // a copy: it stays
    } catch (problem) {
      if (!(problem instanceof JidError)) throw problem;
      throw new StanzaError("jid-malformed", badAddress);
    }
  }
  return found;
}

const noStandard = {
  en: "Say whether messages are archived by default: always, never or roster.",
  fr: "Indiquez si les messages sont archivés par défaut : always, never ou roster.",
};
const tooMany = {
  en: "There are too many addresses in these lists. Remove some of them.",
  fr: "Il y a trop d'adresses dans ces listes. Retirez-en quelques-unes.",
};
const badAddress = {
  en: "One of these addresses is not valid. An address looks like login@domain.",
  fr: "L'une de ces adresses n'est pas valide. Une adresse a la forme login@domaine.",
};
