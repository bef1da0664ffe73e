import { suspending } from "#core/handover.ts";
import { background } from "#core/log.ts";
import { Jid } from "#jid/jid.ts";
import { parseText } from "#xml/parser.ts";
import { initialRole, isRole } from "./affiliations.ts";
import { lost } from "./hooks.ts";
import { leave } from "./leave.ts";
import { nickKey } from "./names.ts";
import type { Seat } from "./occupants.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { deleteOccupant, type OccupantRow } from "./store.ts";

/**
 * Who was in the rooms when the server went down without a word is still there: clients that resume their session, and
 * people of other servers, notice nothing. Those who do not come back in time leave (XEP-0045 §11.1).
 */
export class Occupancy {
  readonly #service: RoomService;
  /** Clients that are expected back, until then (milliseconds since the epoch). */
  readonly #awaited = new Map<Seat, Room>();
  /** Clients that could not be reached and that are about to leave. */
  readonly #lost = new Set<Seat>();
  #until = 0;

  constructor(service: RoomService) {
    this.#service = service;
    service.host.on(lost, "record", ({ room, seat }) => this.#lose(room, seat));
    service.host.parent?.on(suspending, "check", () => this.#open());
  }

  /**
   * Others may be lost as well, and are found to be so when they are told: each leaves in its turn. One whose farewell is on
   * its way leaves with that.
   */
  #lose(room: Room, seat: Seat): void {
    if (this.#awaited.has(seat) || this.#lost.has(seat)) return;
    this.#lost.add(seat);
    const { host, turnstile } = this.#service;
    const left = turnstile.wait(() => {
      this.#lost.delete(seat);
      if (room.seat(seat.jid) !== seat) return;
      leave(this.#service, room, seat, { codes: [333] });
      turnstile.spend(room.occupants.seats.length);
    });
    background(host.log, left, "a client that is gone cannot leave its room");
  }

  /** Everybody sits where they sat. */
  restore(rows: readonly OccupantRow[], now: number): void {
    for (const row of rows) {
      const room = this.#service.rooms.get(Jid.parse(row.room));
      const seat = room === undefined ? undefined : seated(room, row);
      if (room === undefined || seat === undefined) {
        this.#service.store.later(deleteOccupant(row.room, row.jid));
        continue;
      }
      this.#service.rooms.counted(room);
      if (!this.#isHere(seat)) this.#awaited.set(seat, room);
    }
    this.#until = now + this.#service.settings.resumption;
  }

  /** A room that is being made must not be lost in a restart: its owner may configure it after that, too (§10.1.2). */
  async #open(): Promise<void> {
    const locked = [...this.#service.rooms.all()].filter(({ locked }) => locked);
    await Promise.all(locked.map((room) => room.change(() => this.#service.rooms.unlock(room))));
  }

  /** Looks after those who are expected: they are here, or have gone elsewhere, or their time is over. */
  sweep(now: number): void {
    for (const [seat, room] of this.#awaited) {
      const over = now >= this.#until;
      if (!over && room.seat(seat.jid) === seat && !this.#isHere(seat)) continue;
      this.#awaited.delete(seat);
      if (room.seat(seat.jid) === seat && !this.#isHere(seat)) leave(this.#service, room, seat, { codes: [333] });
    }
  }

  /** Of other servers' clients it is not known; errors will tell. */
  #isHere({ jid }: Seat): boolean {
    const own = this.#service.host.server.router.hosts.get(jid.domain);
    return own === undefined || own.sessions.find(jid) !== undefined;
  }
}

function seated(room: Room, row: OccupantRow): Seat | undefined {
  const jid = Jid.parse(row.jid);
  const affiliation = room.affiliationOf(jid);
  if (affiliation === "outcast" || (room.config.members && affiliation === "none")) return undefined;
  const key = nickKey(row.nick);
  let occupant = room.occupants.named(key);
  if (occupant !== undefined && !occupant.account.equals(jid.bare)) return undefined;
  if (occupant === undefined) {
    const role = isRole(row.role) && row.role !== "none" ? row.role : initialRole(affiliation, room.config.moderated);
    occupant = { account: jid.bare, jid: room.occupantJid(row.nick), key, role, seats: [], shown: {} };
    room.occupants.add(occupant);
  }
  const seat: Seat = { jid, occupant, presence: parseText(row.presence) };
  room.occupants.sit(seat);
  return seat;
}
