import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "#core/database.ts";
import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { body, Stanza } from "#stanza/stanza.ts";
import { Element, type Tag, tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { Addresses } from "./addresses.ts";
import { ArchiveIds } from "./ids.ts";
import { Retention, type Terms } from "./retention.ts";
import { prepareSearch, removeText } from "./search.ts";
import {
  type AddressRow,
  countMessages,
  type Draft,
  forgetEntries,
  lastId,
  lowestOfNewest,
  nextOwner,
  readEntry,
  readUsage,
  replaceStanza,
  type Usage,
} from "./store.ts";
import { Writer } from "./writer.ts";

/** Says in which archive a message is, and under which id (XEP-0359 §2.1). */
export const stanzaId: Tag = tag("urn:xmpp:sid:0", "stanza-id");

/** Entries that are forgotten in one go, and the time between two of them, for others who want to write. */
const batch = 500;
const breathMs = 20;

/**
 * A `<stanza-id/>` that an archive has put into a message: any other that says so is forged. A set of those made here would
 * say the same, but costs a tenth of all that is done for a message: the memory it is in has to be kept in order.
 */
class Mark extends Element {
  readonly archive: object;

  constructor(archive: object, { ns, name, attrs, content }: Element) {
    super(ns, name, attrs, content);
    this.archive = archive;
  }
}

/** A message that was said in a room. */
export interface RoomMessage {
  readonly id: number;
  readonly room: Jid;
  /** The bare JID of who said it, and under which nickname; the room itself, and "". */
  readonly author: Jid;
  readonly nick: string;
  /** As XML text. */
  readonly stanza: string;
  /** What is indexed. */
  readonly body: string | undefined;
}

interface Parts {
  readonly db: Database;
  readonly ids: ArchiveIds;
  readonly addresses: Addresses;
  readonly writer: Writer;
  readonly searchable: boolean;
  readonly retention: Retention;
}

/** The archives of all accounts and rooms, of all domains of a server. */
export class Archive {
  readonly db: Database;
  readonly ids: ArchiveIds;
  readonly addresses: Addresses;
  readonly writer: Writer;
  /** Whether there is an index of words. */
  readonly searchable: boolean;
  /** What operators want of some archives. */
  readonly retention: Retention;
  readonly #replacing = new Set<Promise<boolean>>();
  readonly #keeping = new Map<string, (owner: Jid) => number>();
  #keepsUsually: ((owner: Jid) => number) | undefined;
  /** The message that was archived last, for the other end's archive. */
  #last: { readonly element: Element; readonly draft: Draft } | undefined;

  private constructor({ db, ids, addresses, writer, searchable, retention }: Parts) {
    this.db = db;
    this.ids = ids;
    this.addresses = addresses;
    this.writer = writer;
    this.searchable = searchable;
    this.retention = retention;
  }

  static async open({ db, server, log }: Host, search: boolean, terms: Terms): Promise<Archive> {
    const searchable = await prepareSearch(db, search);
    if (search && !searchable) log.warn("the database has no full-text search: archives cannot be searched");
    const addresses = new Addresses(db);
    const writer = new Writer({ db, addresses, log, metrics: server.metrics, searchable });
    await writer.catchUp();
    const ids = new ArchiveIds(server.secret("archive ids"), await lastId(db));
    server.metrics.gauge("archive_waiting", () => writer.waiting);
    return new Archive({ db, ids, addresses, writer, searchable, retention: await Retention.open(db, terms) });
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

  /** Puts a message of a room into the room's archive. Ids come from `ids.next()`, and are added in their order. */
  addToRoom({ id, room, author, nick, stanza, body }: RoomMessage): void {
    if (this.retention.refuses(room)) return;
    this.writer.add({
      id,
      stanza,
      body: this.searchable ? body : undefined,
      owner: room.toString(),
      peer: author.toString(),
      resource: nick,
      otherResource: undefined,
    });
  }

  /** The message with its id in the archive of an account (XEP-0313 §3.5). */
  stamp(stanza: Stanza, owner: Jid, id: number): Stanza {
    const mark = new Mark(this, stanzaId({ by: owner.bare.toString(), id: this.ids.toText(id) }));
    return Stanza.of(stanza.kind, stanza.element.append(mark), stanza.from, stanza.to);
  }

  /** Whether the archive itself has put this element into a message. */
  isGenuine(mark: Element): boolean {
    return mark instanceof Mark && mark.archive === this;
  }

  /** The id that a message has been given in the archive of an account. */
  idOf(message: Element, account: Jid): number | undefined {
    const by = account.bare.toString();
    const mark = message.elements.find((child) => child.is(stanzaId) && child.attrs.by === by);
    return mark?.attrs.id === undefined ? undefined : this.ids.parse(mark.attrs.id);
  }

  /** @throws StanzaError `resource-constraint` while nothing can be written */
  checkWritable(): void {
    if (this.writer.troubled) throw new StanzaError("resource-constraint", cannotKeep);
  }

  /** Resolves when all that was added or replaced before is on disk, or cannot be written: `writer.troubled` tells. */
  async flush(): Promise<void> {
    await this.writer.flush();
    if (this.#replacing.size > 0) await Promise.allSettled(this.#replacing);
  }

  /**
   * Puts another message in the place of one, as `change` makes it of the old one; undefined leaves it. Resolves when
   * that is on disk: with false where the owner's archive has no such message, or it was left.
   */
  replace(owner: Jid, id: number, change: (message: Element) => Element | undefined): Promise<boolean> {
    const work = this.#replace(owner, id, change);
    this.#replacing.add(work);
    const done = () => void this.#replacing.delete(work);
    work.then(done, done);
    return work;
  }

  async #replace(owner: Jid, id: number, change: (message: Element) => Element | undefined): Promise<boolean> {
    await this.writer.settle();
    const number = await this.addresses.find(owner.toString());
    const text = number === undefined ? undefined : await readEntry(this.db, number, id);
    const changed = text === undefined ? undefined : change(parseText(text));
    if (changed === undefined) return false;
    const unsearched = this.searchable ? [removeText(id)] : [];
    await this.db.batch([replaceStanza(id, changed.toString()), ...unsearched]);
    return true;
  }

  /** Says which of its owners' messages a domain keeps: those from this id on. */
  keeps(domain: string, lowest: (owner: Jid) => number): void {
    this.#keeping.set(domain, lowest);
    this.#keepsUsually ??= lowest;
  }

  /** The lowest id that is kept of an owner's archive. Domains that are gone are kept like the first one. */
  lowestKept(owner: Jid): number {
    return this.retention.lowest(owner, (this.#keeping.get(owner.domain) ?? this.#keepsUsually)?.(owner) ?? 0);
  }

  /** Forgets one batch of what an owner has below an id, the oldest first; true once there is no more. */
  #forgetBatch(owner: number, below: number): Promise<boolean> {
    const { db, searchable } = this;
    return forgetEntries(db, { owner, below, most: batch, searchable });
  }

  /**
   * Keeps the archive of an owner for as long as an operator wants it (undefined: as all others), and forgets what is too
   * old then; resolves when that is done.
   */
  async keep(owner: Jid, keepMs: number | undefined): Promise<void> {
    await this.retention.set(owner, keepMs);
    await this.writer.settle();
    await this.tidy(owner);
  }

  /**
   * Forgets what an owner should not keep any more: what is too old, and the oldest of what is too much. The signal ends it
   * before.
   */
  async tidy(owner: Jid, signal?: AbortSignal): Promise<void> {
    const { most } = this.retention.terms;
    const number = await this.addresses.find(owner.bare.toString());
    if (number === undefined) return;
    // Where nothing is kept, what is said meanwhile is: a room of that address may be made again.
    await this.#forget(number, Math.min(this.lowestKept(owner), this.ids.last + 1), signal);
    if (most === 0 || this.retention.holds(owner) || signal?.aborted) return;
    await this.#forget(number, await lowestOfNewest(this.db, number, most), signal);
  }

  async #forget(owner: number, below: number, signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && !(await this.#forgetBatch(owner, below))) {
      await pause(breathMs, undefined, { ref: false });
    }
  }

  /** The next accounts and rooms by number whose archives hold anything. */
  async owners(after: number, most: number): Promise<AddressRow[]> {
    await this.writer.settle();
    const found: AddressRow[] = [];
    let owner = await nextOwner(this.db, after);
    for (; owner !== undefined && found.length < most; owner = await nextOwner(this.db, owner.id)) found.push(owner);
    return found;
  }

  /** How many messages all archives hold; what two of them have is one. */
  async count(): Promise<number> {
    await this.writer.flush();
    return countMessages(this.db);
  }

  /** What the archive of an owner holds. */
  async usage(owner: Jid): Promise<Usage> {
    await this.writer.settle();
    const number = await this.addresses.find(owner.bare.toString());
    return number === undefined ? nothing : readUsage(this.db, number);
  }

  /**
   * Forgets the archive of an account or a room: what is there, or only what is below an id. Copies that others have of
   * the same messages stay. The signal ends it before; the rest goes with what is too old.
   */
  async purge(owner: Jid, below = this.ids.last + 1, signal?: AbortSignal): Promise<void> {
    await this.writer.settle();
    const number = await this.addresses.find(owner.bare.toString());
    if (number !== undefined) await this.#forget(number, below, signal);
  }
}

const nothing: Usage = { messages: 0, characters: 0, first: undefined, last: undefined };

const cannotKeep = {
  en: "The server cannot keep messages at the moment. Try again in a few minutes.",
  fr: "Le serveur ne peut pas conserver de messages pour l'instant. Réessayez dans quelques minutes.",
};
