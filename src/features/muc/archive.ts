import type { Host } from "#core/host.ts";
import { type MamApi, readLatest, stanzaId, startOf, timeOf, worthKeepingInRoom } from "#features/mam/index.ts";
import type { Jid } from "#jid/jid.ts";
import { body } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { memorable, Past } from "./history.ts";
import type { Speaking } from "./hooks.ts";
import type { Room } from "./room.ts";
import { setsSubject } from "./subject.ts";
import { retracted, user, userItem } from "./tags.ts";

/** Messages that are read beyond those that newcomers get: not all that is archived is shown to them. */
const margin = 30;

/**
 * The archives of the rooms of a service (XEP-0313 §3.3.2), by the same means as those of accounts; and the last messages
 * of rooms in memory, which come from there. Where nothing is archived these are in memory alone.
 */
export class RoomArchive {
  /** Whether the service archives rooms at all; each room may decide against it. */
  readonly enabled: boolean;
  readonly mam: MamApi;
  readonly #host: Host;
  readonly #loading = new Map<Room, Promise<void>>();

  constructor(host: Host, mam: MamApi) {
    this.#host = host;
    this.mam = mam;
    this.enabled = mam.keepRoomsMs > 0;
  }

  /** Whether what is said in a room is archived, as those who enter are told (XEP-0045 §7.2.12). */
  covers(room: Room): boolean {
    return this.enabled && room.config.archive;
  }

  /** The lowest id that a room keeps: no older than the service wants it, nor said in another room of that address. */
  lowestOf(room: Room): number {
    return Math.max(room.archiveFrom, startOf(this.since));
  }

  /** From when on newcomers see what was said, in milliseconds since the epoch. */
  get since(): number {
    return this.enabled ? Date.now() - this.mam.keepRoomsMs : Number.NEGATIVE_INFINITY;
  }

  /** An id for the next message to a room, whether or not it is archived: it must be remembered before another is taken. */
  nextId(): number {
    return this.mam.archive.ids.next();
  }

  /** The lowest id that no message has yet. */
  get firstFreeId(): number {
    return this.mam.archive.ids.last + 1;
  }

  /** The id as all see it (XEP-0359 §3.1). */
  mark(room: Room, id: number): Element {
    return stanzaId({ by: room.jid.toString(), id: this.mam.archive.ids.toText(id) });
  }

  /** Keeps what somebody has said: for the archive with who it was, for those who may know (XEP-0313 §6.1.2). */
  remember(event: Speaking): void {
    const { room, occupant, jid, message, id, subject, at } = event;
    const archived = this.#archives(room, message);
    const shown = !subject && room.config.history > 0 && memorable(message);
    if (!archived && !shown) return;
    const affiliation = room.affiliationOf(occupant.account);
    const item = userItem({ affiliation, role: occupant.role, jid: jid.toString() });
    const said = message.with({ from: occupant.jid.toString(), to: undefined }).append(user({}, item));
    const past = new Past(id, at, said.toString(), archived);
    if (shown) room.history.add(past, room.config.history);
    if (archived) this.#add(room, past, occupant.account, occupant.jid.resource, message.child(body)?.text);
  }

  /** Keeps what a room itself has said. */
  rememberNotice(room: Room, id: number, notice: Element): void {
    if (!this.#archives(room, notice)) return;
    const text = notice.with({ from: room.jid.toString() }).toString();
    this.#add(room, new Past(id, Date.now(), text, true), room.jid, "", undefined);
  }

  #archives(room: Room, message: Element): boolean {
    return this.covers(room) && !room.locked && worthKeepingInRoom(message);
  }

  #add(room: Room, { id, text }: Past, author: Jid, nick: string, words: string | undefined): void {
    this.mam.archive.addToRoom({ id, room: room.jid, author, nick, stanza: text, body: words });
  }

  /**
   * Puts another message in the place of one, as `change` makes it; undefined leaves it. Newcomers see it at once; resolves
   * when it is on disk, with whether there was such a message.
   */
  async replace(room: Room, id: number, change: (message: Element) => Element | undefined): Promise<boolean> {
    const found = room.history.all.find((one) => one.id === id);
    const changed = found === undefined ? undefined : change(parseText(found.text));
    if (found !== undefined && changed !== undefined) {
      room.history.replace(found, new Past(id, found.at, changed.toString(), found.archived));
    }
    if (!this.enabled || id < room.archiveFrom) return changed !== undefined;
    const replaced = await this.mam.archive.replace(room.jid, id, change);
    room.history.version++; // who has read the old one meanwhile reads it again
    return replaced || changed !== undefined;
  }

  /** Undefined if the last messages of a room are in memory; else a promise of that. It never fails. */
  load(room: Room): Promise<void> | undefined {
    if (room.history.complete || room.config.history === 0) return undefined;
    let loading = this.#loading.get(room);
    if (loading === undefined) {
      loading = this.#read(room)
        .catch((cause) => this.#host.log.error("the history of a room cannot be read", { cause }))
        .finally(() => this.#loading.delete(room));
      this.#loading.set(room, loading);
    }
    return loading;
  }

  async #read(room: Room): Promise<void> {
    const { history, config } = room;
    for (;;) {
      const { version } = history;
      const stored = await readLatest(this.mam.archive, room.jid, this.lowestOf(room), config.history + margin);
      if (version !== history.version) continue;
      const told = stored.filter(({ stanza }) => isTold(parseText(stanza)));
      const past = told.map(({ id, stanza }) => new Past(id, timeOf(id).getTime(), stanza, true));
      return history.complement(past, room.config.history);
    }
  }
}

/** Whether newcomers get an archived message. */
function isTold(message: Element): boolean {
  return (memorable(message) && !setsSubject(message)) || message.child(retracted) !== undefined;
}
