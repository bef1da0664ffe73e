import { type Hook, hook } from "#core/hooks.ts";
import type { Host, Identity } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

/** The namespaces of XEP-0030. */
export const discoInfo = "http://jabber.org/protocol/disco#info";
export const discoItems = "http://jabber.org/protocol/disco#items";

export const infoQuery: Tag = tag(discoInfo, "query");
export const itemsQuery: Tag = tag(discoItems, "query");
export const identity: Tag = tag(discoInfo, "identity");
export const feature: Tag = tag(discoInfo, "feature");
const item = tag(discoItems, "item");

/** What is about to be said of an address, or of a node of it (XEP-0030 §3). */
export interface Description {
  /** Whom the question is about. */
  readonly to: Jid;
  readonly from: Jid;
  readonly node: string | undefined;
  /** The `xml:lang` of the question: names follow it. */
  readonly lang: string | undefined;
  readonly identities: Identity[];
  readonly features: Set<string>;
  /** Data forms of type result (XEP-0128). */
  readonly forms: Element[];
  /** Whether the address and node exist: set it where the node is yours. Else the answer is `item-not-found`. */
  known: boolean;
}

/** Somebody asks what an address is and can (disco#info). Handlers add, in the phase "amend". */
export const describing: Hook<Description> = hook("describing");

/** A line of disco#items (XEP-0030 §4). */
export interface Item {
  readonly jid: string;
  readonly node?: string;
  readonly name?: string;
}

/** What is about to be listed under an address, or under a node of it. */
export interface Listing {
  readonly to: Jid;
  readonly from: Jid;
  readonly node: string | undefined;
  /** The `xml:lang` of the question: names follow it. */
  readonly lang: string | undefined;
  /** Whether pages were asked for (XEP-0059): else everything is told at once. */
  readonly paged: boolean;
  /** In the order in which they are told. */
  readonly items: Item[];
  /** As of a description. */
  known: boolean;
}

/** Somebody asks what there is at an address (disco#items). Handlers add, in the phase "amend". */
export const listing: Hook<Listing> = hook("listing");

/** A question about an address. */
export interface Question {
  readonly to: Jid;
  readonly from: Jid;
  readonly node: string | undefined;
  readonly lang: string | undefined;
}

/** Domains and accounts are there; of what there is at a service, or under a node, only who listens knows. */
function isThere(host: Host, { to, node }: Question): boolean {
  return node === undefined && (host.where === "accounts" || to.isDomain);
}

/** What the host itself and all who listen have to say. Synchronous while they are. */
export function describe(host: Host, question: Question): Description | Promise<Description> {
  const place = question.to.isDomain ? "host" : "account";
  const whole = question.node === undefined;
  const description: Description = {
    ...question,
    identities: whole ? [...host.advertised.identities(place)] : [],
    features: new Set(whole ? host.advertised.namespaces(place) : []),
    forms: [],
    known: isThere(host, question),
  };
  const fired = host.fire(describing, description);
  return fired instanceof Promise ? fired.then(() => description) : description;
}

/** What all who listen have to list. Synchronous while they are. */
export function list(host: Host, question: Question & Pick<Listing, "paged" | "items">): Listing | Promise<Listing> {
  const result: Listing = { ...question, known: isThere(host, question) };
  const fired = host.fire(listing, result);
  return fired instanceof Promise ? fired.then(() => result) : result;
}

/** The answer to disco#info; the node of the question is mirrored (XEP-0030 §3.2). */
export function infoElement(description: Description): Element {
  const language = languageOf(description.lang);
  return infoQuery(
    { node: description.node },
    ...description.identities.map(({ category, type, name }) =>
      identity({ category, type, name: typeof name === "object" ? name[language] : name }),
    ),
    ...[...description.features].map((namespace) => feature({ var: namespace })),
    ...description.forms,
  );
}

/** The answer to disco#items, with what tells of the page where one was asked for (XEP-0059). */
export function itemsElement(node: string | undefined, items: readonly Item[], set: Element | undefined): Element {
  return itemsQuery(
    { node },
    ...items.map(({ jid, node: below, name }) => item({ jid, node: below, name })),
    ...(set ? [set] : []),
  );
}
