import type { Feature } from "#core/feature.ts";
import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { arriving } from "#core/packet.ts";
import { closed, type LocalSession, opened } from "#core/session.ts";
import { count, duration, section } from "#core/settings.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest, type Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { describe, type Item, query, type Roster, unknown } from "./item.ts";
import { interested, pushTo } from "./push.ts";
import { readSet } from "./request.ts";
import { type Change, Rosters } from "./rosters.ts";
import { allContacts, type KnownVersion, ownPart, readVersion, together, versionOf } from "./shared.ts";
import { migrations } from "./store.ts";

/** The user has removed a contact: it is on disk, the clients are told. Subscriptions end with it (RFC 6121 §2.5.2). */
export const removed: Hook<{ readonly account: Jid; readonly item: Item }> = hook("contact removed");

const settings = section({
  contacts: count(1000, "Contacts that one account may have."),
  requests: count(200, "Requests for a subscription that may wait for the answer of one account; more are ignored."),
  "name-length": count(1023, "Bytes in the name of a contact, and in the name of a group."),
  groups: count(32, "Groups that one contact may be in."),
  idle: count(1000, "Contact lists kept in memory of accounts that are not connected."),
  "idle-time": duration("10 minutes", "How long they are kept at most."),
});

type RosterSettings = ReturnType<(typeof settings)["parse"]>;

/** What other features may ask of rosters. */
export type RosterApi = Pick<
  Rosters,
  | "get"
  | "cached"
  | "changing"
  | "change"
  | "forget"
  | "refuseFull"
  | "takesRequests"
  | "shared"
  | "share"
  | "tellShared"
>;

const rosterVersioning = tag("urn:xmpp:features:rosterver", "ver");

/**
 * Contact lists (RFC 6121 §2): people find their contacts, with names and groups, in each of their clients; clients that
 * kept a copy only get what has changed since (§2.6).
 */
export const roster: Feature<RosterSettings, RosterApi> = {
  name: "roster",
  xeps: [],
  settings,
  migrations,
  setup(host, values) {
    const rosters = new Rosters(host, {
      idle: values.idle,
      idleMs: values["idle-time"],
      items: values.contacts,
      requests: values.requests,
    });
    host.on(opened, "record", (session) => rosters.opened(session.jid.bare));
    host.on(closed, "copy", (session) => rosters.closed(session.jid.bare));
    host.on(arriving, "check", ({ stanza }) => refuseOthers(stanza));
    host.stream({
      accepts: [],
      offer: ({ account }) => (account ? rosterVersioning() : undefined),
      negotiate: () => {},
    });
    host.iq("get", query, "self", (iq, payload, origin) => give(rosters, { iq, payload, origin }));
    host.iq("set", query, "self", (iq, payload) => change(host, rosters, { account: iq.from.bare, payload, values }));
    return rosters;
  },
};

/** RFC 6121 §2.3.3: nobody reads or changes the roster of somebody else, whether or not there is such an account. */
function refuseOthers(stanza: Stanza): void {
  if (stanza.kind !== "iq" || stanza.to.local === "" || !stanza.to.isBare || !isRequest(stanza)) return;
  if (stanza.payload?.is(query) && !stanza.from.bare.equals(stanza.to)) throw new StanzaError("forbidden", notYours);
}

interface Asked {
  readonly iq: Iq;
  readonly payload: Element;
  readonly origin: LocalSession | undefined;
}

/** RFC 6121 §2.2: gives the roster; from now on the client gets pushes. */
function give(rosters: Rosters, asked: Asked): Element | undefined | Promise<Element | undefined> {
  const found = rosters.get(asked.iq.from.bare);
  return found instanceof Promise
    ? found.then((loaded) => answer(rosters, loaded, asked))
    : answer(rosters, found, asked);
}

function answer({ shared }: Rosters, found: Roster, { payload, origin }: Asked): Element | undefined {
  origin?.set(interested, true);
  const { account, version } = found;
  const current = shared.version(account);
  const known = readVersion(payload.attrs.ver);
  if (origin !== undefined && known?.own === version && known.shared === current) return undefined; // §2.6.3
  const changed = origin && known?.shared === current ? news(found, known) : undefined;
  if (origin === undefined || changed === undefined) {
    return query({ ver: versionOf(version, current) }, ...Array.from(allContacts(found, shared), describe));
  }
  // §2.6.3: an empty result, then what has changed, in the order of the changes.
  setImmediate(() => {
    for (const own of changed) {
      const { contact } = own;
      const item = together(own, shared.find(account, contact));
      pushTo(origin, account, { contact, item, ver: versionOf(own.version, current) });
    }
  });
  return undefined;
}

/** What has changed since a version, where pushes can tell it all, in fewer words than the whole roster. */
function news(found: Roster, { own }: KnownVersion): readonly Item[] | undefined {
  if (own >= found.version || own < found.removed) return undefined;
  const changed = [...found.items.values()].filter((item) => item.version > own);
  if (changed.length * 2 > found.items.size) return undefined;
  return changed.sort((one, other) => one.version - other.version);
}

interface Wanted {
  readonly account: Jid;
  readonly payload: Element;
  readonly values: RosterSettings;
}

/** RFC 6121 §2.3 to §2.5. */
async function change(host: Host, rosters: Rosters, { account, payload, values }: Wanted): Promise<void> {
  const wanted = readSet(payload, { nameBytes: values["name-length"], groups: values.groups });
  const { contact } = wanted;
  await rosters.change(account, (found): Change => {
    const item = found.items.get(contact.toString());
    if (wanted.remove) {
      if (rosters.shared.sees(account, contact)) throw new StanzaError("not-allowed", institutions);
      if (item === undefined) throw new StanzaError("item-not-found", notThere); // §2.5.3
      return { remove: contact, after: () => background(host.log, host.fire(removed, { account, item })) };
    }
    if (item === undefined) rosters.refuseFull(found);
    return { put: { ...(item ?? unknown(contact)), ...ownPart(wanted, item, rosters.shared.find(account, contact)) } };
  }).committed;
}

const notYours = {
  en: "This contact list belongs to somebody else.",
  fr: "Cette liste de contacts appartient à quelqu'un d'autre.",
};
const institutions = {
  en: "This contact is in your list because of a group of the directory. It stays there as long as the group says so; you may block it instead.",
  fr: "Ce contact est dans votre liste parce qu'un groupe de l'annuaire l'y place. Il y reste tant que le groupe le veut ; vous pouvez le bloquer.",
};
const notThere = {
  en: "This contact is not in your contact list.",
  fr: "Ce contact n'est pas dans votre liste de contacts.",
};
