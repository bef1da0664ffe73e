import { type Query, sql } from "#core/database.ts";
import { background } from "#core/log.ts";
import { DirectoryError, type Group, type People } from "#core/people.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { regrant } from "./affiliates.ts";
import { permanentJid } from "./permanent.ts";
import type { Affiliated, Room } from "./room.ts";
import { ticking } from "./rooms.ts";
import type { RoomService } from "./service.ts";
import type { PermanentRoom } from "./settings.ts";

/** What the directory made people at the last look: it holds while the directory cannot be asked. */
export const grantMigration = `
  create table muc_grant (room text not null, jid text not null, affiliation text not null, primary key (room, jid))`;

/** How long the first look may hold up the start, and when another is taken after one that failed (milliseconds). */
const patience = 10_000;
const pause = 30_000;
/** From the strongest. */
const ranks = ["owner", "admin", "member"] as const;
type Granted = (typeof ranks)[number];

/**
 * Groups of the directory are owners, admins and members of permanent rooms, as the settings say; who comes to a group,
 * or leaves it, gains and loses it at once in the room.
 */
export async function followGroups(service: RoomService): Promise<void> {
  const { host, settings } = service;
  const driven = settings.permanent.filter((one) => ranks.some((rank) => one[`${rank}-groups`].length > 0));
  if (driven.length === 0) return;
  const people = host.parent?.people;
  if (people === undefined) {
    host.log.warn("rooms name groups of a directory, but there is no directory", {
      rooms: driven.map(({ room }) => room),
    });
    return;
  }
  const looking = new GroupLook(service, people, driven);
  await looking.recall();
  host.stopping(people.watch(({ groups }) => groups && looking.again()));
  host.on(ticking, "record", ({ now }) => looking.retry(now));
  await looking.first();
}

class GroupLook {
  readonly #service: RoomService;
  readonly #people: People;
  readonly #driven: readonly PermanentRoom[];
  #running: Promise<void> | undefined;
  #wanted = false;
  /** When a look failed, in milliseconds of the epoch. */
  #failed: number | undefined;

  constructor(service: RoomService, people: People, driven: readonly PermanentRoom[]) {
    this.#service = service;
    this.#people = people;
    this.#driven = driven;
  }

  /** What was so at the last look. */
  async recall(): Promise<void> {
    const { host, rooms } = this.#service;
    for (const { room: local } of this.#driven) {
      const room = rooms.get(permanentJid(host, local));
      if (room === undefined) continue;
      const rows = await host.db.all<{ jid: string; affiliation: Granted }>(
        sql`select jid, affiliation from muc_grant where room = ${room.jid.toString()}`,
      );
      room.grant(new Map(rows.map(({ jid, affiliation }) => [jid, granted(Jid.parse(jid), affiliation)])));
    }
  }

  /** The first look: before anybody enters, unless the directory is too slow. */
  async first(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    this.again();
    await Promise.race([this.#running, tooLong]);
    clearTimeout(timer);
  }

  again(): void {
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    background(this.#service.host.log, this.#running);
  }

  retry(now: number): void {
    if (this.#failed !== undefined && now - this.#failed >= pause) this.again();
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        const groups = await this.#people.groups();
        this.#failed = undefined;
        for (const one of this.#driven) await this.#apply(one, groups);
      } catch (problem) {
        if (!(problem instanceof DirectoryError)) throw problem;
        this.#failed = Date.now();
        this.#service.host.log.warn("groups of rooms not read: rooms stay as they are", { cause: problem });
      }
    }
  }

  async #apply(one: PermanentRoom, groups: readonly Group[]): Promise<void> {
    const { host, rooms, store } = this.#service;
    const room = rooms.get(permanentJid(host, one.room));
    if (room === undefined) return;
    const people = this.#peopleOf(one, groups);
    room.groups = groups
      .filter((group) => ranks.some((rank) => isNamed(one[`${rank}-groups`], group)))
      .map(({ id }) => id);
    if (same(people, room.granted)) return;
    await room.change(async () => {
      await store.now(...queries(room, people));
      regrant(this.#service, room, people);
    });
  }

  #peopleOf(one: PermanentRoom, groups: readonly Group[]): ReadonlyMap<string, Affiliated> {
    const { host } = this.#service;
    const people = new Map<string, Affiliated>();
    for (const rank of ranks) {
      for (const name of one[`${rank}-groups`]) {
        const found = groups.filter((group) => isNamed([name], group));
        if (found.length === 0)
          host.log.warn("a group that a room names is not in the directory", { room: one.room, name });
        for (const user of found.flatMap(({ members }) => [...members])) {
          const jid = accountOf(user, host.parent!.domain);
          if (jid !== undefined && !people.has(jid.toString())) people.set(jid.toString(), granted(jid, rank));
        }
      }
    }
    return people;
  }
}

function isNamed(names: readonly string[], { id, name }: Group): boolean {
  return names.includes(name) || names.includes(id);
}

function granted(jid: Jid, affiliation: Granted): Affiliated {
  return { jid, affiliation, nick: "", reason: "" };
}

/** A login that cannot be an address has no account. */
function accountOf(user: string, domain: string): Jid | undefined {
  try {
    return Jid.of(user, domain);
  } catch (problem) {
    if (problem instanceof JidError) return undefined;
    throw problem;
  }
}

function same(one: ReadonlyMap<string, Affiliated>, other: ReadonlyMap<string, Affiliated>): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([key, { affiliation }]) => other.get(key)?.affiliation === affiliation);
}

function queries(room: Room, people: ReadonlyMap<string, Affiliated>): Query[] {
  const key = room.jid.toString();
  return [
    sql`delete from muc_grant where room = ${key}`,
    ...[...people].map(
      ([jid, { affiliation }]) =>
        sql`insert into muc_grant (room, jid, affiliation) values (${key}, ${jid}, ${affiliation})`,
    ),
  ];
}
