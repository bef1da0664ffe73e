import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { type PepApi, pep, published, retracted } from "#features/pep/index.ts";
import { kept, privateStorage, recalling } from "#features/private-storage/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { isNative, listed, native, storage, toListed, toNative } from "./conversion.ts";

/** The id of the one item that holds the whole list (XEP-0048 §3.1). */
const whole = "current";

/**
 * PEP Native Bookmarks (XEP-0402) and Bookmark Storage (XEP-0048, XEP-0411): rooms that one saved are the same in all
 * clients, whichever of the three ways each of them keeps bookmarks. The items of XEP-0402 are what counts.
 */
export const bookmarks: Feature = {
  name: "bookmarks",
  xeps: [
    { number: 402, version: "1.2.0" },
    { number: 48, version: "1.2", note: "bookmarks of rooms; of web pages in private storage only" },
    { number: 411, version: "1.1.0" },
  ],
  setup(host) {
    host.use(privateStorage);
    const unified = new Unified(host, host.use(pep));
    for (const feature of [`${native}#compat`, `${native}#compat-pep`, "urn:xmpp:bookmarks-conversion:0"]) {
      host.offer(feature, "account");
    }
    host.on(recalling, "amend", async (event) => {
      if (event.wanted.is(storage)) event.found = await unified.list(event.account, event.found);
    });
    host.on(kept, "copy", async ({ account, elements }) => {
      for (const element of elements) if (element.is(storage)) await unified.replace(account, element);
    });
    host.on(published, "copy", async ({ account, node, payload, byClient }) => {
      if (node === native) unified.changed(account);
      else if (node === listed && byClient && payload?.is(storage)) await unified.replace(account, payload);
    });
    host.on(retracted, "copy", ({ account, node }) => {
      if (node === native) unified.changed(account);
    });
  },
};

/** Keeps the forms of bookmarks equal. */
class Unified {
  readonly #host: Host;
  readonly #pep: PepApi;
  /** Accounts whose whole list is about to be published again. */
  readonly #due = new Set<string>();

  constructor(host: Host, nodes: PepApi) {
    this.#host = host;
    this.#pep = nodes;
  }

  /** What a client of private storage reads: the rooms of today, and what else it keeps beside them. */
  async list(account: Jid, found: readonly Element[]): Promise<readonly Element[]> {
    const rooms = await this.#listed(account);
    const others = found.flatMap(({ elements }) => elements).filter(({ name }) => name !== "conference");
    return rooms.length + others.length === 0 ? [] : [storage({}, ...rooms, ...others)];
  }

  /** XEP-0402 §5.3.2: a client wrote the whole list the older way; only what differs is published or taken back. */
  async replace(account: Jid, list: Element): Promise<void> {
    const before = await this.#items(account);
    const wanted = toNative(list, before);
    for (const [id, payload] of wanted) {
      if (!before.get(id)?.equals(payload)) await this.#pep.publish(account, { node: native, id, payload });
    }
    for (const id of before.keys()) if (!wanted.has(id)) await this.#pep.retract(account, native, id);
  }

  /** §5.3.1: the list of the older form follows, once for many changes. */
  changed(account: Jid): void {
    const key = account.toString();
    if (this.#due.has(key)) return;
    this.#due.add(key);
    setImmediate(() => {
      this.#due.delete(key);
      background(this.#host.log, this.#publishList(account), "bookmarks not listed");
    });
  }

  async #publishList(account: Jid): Promise<void> {
    const list = storage({}, ...(await this.#listed(account)));
    const [current] = await this.#pep.items(account, listed);
    if (current?.payload?.equals(list)) return;
    await this.#pep.publish(account, { node: listed, id: whole, payload: list });
  }

  async #listed(account: Jid): Promise<Element[]> {
    return [...(await this.#items(account))].map(([id, payload]) => toListed({ id, payload }));
  }

  async #items(account: Jid): Promise<Map<string, Element>> {
    const items = await this.#pep.items(account, native);
    return new Map(items.flatMap(({ id, payload }) => (isNative(payload) ? [[id, payload] as const] : [])));
  }
}
