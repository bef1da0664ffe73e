import type { Jid } from "#jid/jid.ts";

/** Clients elsewhere that are remembered, in all; and of one contact. */
const most = 20_000;
const mostOfContact = 50;
/** Nodes that one client may want to know of. */
const mostNodes = 100;
const suffix = "+notify";

interface Foreigner {
  readonly address: Jid;
  readonly nodes: ReadonlySet<string>;
}

/** Clients of contacts on other servers, as their presence announced them to an account (XEP-0163 §4.3.2 rule 3). */
export class Foreigners {
  /** By account and contact, then by full JID; the oldest first. */
  readonly #known = new Map<string, Map<string, Foreigner>>();
  #count = 0;

  /** Takes note of a client. Returns the nodes that it did not want to know of before. */
  add(account: Jid, address: Jid, features: ReadonlySet<string>): string[] {
    const key = keyOf(account, address);
    const clients = this.#known.get(key) ?? new Map<string, Foreigner>();
    const name = address.toString();
    const before = clients.get(name);
    const nodes = wanted(features).slice(0, mostNodes);
    clients.set(name, { address, nodes: new Set(nodes) });
    this.#known.set(key, clients);
    if (before === undefined) {
      this.#count++;
      // Its own go first: whoever makes up clients takes no place from others.
      if (clients.size > mostOfContact) this.remove(account, clients.values().next().value!.address);
      while (this.#count > most) this.#dropOldest();
    }
    return nodes.filter((node) => !before?.nodes.has(node));
  }

  remove(account: Jid, address: Jid): void {
    const key = keyOf(account, address);
    const clients = this.#known.get(key);
    if (!clients?.delete(address.toString())) return;
    this.#count--;
    if (clients.size === 0) this.#known.delete(key);
  }

  /** The clients of a contact that want to know of a node of the account. */
  *interested(account: Jid, contact: Jid, node: string): Iterable<Jid> {
    for (const { address, nodes } of this.#known.get(keyOf(account, contact))?.values() ?? []) {
      if (nodes.has(node)) yield address;
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#known;
    if (oldest === undefined) return;
    this.#count -= oldest[1].size;
    this.#known.delete(oldest[0]);
  }
}

/** The nodes that features ask to be notified of. */
export function wanted(features: Iterable<string>): string[] {
  return [...features].filter((feature) => feature.endsWith(suffix)).map((feature) => feature.slice(0, -suffix.length));
}

function keyOf(account: Jid, contact: Jid): string {
  return `${account} ${contact.bare}`;
}
