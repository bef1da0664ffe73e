import type { Query } from "#core/database.ts";
import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { Stanza } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";
import type { RoomArchive } from "./archive.ts";
import { defaultConfig } from "./configuration.ts";
import { deliver } from "./deliver.ts";
import { destroying, fireNow } from "./hooks.ts";
import { addressOf, permanentJid } from "./permanent.ts";
import { gone, outdated } from "./presences.ts";
import { Room } from "./room.ts";
import type { MucSettings } from "./settings.ts";
import {
  deleteRoom,
  deleteTombstone,
  type OccupantRow,
  putAffiliation,
  putOccupant,
  type RoomStore,
  rowOf,
  type StoredRooms,
  type TombstoneRow,
} from "./store.ts";
import { user, userDestroy, userItem, userPassword, userReason } from "./tags.ts";
import { explained, tombstoneOf } from "./tombstones.ts";

/** Why a room is destroyed, and where to go instead (XEP-0045 §10.9). */
export interface Destruction {
  readonly reason: string;
  readonly alternative?: Jid | undefined;
  readonly password?: string | undefined;
  /** Whether those who enter later are told. */
  readonly tombstone: boolean;
}

/** The clock of the rooms: fired every few moments while the feature runs, with the time. */
export const ticking: Hook<{ readonly now: number }> = hook("room clock");

/** All rooms of a service, in memory. */
export class Rooms {
  readonly #host: Host;
  readonly #settings: MucSettings;
  readonly #store: RoomStore;
  readonly #archive: RoomArchive;
  readonly #admins: ReadonlySet<string>;
  readonly #versionKey: Uint8Array;
  readonly #rooms = new Map<string, Room>();
  readonly #tombstones = new Map<string, TombstoneRow>();

  constructor(host: Host, settings: MucSettings, store: RoomStore, archive: RoomArchive) {
    this.#host = host;
    this.#archive = archive;
    this.#settings = settings;
    this.#store = store;
    this.#versionKey = host.server.secret("versions of affiliations");
    this.#admins = new Set(settings.admins.map((one) => addressOf(host, one).toString()));
  }

  get(jid: Jid): Room | undefined {
    return this.#rooms.get(jid.bare.toString());
  }

  all(): IterableIterator<Room> {
    return this.#rooms.values();
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The room. @throws StanzaError `item-not-found` if there is none, or for who is not in it while it is locked */
  existing(jid: Jid, reader?: Jid): Room {
    const room = this.get(jid);
    if (room === undefined || (room.locked && reader !== undefined && !room.has(reader)))
      throw new StanzaError("item-not-found", noSuchRoom);
    return room;
  }

  /** Reads what is kept, makes the permanent rooms, and starts the clock; gives who was in the rooms. */
  async open(): Promise<readonly OccupantRow[]> {
    const stored = await this.#store.read();
    this.#restore(stored);
    await this.#makePermanent();
    this.#startClock();
    return stored.occupants;
  }

  #startClock(): void {
    const { grace, lock, tombstone, resumption } = this.#settings;
    const interval = Math.min(5_000, Math.max(20, Math.min(grace, lock, tombstone, resumption) / 4));
    const host = this.#host;
    host.on(ticking, "record", ({ now }) => this.#sweep(now));
    const timer = setInterval(() => {
      // The feature has been stopped, and its handlers are gone with it.
      if (!host.has(ticking)) clearInterval(timer);
      else background(host.log, host.fire(ticking, { now: Date.now() }));
    }, interval);
    timer.unref();
  }

  /**
   * A new room, locked, with its creator as owner (§10.1.1).
   * @throws StanzaError `not-allowed` to those who may not, `gone` where one was destroyed, `resource-constraint`
   */
  create(jid: Jid, creator: Jid): Room {
    const key = jid.toString();
    const tombstone = this.#tombstones.get(key);
    if (tombstone !== undefined && !tombstone.owners.split(" ").includes(creator.toString()))
      throw explained(tombstone);
    if (!this.#mayCreate(creator)) throw new StanzaError("not-allowed", creationRestricted);
    if (this.#settings.rooms > 0 && this.#owned(creator) >= this.#settings.rooms) {
      throw new StanzaError("resource-constraint", tooManyRooms);
    }
    const room = this.#make(jid, false);
    room.lockedSince = Date.now();
    room.affiliate({ jid: creator, affiliation: "owner", nick: "", reason: "" });
    this.#rooms.set(key, room);
    return room;
  }

  /** The room is configured: everybody may enter, and it is kept. Resolves when it is on disk. */
  async unlock(room: Room): Promise<void> {
    if (room.destroyed) return;
    const key = room.jid.toString();
    const people = [...room.affiliated.values()].map(({ jid, affiliation, nick, reason }) =>
      putAffiliation({ room: key, jid: jid.toString(), affiliation, nick, reason }),
    );
    const present = room.occupants.seats.map((seat) => putOccupant(rowOf(room, seat)));
    await this.#store.now(this.#store.putRoom(room, room.config), ...people, ...present, deleteTombstone(key));
    this.#tombstones.delete(key);
    if (room.locked) this.#host.log.info("room opened", { room: key });
    room.lockedSince = undefined;
  }

  /** Ends a room; all in it are told (§10.9). Resolves when that is on disk. */
  async destroy(room: Room, destruction: Destruction): Promise<void> {
    if (room.destroyed) return;
    room.destroyed = true;
    const key = room.jid.toString();
    fireNow(this.#host, destroying, { room, reason: destruction.reason });
    this.#rooms.delete(key);
    this.#host.log.info("room destroyed", { room: key });
    const queries = deleteRoom(key);
    if (destruction.tombstone && this.#settings.tombstone > 0) {
      const tombstone = tombstoneOf(room, destruction.reason, destruction.alternative);
      this.#tombstones.delete(key);
      this.#tombstones.set(key, tombstone);
      queries.push(this.#store.putTombstone(tombstone), ...this.#forgetTombstones());
    }
    // Of a locked room nothing is kept, unless it is being opened at this moment.
    const written = this.#store.now(...queries);
    this.#tellDestroyed(room, destruction);
    await written;
  }

  /** Somebody may open and destroy rooms all the time: of too many tombstones the oldest go. */
  #forgetTombstones(): Query[] {
    const { tombstones } = this.#settings;
    if (tombstones === 0 || this.#tombstones.size <= tombstones) return [];
    const [oldest = ""] = this.#tombstones.keys();
    this.#tombstones.delete(oldest);
    return [deleteTombstone(oldest)];
  }

  /** Somebody has left, or come: an empty room lives for a while, unless it was never configured (§10.1.3). */
  counted(room: Room): void {
    const empty = room.occupants.size === 0;
    if (empty === (room.emptySince !== undefined)) return;
    room.emptySince = empty ? Date.now() : undefined;
    if (room.destroyed) return;
    if (empty && (room.locked || (this.#settings.grace === 0 && this.#isTemporary(room)))) {
      background(this.#host.log, this.destroy(room, forgotten));
    }
  }

  /** Whether it goes when it is empty. */
  #isTemporary(room: Room): boolean {
    return !room.config.persistent && !room.permanent;
  }

  #sweep(now: number): void {
    for (const room of this.#rooms.values()) {
      if (room.lockedSince !== undefined) {
        // §10.1.1, step 5: whoever does not configure it has accepted the defaults.
        if (now - room.lockedSince >= this.#settings.lock) {
          background(
            this.#host.log,
            room.change(async () => this.unlock(room)),
            "room not opened",
          );
        }
      } else if (room.emptySince !== undefined && this.#isTemporary(room)) {
        if (now - room.emptySince >= this.#settings.grace) background(this.#host.log, this.destroy(room, forgotten));
      }
    }
    for (const [key, { at }] of this.#tombstones) {
      if (now - at < this.#settings.tombstone) continue;
      this.#tombstones.delete(key);
      this.#store.later(deleteTombstone(key));
    }
  }

  #mayCreate(creator: Jid): boolean {
    if (this.#settings.creation === "anyone" || this.#admins.has(creator.toString())) return true;
    return (
      this.#settings.creation === "local" &&
      this.#host.server.router.hosts.get(creator.domain)?.where === "accounts" &&
      creator.local !== ""
    );
  }

  #owned(account: Jid): number {
    const key = account.toString();
    let count = 0;
    for (const room of this.#rooms.values()) if (room.affiliated.get(key)?.affiliation === "owner") count++;
    return count;
  }

  #make(jid: Jid, permanent: boolean, archiveFrom = this.#archive.firstFreeId): Room {
    return new Room(jid, defaultConfig(this.#settings), {
      admins: this.#admins,
      permanent,
      archiveFrom,
      versionKey: this.#versionKey,
    });
  }

  #restore(stored: StoredRooms): void {
    const permanent = new Set(this.#settings.permanent.map(({ room }) => permanentJid(this.#host, room).toString()));
    for (const row of stored.rooms) {
      const room = this.#make(Jid.parse(row.room), permanent.has(row.room), row.archive_from);
      room.config = { ...room.config, ...JSON.parse(row.config) };
      room.history.complete = !this.#archive.enabled;
      if (row.subject !== "") {
        const element = parseText(row.subject);
        const text = element.elements.find((child) => child.name === "subject")?.text ?? "";
        room.subject = { element, from: Jid.parse(row.subject_by), text };
      }
      this.#rooms.set(row.room, room);
    }
    for (const { room, jid, affiliation, nick, reason } of stored.affiliations) {
      this.#rooms.get(room)?.affiliate({ jid: Jid.parse(jid), affiliation, nick, reason });
    }
    for (const { room: key, hash } of stored.pictures) {
      const room = this.#rooms.get(key);
      if (room !== undefined) room.avatar = hash;
    }
    for (const tombstone of stored.tombstones) this.#tombstones.set(tombstone.room, tombstone);
  }

  async #makePermanent(): Promise<void> {
    for (const { room: local, name, description, owners, "members-only": members } of this.#settings.permanent) {
      const jid = permanentJid(this.#host, local);
      const key = jid.toString();
      const room = this.#rooms.get(key) ?? this.#make(jid, true);
      const fresh = !this.#rooms.has(key);
      if (fresh) room.config = { ...room.config, name, description, persistent: true };
      if (members) room.config = { ...room.config, members };
      for (const owner of owners) {
        const person = addressOf(this.#host, owner);
        room.affiliate({ jid: person, affiliation: "owner", nick: "", reason: "" });
      }
      this.#rooms.set(key, room);
      await this.unlock(room);
    }
  }

  #tellDestroyed(room: Room, { reason, alternative, password }: Destruction): void {
    const destroy = userDestroy(
      { jid: alternative?.toString() },
      ...(password ? [userPassword({}, password)] : []),
      ...(reason === "" ? [] : [userReason({}, reason)]),
    );
    const element = gone.append(user({}, userItem({ affiliation: "none", role: "none" }), destroy));
    for (const seat of room.occupants.seats) {
      deliver(this.#host, Stanza.of("presence", element, seat.occupant.jid, seat.jid));
      outdated(seat.occupant);
    }
    for (const occupant of [...room.occupants.all()]) room.occupants.remove(occupant);
  }
}

/** A temporary room that nobody was in any more. */
const forgotten: Destruction = { reason: "", tombstone: false };

const noSuchRoom = {
  en: "There is no room with this address.",
  fr: "Il n'y a pas de salon à cette adresse.",
};
const creationRestricted = {
  en: "You are not allowed to open a room here. Enter one that exists.",
  fr: "Vous n'êtes pas autorisé à ouvrir un salon ici. Entrez dans un salon existant.",
};
const tooManyRooms = {
  en: "You own too many rooms already. Destroy one that you do not need any more.",
  fr: "Vous possédez déjà trop de salons. Détruisez-en un dont vous n'avez plus besoin.",
};
