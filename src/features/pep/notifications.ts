import { randomUUID } from "node:crypto";
import type { Host } from "#core/host.ts";
import type { Session } from "#core/session.ts";
import type { Disco } from "#features/disco/index.ts";
import { disclosing, type PresenceApi } from "#features/presence/index.ts";
import { Jid } from "#jid/jid.ts";
import { delayed } from "#stanza/delay.ts";
import { message, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import type { Access } from "./access.ts";
import type { Foreigners } from "./foreigners.ts";
import type { Item, Node } from "./store.ts";
import { event } from "./tags.ts";

export interface NotificationParts {
  readonly access: Access;
  readonly presence: PresenceApi;
  readonly disco: Disco;
  readonly foreigners: Foreigners;
}

/** Tells those who want to know, and may (XEP-0163 §4). */
export class Notifications {
  readonly #host: Host;
  readonly #parts: NotificationParts;

  constructor(host: Host, parts: NotificationParts) {
    this.#host = host;
    this.#parts = parts;
  }

  /** Something has happened to a node: `content` is inside the event. */
  async tell(account: Jid, node: Node, content: Element): Promise<void> {
    const stanza = notification(account, node, event.event({}, content));
    for (const address of await this.#recipients(account, node)) this.#host.send(stanza.toward(address));
  }

  /** What was published last, for one who came later (§4.3.4). */
  async remind(account: Jid, node: Node, item: Item, address: Jid): Promise<void> {
    if (node.configuration["pubsub#send_last_published_item"] !== "on_sub_and_presence") return;
    await this.handOver(account, node, item, address);
  }

  /** The last item, to a client that may see it. */
  async handOver(account: Jid, node: Node, item: Item, address: Jid): Promise<void> {
    if (await this.#hidden(account, node, address)) return;
    const told = event.event({}, event.items({ node: node.name }, itemElement(item, node)));
    const stamp = delayed(account, new Date(item.published));
    this.#host.send(notification(account, node, told, stamp).toward(address));
  }

  async #hidden(account: Jid, node: Node, address: Jid): Promise<boolean> {
    if (address.bare.equals(account)) return false;
    if ((await this.#parts.access.refuses(account, node, address)) !== undefined) return true;
    return this.#withheld(account, address);
  }

  /** What the owner hides from somebody of their presence, is hidden here too (XEP-0163 §4.3.3 rule 3, blocking). */
  async #withheld(account: Jid, address: Jid): Promise<boolean> {
    return this.#host.has(disclosing) && (await this.#host.fire(disclosing, { from: account, to: address.bare }));
  }

  /** §4.3.2: each once; clients by full JID, those without known presence that subscribed, by the JID they gave. */
  async #recipients(account: Jid, node: Node): Promise<Jid[]> {
    const found = new Map<string, Jid>();
    const covered = new Set<string>([account.toString()]);
    for (const session of this.#host.sessions.of(account)) {
      if (this.#wants(session, node)) found.set(session.jid.toString(), session.jid);
    }
    for (const contact of await this.#contacts(account, node)) {
      covered.add(contact.toString());
      for (const address of this.#clients(account, contact, node)) found.set(address.toString(), address);
    }
    for (const text of node.subscribers) {
      const subscriber = Jid.parse(text);
      if (covered.has(subscriber.bare.toString()) || (await this.#hidden(account, node, subscriber))) continue;
      found.set(text, subscriber);
    }
    return [...found.values()];
  }

  /** Those who see the account's presence, and may read the node. */
  async #contacts(account: Jid, node: Node): Promise<Jid[]> {
    const allowed: Jid[] = [];
    for (const contact of await this.#parts.presence.audience(account)) {
      if (!(await this.#hidden(account, node, contact))) allowed.push(contact);
    }
    return allowed;
  }

  *#clients(account: Jid, contact: Jid, node: Node): Iterable<Jid> {
    if (contact.domain !== this.#host.domain) {
      yield* this.#parts.foreigners.interested(account, contact, node.name);
      return;
    }
    for (const session of this.#host.sessions.of(contact.bare)) if (this.#wants(session, node)) yield session.jid;
  }

  #wants(session: Session, node: Node): boolean {
    return this.#parts.disco.featuresOf(session)?.has(`${node.name}+notify`) ?? false;
  }
}

/** An item inside an event; its content where the node sends it. */
export function itemElement({ id, xml }: Pick<Item, "id" | "xml">, { configuration }: Node): Element {
  return event.item({ id }, ...(xml === "" || !configuration["pubsub#deliver_payloads"] ? [] : [parseText(xml)]));
}

function notification(account: Jid, node: Node, ...content: readonly Element[]): Stanza {
  const type = node.configuration["pubsub#notification_type"];
  // §4.3.1: from the bare JID of the account.
  return Stanza.of("message", message({ type, id: randomUUID() }, ...content), account, account);
}
