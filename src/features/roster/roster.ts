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
  "get" | "cached" | "changing" | "change" | "forget" | "refuseFull" | "takesRequests"
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
  return found instanceof Promise ? found.then((loaded) => answer(loaded, asked)) : answer(found, asked);
}

function answer(found: Roster, { payload, origin }: Asked): Element | undefined {
  origin?.set(interested, true);
  const known = readVersion(payload.attrs.ver);
  if (origin !== undefined && known === found.version) return undefined; // §2.6.3: nothing has changed
  const items = [...found.items.values()];
  const changed = known === undefined ? items : items.filter((item) => item.version > known);
  if (origin === undefined || known === undefined || !fewer(changed, found, known)) {
    return query({ ver: String(found.version) }, ...items.map(describe));
  }
  // §2.6.3: an empty result, then what has changed, in the order of the changes.
  const inOrder = changed.sort((one, other) => one.version - other.version);
  setImmediate(() => {
    for (const item of inOrder) pushTo(origin, found.account, item);
  });
  return undefined;
}

/** Whether pushes can tell all that has changed since a version, in fewer words than the whole roster. */
function fewer(changed: readonly Item[], found: Roster, known: number): boolean {
  return known < found.version && known >= found.removed && changed.length * 2 <= found.items.size;
}

/** The version that a client has; undefined if it has none, or none of ours. */
function readVersion(ver: string | undefined): number | undefined {
  return ver !== undefined && /^\d{1,15}$/.test(ver) ? Number(ver) : undefined;
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
      if (item === undefined) throw new StanzaError("item-not-found", notThere); // §2.5.3
      return { remove: contact, after: () => background(host.log, host.fire(removed, { account, item })) };
    }
    if (item === undefined) rosters.refuseFull(found);
    return { put: { ...(item ?? unknown(contact)), name: wanted.name, groups: wanted.groups } };
  }).committed;
}

const notYours = {
  en: "This contact list belongs to somebody else.",
  fr: "Cette liste de contacts appartient à quelqu'un d'autre.",
};
const notThere = {
  en: "This contact is not in your contact list.",
  fr: "Ce contact n'est pas dans votre liste de contacts.",
};
