import { randomUUID } from "node:crypto";
import type { Query } from "#core/database.ts";
import type { Hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Element } from "#xml/element.ts";
import {
  type Configuration,
  defaultsOf,
  keptSince,
  mostItems,
  notMet,
  optioned,
  sameConfiguration,
} from "./configuration.ts";
import { published, retracted } from "./hooks.ts";
import type { Nodes, NodeTable } from "./nodes.ts";
import { itemElement, type Notifications } from "./notifications.ts";
import {
  bytesBeside,
  deleteItem,
  deleteItems,
  deleteNode,
  expireItems,
  type Node,
  putItem,
  putNode,
  trimItems,
} from "./store.ts";
import { event, refusal } from "./tags.ts";

export interface Limits {
  readonly nodes: number;
  readonly items: number;
  readonly "item-size": number;
  readonly "account-size": number;
}

/** Something to publish. */
export interface Publication {
  readonly node: string;
  /** A new one is made where it is missing. */
  readonly id?: string | undefined;
  readonly payload?: Element | undefined;
  /** How the node must be kept: the submitted form of `publish-options` (XEP-0060 §7.1.5). */
  readonly options?: Element | undefined;
  readonly byClient?: boolean;
}

/** What an account does with its own nodes (XEP-0060 §7, §8). Each resolves when it is on disk; notifications follow. */
export class PersonalNodes {
  readonly #host: Host;
  readonly #table: NodeTable;
  readonly #notifications: Notifications;
  readonly #limits: Limits;

  constructor(host: Host, table: NodeTable, notifications: Notifications, limits: Limits) {
    this.#host = host;
    this.#table = table;
    this.#notifications = notifications;
    this.#limits = limits;
  }

  /** Publishes an item; the node is made if need be (XEP-0163 §3). Resolves with the id. */
  async publish(account: Jid, publication: Publication): Promise<string> {
    const { node: name, payload, byClient = false } = publication;
    const id = publication.id ?? randomUUID();
    const xml = payload === undefined ? "" : payload.toString();
    if (Buffer.byteLength(xml) > this.#limits["item-size"]) throw refusal("not-acceptable", "payload-too-big", tooBig);
    const node = await this.#table.change(account, async (nodes) => {
      const { node: target, fresh } = this.#target(nodes, publication);
      const now = Math.max(Date.now(), nodes.newest + 1);
      const item = { id, xml, published: now };
      const queries = fresh ? [putNode(account.toString(), target)] : [];
      if (target.configuration["pubsub#persist_items"]) {
        await this.#refuseFull(account, name, item);
        queries.push(putItem(account.toString(), name, item), ...this.#upkeep(account, target, now));
      }
      if (queries.length > 0) await this.#host.db.batch(queries);
      nodes.newest = now;
      nodes.byName.set(name, target);
      return target;
    });
    await this.#told(published, { account, node: name, id, payload, byClient });
    this.#afterwards(async () => {
      if (!node.configuration["pubsub#deliver_notifications"]) return;
      await this.#notifications.tell(account, node, event.items({ node: name }, itemElement({ id, xml }, node)));
    });
    return id;
  }

  /** Removes an item. @throws StanzaError `item-not-found` */
  async retract(account: Jid, name: string, id: string, notify: boolean): Promise<void> {
    const node = await this.#change(account, name, async (target) => {
      const [removed] = await this.#host.db.batch([deleteItem(account.toString(), name, id)]);
      if (removed === 0) throw new StanzaError("item-not-found", noSuchItem);
      return target;
    });
    await this.#told(retracted, { account, node: name, id });
    this.#afterwards(async () => {
      // §7.2.2.1: also where the node does not tell by itself, if the client asks for it.
      if (!notify && !node.configuration["pubsub#notify_retract"]) return;
      await this.#notifications.tell(account, node, event.items({ node: name }, event.retract({ id })));
    });
  }

  async create(account: Jid, name: string, configuration: Configuration): Promise<void> {
    await this.#table.change(account, async (nodes) => {
      if (nodes.byName.has(name)) throw new StanzaError("conflict", exists); // §8.1.2
      this.#refuseMany(nodes);
      const node: Node = { name, configuration, affiliations: {}, subscribers: [] };
      await this.#host.db.batch([putNode(account.toString(), node)]);
      nodes.byName.set(name, node);
    });
  }

  async configure(account: Jid, name: string, change: (before: Configuration) => Configuration): Promise<void> {
    const node = await this.update(account, name, (before) => ({
      ...before,
      configuration: change(before.configuration),
    }));
    if (!node.configuration["pubsub#notify_config"]) return;
    this.#afterwards(() => this.#notifications.tell(account, node, event.configuration({ node: name })));
  }

  async purge(account: Jid, name: string): Promise<void> {
    const node = await this.#change(account, name, async (target) => {
      await this.#host.db.batch([deleteItems(account.toString(), name)]);
      return target;
    });
    await this.#gone(account, node, event.purge({ node: name }));
  }

  async delete(account: Jid, name: string): Promise<void> {
    const node = await this.#change(account, name, async (target, nodes) => {
      await this.#host.db.batch(deleteNode(account.toString(), name));
      nodes.byName.delete(name);
      return target;
    });
    await this.#gone(account, node, event.delete({ node: name }));
  }

  /** Changes what is known of a node, its items stay. Resolves with what it is now. @throws StanzaError `item-not-found` */
  update(account: Jid, name: string, change: (before: Node) => Node): Promise<Node> {
    return this.#change(account, name, async (before, nodes) => {
      const node = change(before);
      if (node === before) return before;
      const queries = [putNode(account.toString(), node), ...this.#upkeep(account, node, Date.now())];
      if (!node.configuration["pubsub#persist_items"]) queries.push(deleteItems(account.toString(), name));
      await this.#host.db.batch(queries);
      nodes.byName.set(name, node);
      return node;
    });
  }

  #change(account: Jid, name: string, work: (node: Node, nodes: Nodes) => Promise<Node>): Promise<Node> {
    return this.#table.change(account, (nodes) => {
      const node = nodes.byName.get(name);
      if (node === undefined) throw new StanzaError("item-not-found", noSuchNode);
      return work(node, nodes);
    });
  }

  /** The node to publish to, as it must be for this publication. */
  #target(nodes: Nodes, { node: name, options }: Publication): { readonly node: Node; readonly fresh: boolean } {
    const node = nodes.byName.get(name);
    if (node !== undefined) {
      const { configuration } = node;
      if (options && !sameConfiguration(optioned(configuration, options), configuration, this.#limits.items))
        throw notMet();
      return { node, fresh: false };
    }
    this.#refuseMany(nodes);
    const base = defaultsOf(name);
    const configuration = options ? optioned(base, options) : base;
    return { node: { name, configuration, affiliations: {}, subscribers: [] }, fresh: true };
  }

  #refuseMany({ byName }: Nodes): void {
    if (byName.size >= this.#limits.nodes) throw refusal("resource-constraint", "max-nodes-exceeded", tooMany);
  }

  async #refuseFull(account: Jid, name: string, { id, xml }: { readonly id: string; readonly xml: string }) {
    const others = await bytesBeside(this.#host.db, account.toString(), name, id);
    if (others + Buffer.byteLength(xml) > this.#limits["account-size"])
      throw new StanzaError("resource-constraint", noRoom);
  }

  /** What a node no longer keeps. */
  #upkeep(account: Jid, { name, configuration }: Node, now: number): Query[] {
    const queries = [trimItems(account.toString(), name, mostItems(configuration, this.#limits.items))];
    const since = keptSince(configuration, now);
    if (since > 0) queries.push(expireItems(account.toString(), name, since));
    return queries;
  }

  async #gone(account: Jid, node: Node, told: Element): Promise<void> {
    await this.#told(retracted, { account, node: node.name, id: undefined });
    this.#afterwards(async () => {
      if (node.configuration["pubsub#notify_delete"]) await this.#notifications.tell(account, node, told);
    });
  }

  /** Other features follow before the request is answered; what fails there does not undo what is done. */
  async #told<Event>(moment: Hook<Event>, about: Event): Promise<void> {
    try {
      await this.#host.fire(moment, about);
    } catch (cause) {
      this.#host.log.error("what follows a publication failed", { cause });
    }
  }

  /** In a later turn of the loop, so that the result of the request goes out first. */
  #afterwards(work: () => Promise<void>): void {
    setImmediate(() => background(this.#host.log, work()));
  }
}

const tooBig = {
  en: "This item is larger than the server keeps.",
  fr: "Cet élément est plus grand que ce que le serveur conserve.",
};
const noRoom = {
  en: "This is more than the server keeps for one account. Remove something first.",
  fr: "C'est plus que ce que le serveur conserve pour un compte. Supprimez d'abord quelque chose.",
};
const tooMany = {
  en: "The account has as many nodes as it may have. Remove one first.",
  fr: "Le compte a autant de nœuds qu'il peut en avoir. Supprimez-en un d'abord.",
};
const exists = { en: "There is a node of this name already.", fr: "Il existe déjà un nœud de ce nom." };
/** What is asked for is not there. */
export const noSuchNode = { en: "There is no node of this name.", fr: "Il n'y a pas de nœud de ce nom." };
const noSuchItem = { en: "There is no such item.", fr: "Il n'y a pas de tel élément." };
