import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Iq } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { keptSince } from "./configuration.ts";
import type { NodeTable } from "./nodes.ts";
import type { Notifications } from "./notifications.ts";
import type { Reading } from "./reading.ts";
import type { PersonalNodes } from "./service.ts";
import { lastItem, type Node, nodesNaming } from "./store.ts";
import { affiliation, affiliations, owner, pubsub, refusal, subscription, subscriptions } from "./tags.ts";

/** Most JIDs that may subscribe to one node by themselves, and most that one may treat in a special way. */
const most = 1000;
/** What those who are treated in a special way take at most: they count for no quota. */
const mostBytes = 65_536;
/** Most JIDs of one person that may subscribe to one node: each of them gets each publication. */
const mostOfOne = 10;

export interface SubscriptionParts {
  readonly host: Host;
  readonly table: NodeTable;
  readonly nodes: PersonalNodes;
  readonly reading: Reading;
  readonly notifications: Notifications;
}

/** Subscriptions by request (XEP-0060 §6), for those whose presence does not subscribe them already; and affiliations. */
export class Subscriptions {
  readonly #parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /** §6.1. */
  async subscribe({ to: account, from }: Iq, request: Element): Promise<Element> {
    const { host, reading, nodes, notifications } = this.#parts;
    const subscriber = subscriberOf(request, from);
    const node = await reading.node(account, request.attrs.node, from);
    const key = subscriber.toString();
    await nodes.update(account, node.name, (before) => {
      if (before.subscribers.includes(key)) return before;
      if (before.subscribers.length >= most) throw new StanzaError("resource-constraint");
      const own = before.subscribers.filter((one) => bareOf(one) === from.bare.toString());
      if (own.length >= mostOfOne) throw refusal("policy-violation", "too-many-subscriptions", tooMany); // §6.1.3.13
      return { ...before, subscribers: [...before.subscribers, key] };
    });
    const last = await lastItem(host.db, account.toString(), node.name, keptSince(node.configuration));
    if (last !== undefined && node.configuration["pubsub#send_last_published_item"] !== "never") {
      setImmediate(() => background(host.log, notifications.handOver(account, node, last, subscriber)));
    }
    return pubsub({}, subscription({ node: node.name, jid: key, subscription: "subscribed" }));
  }

  /** §6.2. */
  async unsubscribe({ to: account, from }: Iq, request: Element): Promise<void> {
    const key = subscriberOf(request, from).toString();
    const { name } = await this.#node(account, request.attrs.node);
    await this.#parts.nodes.update(account, name, (before) => {
      if (!before.subscribers.includes(key)) throw refusal("unexpected-request", "not-subscribed", notSubscribed);
      return { ...before, subscribers: before.subscribers.filter((one) => one !== key) };
    });
  }

  /** §5.6: one's own, at this account. */
  async own({ to: account, from }: Iq, request: Element): Promise<Element> {
    const { byName } = await this.#parts.table.of(account);
    const mine = [...byName.values()]
      .filter(({ name }) => request.attrs.node === undefined || request.attrs.node === name)
      .flatMap(({ name, subscribers }) =>
        subscribers.filter((one) => bareOf(one) === from.bare.toString()).map((jid) => ({ node: name, jid })),
      );
    const list = mine.map(({ node, jid }) => subscription({ node, jid, subscription: "subscribed" }));
    return pubsub({}, subscriptions({ node: request.attrs.node }, ...list));
  }

  /** §5.7. */
  async ownAffiliations({ to: account, from }: Iq, request: Element): Promise<Element> {
    const { byName } = await this.#parts.table.of(account);
    const list = [...byName.values()]
      .filter(({ name }) => request.attrs.node === undefined || request.attrs.node === name)
      .map((node) => ({ node: node.name, affiliation: affiliationOf(account, node, from) }))
      .filter((one) => one.affiliation !== "none");
    return pubsub({}, affiliations({ node: request.attrs.node }, ...list.map((one) => affiliation(one))));
  }

  /** §8.8.1. */
  async all(account: Jid, request: Element): Promise<Element> {
    const { name, subscribers } = await this.#node(account, request.attrs.node);
    const list = subscribers.map((jid) => owner.subscription({ jid, subscription: "subscribed" }));
    return owner.pubsub({}, owner.subscriptions({ node: name }, ...list));
  }

  /** §8.8.2: the owner ends subscriptions; only the subscribers themselves can begin them. */
  async change(account: Jid, request: Element): Promise<void> {
    const { name } = await this.#node(account, request.attrs.node);
    const ended = new Set<string>();
    for (const { attrs } of request.all(owner.subscription)) {
      if (attrs.subscription !== "none") throw new StanzaError("not-acceptable", onlyEnd);
      ended.add(addressIn(attrs.jid).toString());
    }
    await this.#parts.nodes.update(account, name, (before) => ({
      ...before,
      subscribers: before.subscribers.filter((one) => !ended.has(one)),
    }));
  }

  /** §8.9.1. */
  async allAffiliations(account: Jid, request: Element): Promise<Element> {
    const node = await this.#node(account, request.attrs.node);
    const list = [[account.toString(), "owner"], ...Object.entries(node.affiliations)];
    const told = list.map(([jid, value]) => owner.affiliation({ jid, affiliation: value }));
    return owner.pubsub({}, owner.affiliations({ node: node.name }, ...told));
  }

  /** §8.9.2: an account is the one owner and publisher of its nodes (XEP-0163 §2.2). */
  async changeAffiliations(account: Jid, request: Element): Promise<void> {
    const { name } = await this.#node(account, request.attrs.node);
    await this.#parts.nodes.update(account, name, (before) => {
      const changed = { ...before.affiliations };
      for (const { attrs } of request.all(owner.affiliation)) {
        const jid = addressIn(attrs.jid).bare;
        if (jid.equals(account)) throw new StanzaError("not-acceptable", onlyOwner);
        if (attrs.affiliation === "none") delete changed[jid.toString()];
        else if (attrs.affiliation === "member" || attrs.affiliation === "outcast") {
          changed[jid.toString()] = attrs.affiliation;
        } else throw new StanzaError("not-acceptable", onlyOwner);
      }
      const bytes = Buffer.byteLength(JSON.stringify(changed));
      if (Object.keys(changed).length > most || bytes > mostBytes) throw new StanzaError("resource-constraint");
      return withoutOutcasts({ ...before, affiliations: changed });
    });
  }

  /** An address is nobody's any more: whoever gets it next is no subscriber, member or outcast by it. */
  async forget(gone: Jid): Promise<void> {
    const { host, nodes } = this.#parts;
    const bare = gone.toString();
    for (const { account, name } of await nodesNaming(host.db, bare)) {
      const owner = Jid.parse(account);
      if (owner.domain !== host.domain) continue;
      try {
        await nodes.update(owner, name, (node) => without(node, bare));
      } catch (problem) {
        if (!(problem instanceof StanzaError)) throw problem; // the node has gone meanwhile
      }
    }
  }

  #node(account: Jid, name: string | undefined): Promise<Node> {
    return this.#parts.reading.node(account, name, account);
  }
}

function without(node: Node, bare: string): Node {
  const { [bare]: _, ...affiliations } = node.affiliations;
  return { ...node, affiliations, subscribers: node.subscribers.filter((one) => bareOf(one) !== bare) };
}

function withoutOutcasts(node: Node): Node {
  return { ...node, subscribers: node.subscribers.filter((one) => node.affiliations[bareOf(one)] !== "outcast") };
}

function affiliationOf(account: Jid, node: Node, reader: Jid): string {
  if (reader.bare.equals(account)) return "owner";
  return node.affiliations[reader.bare.toString()] ?? "none";
}

/** §6.1.3.1: who subscribes somebody, subscribes oneself. */
function subscriberOf({ attrs }: Element, from: Jid): Jid {
  const subscriber = addressIn(attrs.jid);
  if (subscriber.bare.equals(from.bare)) return subscriber;
  throw refusal("bad-request", "invalid-jid", onlyOneself);
}

function addressIn(text: string | undefined): Jid {
  try {
    return Jid.parse(text ?? "");
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
    throw refusal("bad-request", "invalid-jid", noAddress);
  }
}

function bareOf(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : address.slice(0, slash);
}

const notSubscribed = { en: "There is no such subscription.", fr: "Il n'y a pas de tel abonnement." };
const tooMany = {
  en: "You have subscribed as many of your addresses as you may. Remove one first.",
  fr: "Vous avez abonné autant de vos adresses que permis. Retirez-en une d'abord.",
};
const onlyEnd = {
  en: "The owner can only end subscriptions.",
  fr: "Le propriétaire peut seulement mettre fin à des abonnements.",
};
const onlyOwner = {
  en: "Others can only be members, outcasts or nothing of a personal node.",
  fr: "Les autres ne peuvent être que membres, exclus ou rien d'un nœud personnel.",
};
const onlyOneself = {
  en: "You can only subscribe yourself.",
  fr: "Vous ne pouvez abonner que vous-même.",
};
const noAddress = { en: "This is no address.", fr: "Ceci n'est pas une adresse." };
