import type { Jid } from "#jid/jid.ts";

/** Clients elsewhere that are remembered, in all. */
const most = 20_000;

interface Foreigner {
  readonly address: Jid;
  readonly features: ReadonlySet<string>;
}

/** Clients of contacts on other servers, as their presence announced them to an account (XEP-0163 §4.3.2 rule 3). */
export class Foreigners {
  /** By account and contact, then by full JID; the oldest first. */
  readonly #known = new Map<string, Map<string, Foreigner>>();
  #count = 0;

  /** Takes note of a client. Returns the features that are new. */
  add(account: Jid, address: Jid, features: ReadonlySet<string>): string[] {
    const key = keyOf(account, address);
    const clients = this.#known.get(key) ?? new Map<string, Foreigner>();
    const before = clients.get(address.toString());
    if (before === undefined) this.#count++;
    clients.set(address.toString(), { address, features });
    this.#known.set(key, clients);
    while (this.#count > most) this.#dropOldest();
    return [...features].filter((feature) => !before?.features.has(feature));
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
    for (const { address, features } of this.#known.get(keyOf(account, contact))?.values() ?? []) {
      if (features.has(`${node}+notify`)) yield address;
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#known;
    if (oldest === undefined) return;
    this.#count -= oldest[1].size;
    this.#known.delete(oldest[0]);
  }
}

function keyOf(account: Jid, contact: Jid): string {
  return `${account} ${contact.bare}`;
}
