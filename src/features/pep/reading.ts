import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type PageRequest, page, readPageRequest } from "#stanza/rsm.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import type { Access } from "./access.ts";
import { keptSince } from "./configuration.ts";
import type { NodeTable } from "./nodes.ts";
import { noSuchNode } from "./service.ts";
import { type Item, itemIds, itemsById, type Node } from "./store.ts";
import { item, items, pubsub, refusal } from "./tags.ts";

/** Most items in one answer to those who ask for pages. */
const mostAtOnce = 500;
/** Most bytes of payloads in one answer; what is older is left for the next page. */
const mostBytes = 1024 * 1024;

/** Reads nodes for those who may. */
export class Reading {
  readonly #host: Host;
  readonly #table: NodeTable;
  readonly #access: Access;

  constructor(host: Host, table: NodeTable, access: Access) {
    this.#host = host;
    this.#table = table;
    this.#access = access;
  }

  /** The node, if there is one that `reader` may read. @throws StanzaError saying why not */
  async node(account: Jid, name: string | undefined, reader: Jid): Promise<Node> {
    if (name === undefined || name === "") throw refusal("bad-request", "nodeid-required", noName);
    const node = (await this.#table.of(account)).byName.get(name);
    if (node === undefined) throw new StanzaError("item-not-found", noSuchNode);
    const problem = await this.#access.refuses(account, node, reader);
    if (problem !== undefined) throw problem;
    return node;
  }

  /** The nodes that `reader` may read, by name. */
  async visible(account: Jid, reader: Jid): Promise<Node[]> {
    const found: Node[] = [];
    for (const node of (await this.#table.of(account)).byName.values()) {
      if ((await this.#access.refuses(account, node, reader)) === undefined) found.push(node);
    }
    return found;
  }

  /** The ids of the items of a node, oldest first. */
  ids(account: Jid, { name, configuration }: Node): Promise<string[]> {
    return itemIds(this.#host.db, account.toString(), name, keptSince(configuration));
  }

  /** The items of a node, oldest first; none where there is no such node. */
  async items(account: Jid, name: string): Promise<Item[]> {
    const node = (await this.#table.of(account)).byName.get(name);
    return node === undefined ? [] : this.#items(account, node, await this.ids(account, node));
  }

  async #items(account: Jid, { name, configuration }: Node, ids: readonly string[]): Promise<Item[]> {
    const found = await itemsById(this.#host.db, account.toString(), name, ids);
    const since = keptSince(configuration);
    return found.filter(({ published }) => published >= since);
  }

  /** Answers a request for items (XEP-0060 §6.5). */
  async answer(account: Jid, request: Element, asked: Element, reader: Jid): Promise<Element> {
    const node = await this.node(account, asked.attrs.node, reader);
    const paging = readPageRequest(request, mostAtOnce);
    const named = asked.all(item).map(({ attrs }) => attrs.id ?? "");
    const all = named.length > 0 ? named.slice(0, mostAtOnce) : await this.ids(account, node);
    const part = page(all, paging ?? newest(asked.attrs.max_items), (id) => id);
    const found = await this.#items(account, node, part.items);
    const fitting = fitted(found.map(({ id, xml }) => ({ id, xml })));
    const told = items(
      { node: node.name },
      ...fitting.map(({ id, xml }) => item({ id }, ...(xml === "" ? [] : [parseText(xml)]))),
    );
    if (paging === undefined && fitting.length === found.length) return pubsub({}, told);
    // §6.5.4: a part of the items comes with what it is a part of.
    const from = fitting.length === 0 ? all.length : all.indexOf(fitting[0]!.id);
    return pubsub({}, told, page(all, { max: fitting.length, index: from }, (id) => id).set);
  }
}

/** `max_items` (§6.5.7): the newest so many; without it, all. */
function newest(text: string | undefined): PageRequest {
  if (text === undefined) return { max: Number.MAX_SAFE_INTEGER };
  if (!/^\d{1,9}$/.test(text)) throw new StanzaError("bad-request", badCount);
  return { max: Number(text), before: "" };
}

/** As many of the newest as fit. */
function fitted<Kept extends { readonly xml: string }>(found: readonly Kept[]): readonly Kept[] {
  let bytes = 0;
  for (let at = found.length - 1; at >= 0; at--) {
    bytes += Buffer.byteLength(found[at]!.xml);
    if (bytes > mostBytes && at < found.length - 1) return found.slice(at + 1);
  }
  return found;
}

const noName = { en: "Say which node is meant.", fr: "Précisez de quel nœud il s'agit." };
const badCount = { en: "max_items must be a number.", fr: "max_items doit être un nombre." };
