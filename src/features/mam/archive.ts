import type { Database } from "#core/database.ts";
import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { body, Stanza } from "#stanza/stanza.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { Addresses } from "./addresses.ts";
import { ArchiveIds, startOf } from "./ids.ts";
import { prepareSearch } from "./search.ts";
import { type Draft, forgetEntries, lastId } from "./store.ts";
import { Writer } from "./writer.ts";

/** Says in which archive a message is, and under which id (XEP-0359 §2.1). */
export const stanzaId: Tag = tag("urn:xmpp:sid:0", "stanza-id");

/** Entries that are forgotten in one go. */
const batch = 500;

interface Parts {
  readonly db: Database;
  readonly ids: ArchiveIds;
  readonly addresses: Addresses;
  readonly writer: Writer;
  readonly searchable: boolean;
}

/** The archives of all accounts, of all domains of a server. */
export class Archive {
  readonly db: Database;
  readonly ids: ArchiveIds;
  readonly addresses: Addresses;
  readonly writer: Writer;
  /** Whether there is an index of words. */
  readonly searchable: boolean;
  /** The `<stanza-id/>` elements made here: any other that says so is forged. */
  readonly #genuine = new WeakSet<Element>();
  /** The message that was archived last, for the other end's archive. */
  #last: { readonly element: Element; readonly draft: Draft } | undefined;

  private constructor({ db, ids, addresses, writer, searchable }: Parts) {
    this.db = db;
    this.ids = ids;
    this.addresses = addresses;
    this.writer = writer;
    this.searchable = searchable;
  }

  static async open({ db, server, log }: Host, search: boolean): Promise<Archive> {
    const searchable = await prepareSearch(db, search);
    if (search && !searchable) log.warn("the database has no full-text search: archives cannot be searched");
    const addresses = new Addresses(db);
    const writer = new Writer({ db, addresses, log, metrics: server.metrics, searchable });
    await writer.catchUp();
    const ids = new ArchiveIds(server.secret("archive ids"), await lastId(db));
    server.metrics.gauge("archive_waiting", () => writer.waiting);
    return new Archive({ db, ids, addresses, writer, searchable });
  }

  /**
   * Puts a message into the archive of `owner`, and says under which id. It is written behind the caller. The same
   * message, passed for both of its ends one after the other, is kept once.
   */
  add({ element }: Stanza, owner: Jid, peer: Jid): number {
    const words = this.searchable ? element.child(body)?.text : undefined;
    const name = owner.bare.toString();
    const last = this.#last;
    if (last?.element === element && last.draft.id === this.ids.last && last.draft.owner === peer.bare.toString()) {
      this.#last = undefined;
      if (last.draft.peer === name && this.writer.addOtherEnd(last.draft, peer.resource)) return last.draft.id;
    }
    const draft: Draft = {
      id: this.ids.next(),
      stanza: element.toString(),
      body: words,
      owner: name,
      peer: peer.bare.toString(),
      resource: peer.resource,
      otherResource: undefined,
    };
    this.#last = { element, draft };
    this.writer.add(draft);
    return draft.id;
  }

  /** The message with its id in the archive of an account (XEP-0313 §3.5). */
  stamp(stanza: Stanza, owner: Jid, id: number): Stanza {
    const mark = stanzaId({ by: owner.bare.toString(), id: this.ids.toText(id) });
    this.#genuine.add(mark);
    return Stanza.of(stanza.kind, stanza.element.append(mark), stanza.from, stanza.to);
  }

  /** Whether the archive itself has put this element into a message. */
  isGenuine(mark: Element): boolean {
    return this.#genuine.has(mark);
  }

  /** The id that a message has been given in the archive of an account. */
  idOf(message: Element, account: Jid): number | undefined {
    const by = account.bare.toString();
    const mark = message.elements.find((child) => child.is(stanzaId) && child.attrs.by === by);
    return mark?.attrs.id === undefined ? undefined : this.ids.parse(mark.attrs.id);
  }

  /** Forgets one batch of what an owner has from before a moment, the oldest first; true once there is no more. */
  forgetBatch(owner: number, before: Date): Promise<boolean> {
    const { db, searchable } = this;
    return forgetEntries(db, { owner, below: startOf(before.getTime()), most: batch, searchable });
  }

  /** Forgets the whole archive of an account. Copies that others have of the same messages stay. */
  async forgetAccount(account: Jid): Promise<void> {
    await this.writer.settle();
    const owner = await this.addresses.find(account.bare.toString());
    if (owner === undefined) return;
    const end = new Date(Date.now() + 86_400_000);
    while (!(await this.forgetBatch(owner, end)));
  }
}
