import { Recent } from "#collections/recent.ts";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { entering, leaving, type Packet } from "#core/packet.ts";
import { face } from "#core/session.ts";
import { count, section } from "#core/settings.ts";
import { isRequest, Stanza } from "#stanza/stanza.ts";
import { forgetAll, known, learn, migrations } from "./store.ts";

const settings = section({
  contacts: count(10_000, "Contacts elsewhere, of one account, for whom the form of its address is remembered."),
});

/** Entries kept in memory. */
const remembered = 20_000;
const asked = 5_000;

/**
 * Constant addresses (RFC 6120 §8.1): a contact at another server always sees a person under the address that the
 * contact first used, whatever aliases their domain has.
 */
export const faces: Feature<ReturnType<(typeof settings)["parse"]>> = {
  name: "faces",
  xeps: [],
  settings,
  migrations,
  setup(host, { contacts }) {
    if (host.server.faces.aliases(host.domain).length === 0) return;
    const memory = new FaceMemory(host, contacts);
    host.on(entering, "amend", (packet) => memory.enter(packet, packet.as));
    host.on(leaving, "amend", (packet) => memory.leave(packet));
    host.on(removing, "record", async ({ account }) => void (await host.db.run(forgetAll(account.toString()))));
  },
};

class FaceMemory {
  readonly #host: Host;
  readonly #limit: number;
  readonly #known = new Recent<string>(remembered);
  /** Requests under way: their answers come from the address that was asked, whatever is remembered. */
  readonly #asked = new Recent<string>(asked);

  constructor(host: Host, limit: number) {
    this.#host = host;
    this.#limit = limit;
  }

  enter({ stanza }: Packet, as: string): void | Promise<void> {
    if (isRequest(stanza)) this.#asked.set(`${stanza.from} ${stanza.id}`, as);
    if (stanza.to.local === "") return;
    const { key, account, contact } = relation(stanza.to, stanza.from);
    if (this.#known.get(key) !== undefined) return;
    this.#known.set(key, as);
    return this.#learn({ account, contact, domain: as });
  }

  leave(packet: Packet): void | Promise<void> {
    const { stanza } = packet;
    const answers = stanza.kind === "iq" && !isRequest(stanza);
    const domain = answers ? this.#asked.take(`${stanza.to} ${stanza.id}`) : undefined;
    if (domain !== undefined) return this.#show(packet, domain);
    if (stanza.from.local === "") return;
    const { key, account, contact } = relation(stanza.from, stanza.to);
    const remembered = this.#known.get(key);
    if (remembered !== undefined) return this.#show(packet, remembered);
    return this.#find(packet, { key, account, contact });
  }

  /** Somebody the contact does not know yet: the form of the address is the one this client uses itself. */
  async #find(packet: Packet, { key, account, contact }: Relation): Promise<void> {
    const own = packet.origin?.get(face) || this.#host.domain;
    const domain = (await known(this.#host.db, account, contact)) ?? own;
    if (this.#known.get(key) === undefined) {
      this.#known.set(key, domain);
      await learn(this.#host.db, { account, contact, domain }, this.#limit);
    }
    this.#show(packet, this.#known.get(key) ?? domain);
  }

  async #learn(face: { account: string; contact: string; domain: string }): Promise<void> {
    await learn(this.#host.db, face, this.#limit);
    const kept = await known(this.#host.db, face.account, face.contact);
    if (kept !== undefined) this.#known.set(`${face.account} ${face.contact}`, kept);
  }

  #show(packet: Packet, domain: string): void {
    if (domain === this.#host.domain) return;
    const { faces } = this.#host.server;
    const { kind, element, from, to } = packet.stanza;
    packet.stanza = Stanza.of(kind, faces.outward(element, domain), faces.shown(from, domain), to);
  }
}

interface Relation {
  readonly key: string;
  readonly account: string;
  readonly contact: string;
}

function relation(own: Stanza["from"], other: Stanza["from"]): Relation {
  const account = own.bare.toString();
  const contact = other.bare.toString();
  return { key: `${account} ${contact}`, account, contact };
}
