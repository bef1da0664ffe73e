import type { Feature } from "#core/feature.ts";
import { recalling, remembering } from "#core/handover.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Answer, Host } from "#core/host.ts";
import { arriving, type Packet, presenting } from "#core/packet.ts";
import { available, type LocalSession, type Session } from "#core/session.ts";
import { presence } from "#features/presence/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { page, readPageRequest, resultSets } from "#stanza/rsm.ts";
import type { Iq } from "#stanza/stanza.ts";
import { languageOf } from "#stanza/text.ts";
import type { Element } from "#xml/element.ts";
import { Capabilities, caps } from "./capabilities.ts";
import {
  type Description,
  describe,
  type Item,
  infoElement,
  infoQuery,
  itemsElement,
  itemsQuery,
  list,
  listing,
} from "./description.ts";
import { OwnCapabilities } from "./own-capabilities.ts";

/** Most items in one answer to those who ask for pages. */
const mostItems = 100;

/** What other features may ask. */
export interface Disco {
  /** What the client of a session can, by its entity capabilities; undefined while that is unknown. */
  featuresOf(session: Session): ReadonlySet<string> | undefined;
  /** What a presence announces of its client, where that is known already. */
  announcedIn(presence: Element): ReadonlySet<string> | undefined;
  /** What a client on another server can, by the presence it sends; it is asked where that is not known yet. */
  announcedBy(client: Jid, presence: Element): Promise<ReadonlySet<string> | undefined>;
}

/**
 * Service Discovery (XEP-0030): clients learn what the server and accounts are, can and have. With Entity Capabilities
 * (XEP-0115) they need not ask again, and the server knows what its clients can.
 */
export const disco: Feature<undefined, Disco> = {
  name: "disco",
  xeps: [
    { number: 30, version: "2.5.0" },
    { number: 115, version: "1.6.0", note: "without caps optimization" },
    { number: 128, version: "1.0.1" },
    { number: 59, version: "1.0" },
    { number: 4, version: "2.13.2" },
    { number: 68, version: "1.3.0" },
  ],
  setup(host) {
    const contacts = host.use(presence);
    const own = new OwnCapabilities(host);
    const capabilities = new Capabilities(host);
    host.identity({ category: "server", type: "im", name: "Parloir" });
    host.identity({ category: "account", type: "registered" }, "account");
    host.offer(caps);
    host.offer(resultSets);
    host.stream(own.streamFeature);
    host.iq("get", infoQuery, "host", (iq, query, origin) => own.answer(query) ?? answerInfo(host, iq, query, origin));
    host.iq("get", itemsQuery, "host", (iq, query, origin) => answerItems(host, iq, query, { origin }));
    host.iq("get", infoQuery, "account", async (iq, query, origin) => {
      if (!(await isAllowed(iq))) throw new StanzaError("service-unavailable"); // §8 rule 1
      return answerInfo(host, iq, query, origin);
    });
    host.iq("get", itemsQuery, "account", async (iq, query, origin) =>
      answerItems(host, iq, query, { origin, allowed: await isAllowed(iq) }),
    );
    host.on(listing, "amend", ({ to, node, items, lang }) => {
      if (!to.isDomain || node !== undefined) return;
      const language = languageOf(lang);
      for (const { jid, name } of host.services) items.push({ jid: jid.toString(), name: name[language] });
    });
    host.on(arriving, "copy", (packet) => hideAbsence(host, packet));
    host.on(presenting, "copy", ({ stanza, origin }) => {
      if (stanza.type === "") capabilities.note(origin, stanza.element);
    });
    host.on(remembering, "record", ({ session, memory }) => capabilities.remember(session, memory));
    host.on(recalling, "record", ({ session, memory }) => capabilities.recall(session, memory));
    return {
      featuresOf: (session) => capabilities.featuresOf(session),
      announcedIn: (presence) => capabilities.announcedIn(presence),
      announcedBy: (client, presence) => capabilities.announcedBy(client, presence),
    };

    function isAllowed(iq: Iq): boolean | Promise<boolean> {
      return iq.from.bare.equals(iq.to) || contacts.authorized(iq.to, iq.from.bare);
    }
  },
};

/** Service Discovery (XEP-0030) at services such as rooms: what they are and what they hold. */
export const serviceDiscovery: Feature = {
  name: "service-discovery",
  where: "service",
  xeps: [{ number: 30, version: "2.5.0" }],
  setup(host) {
    host.offer(resultSets);
    for (const at of ["host", "account"] as const) {
      host.iq("get", infoQuery, at, (iq, query, origin) => answerInfo(host, iq, query, origin));
      host.iq("get", itemsQuery, at, (iq, query, origin) => answerItems(host, iq, query, { origin }));
    }
  },
};

function answerInfo(host: Host, iq: Iq, query: Element, origin?: LocalSession): Answer | Promise<Answer> {
  const { to, from } = iq;
  const description = describe(host, { to, from, node: query.attrs.node, lang: iq.lang ?? origin?.lang });
  return description instanceof Promise ? description.then(told) : told(description);
}

function told(description: Description): Element {
  if (!description.known) throw new StanzaError("item-not-found");
  return infoElement(description);
}

/** Who asks for items, and whether they may see all of an account. */
interface Asking {
  readonly origin: LocalSession | undefined;
  readonly allowed?: boolean;
}

/** §8 rule 2: strangers see no resources of an account, nor which nodes it has not; there may be other items. */
async function answerItems(host: Host, iq: Iq, query: Element, asking: Asking): Promise<Element> {
  const { allowed = true, origin } = asking;
  const { to, from } = iq;
  const { node } = query.attrs;
  const request = readPageRequest(query, mostItems);
  const own = allowed && node === undefined && !iq.to.isDomain ? resources(host, iq) : [];
  const lang = iq.lang ?? origin?.lang;
  const found = await list(host, { to, from, node, lang, paged: request !== undefined, items: own });
  if (!found.known && allowed) throw new StanzaError("item-not-found");
  if (request === undefined || found.items.length === 0) return itemsElement(node, found.items, undefined);
  const part = page(found.items, request, idOf);
  return itemsElement(node, part.items, part.set);
}

/** An item is named by its address and node (§4.4); an address of an item has no space. */
function idOf({ jid, node }: Item): string {
  return node === undefined ? jid : `${jid} ${node}`;
}

/** §4.1: the available resources of an account. */
function resources(host: Host, iq: Iq): Item[] {
  return host.sessions
    .of(iq.to)
    .filter((session) => session.get(available))
    .map((session) => ({ jid: session.jid.toString() }));
}

/** §8 rule 2: an account that does not exist looks like one that shows nothing. */
function hideAbsence(host: Host, { stanza }: Packet): Outcome | Promise<Outcome> {
  if (!stanza.is("iq") || stanza.type !== "get" || !stanza.to.isBare || stanza.to.isDomain) return;
  const query = stanza.payload;
  if (query === undefined || !query.is(itemsQuery)) return;
  const exists = host.accounts.exists(stanza.to.local);
  return exists instanceof Promise ? exists.then((there) => showNothing(there)) : showNothing(exists);

  function showNothing(there: boolean): Outcome {
    if (there) return;
    host.send(stanza.reply(itemsElement(query!.attrs.node, [], undefined)));
    return handled;
  }
}
