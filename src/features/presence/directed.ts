import type { LocalSession } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { detach } from "#xml/bytes.ts";

const nobody: readonly Jid[] = [];

/** To whom each client has shown itself by directed presence: they must learn of its end (RFC 6121 §4.6). */
export class Directed {
  readonly #limit: number;
  readonly #addresses = new Map<LocalSession, Map<string, Jid>>();

  /** @param limit addresses that are kept for one client */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws StanzaError if the client has shown itself to too many */
  add(session: LocalSession, to: Jid): void {
    const addresses = this.#addresses.get(session) ?? new Map<string, Jid>();
    const key = to.toString();
    if (addresses.has(key)) return;
    if (addresses.size >= this.#limit) throw new StanzaError("resource-constraint", tooMany);
    const own = detach(key); // the address must not keep the memory of a network read alive
    addresses.set(own, Jid.parse(own));
    this.#addresses.set(session, addresses);
  }

  /** All addresses of a client. */
  of(session: LocalSession): readonly Jid[] {
    return [...(this.#addresses.get(session)?.values() ?? nobody)];
  }

  /** What is known of a client from before. */
  put(session: LocalSession, addresses: readonly string[]): void {
    this.#addresses.set(session, new Map(addresses.map((address) => [address, Jid.parse(address)])));
  }

  remove(session: LocalSession, to: Jid): void {
    const addresses = this.#addresses.get(session);
    if (addresses?.delete(to.toString()) && addresses.size === 0) this.#addresses.delete(session);
  }

  /** Gives the addresses, all or those that are chosen, and forgets them. */
  take(session: LocalSession, which?: (address: Jid) => boolean): readonly Jid[] {
    const addresses = this.#addresses.get(session);
    if (addresses === undefined) return nobody;
    if (which === undefined) {
      this.#addresses.delete(session);
      return [...addresses.values()];
    }
    const chosen = [...addresses.values()].filter(which);
    for (const address of chosen) this.remove(session, address);
    return chosen;
  }
}

const tooMany = {
  en: "This client is in touch with too many addresses at once. Leave some rooms first.",
  fr: "Ce client est en relation avec trop d'adresses à la fois. Quittez d'abord quelques salons.",
};
