import type { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import type { Role } from "./affiliations.ts";

/** A client in a room. */
export interface Seat {
  /** Its full JID. */
  readonly jid: Jid;
  readonly occupant: Occupant;
  /** Its last presence, without addresses and without what only the room may say. */
  presence: Element;
}

/** Somebody in a room, under one nickname, with one client or several (XEP-0045 §7.2.8). */
export interface Occupant {
  /** The bare JID of the person. */
  readonly account: Jid;
  /** `room@service/nick`. */
  jid: Jid;
  /** What its nickname is compared by. */
  key: string;
  role: Role;
  seats: readonly Seat[];
  /** The presence of it that others get, while nothing has changed: with the real JID, and without. */
  readonly shown: { open?: Element | undefined; full?: Element | undefined };
}

/** Whose presence stands for the occupant: the client that entered or changed last is the last. */
export function foremost(occupant: Occupant): Seat {
  return occupant.seats.at(-1)!;
}

/** Who is in a room. Lists are replaced, never changed, so that one may walk them while it changes. */
export class Occupants {
  readonly #byNick = new Map<string, Occupant>();
  readonly #byJid = new Map<string, Seat>();
  #seats: readonly Seat[] = [];

  /** How many there are. */
  get size(): number {
    return this.#byNick.size;
  }

  /** All clients, in the order in which they came. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  all(): IterableIterator<Occupant> {
    return this.#byNick.values();
  }

  /** By the key of the nickname. */
  named(key: string): Occupant | undefined {
    return this.#byNick.get(key);
  }

  /** By the client's full JID. */
  seat(jid: Jid): Seat | undefined {
    return this.#byJid.get(jid.toString());
  }

  /** All of a person. */
  of(account: Jid): Occupant[] {
    return [...this.#byNick.values()].filter((occupant) => occupant.account.equals(account));
  }

  add(occupant: Occupant): void {
    this.#byNick.set(occupant.key, occupant);
  }

  sit(seat: Seat): void {
    seat.occupant.seats = [...seat.occupant.seats, seat];
    this.#byJid.set(seat.jid.toString(), seat);
    this.#seats = [...this.#seats, seat];
  }

  /** Its presence is the one that others see from now on. */
  toTheFore(seat: Seat): void {
    const { occupant } = seat;
    if (foremost(occupant) !== seat) occupant.seats = [...occupant.seats.filter((other) => other !== seat), seat];
  }

  rise(seat: Seat): void {
    seat.occupant.seats = seat.occupant.seats.filter((other) => other !== seat);
    this.#byJid.delete(seat.jid.toString());
    this.#seats = this.#seats.filter((other) => other !== seat);
  }

  /** The occupant and all of its clients. */
  remove(occupant: Occupant): void {
    this.#byNick.delete(occupant.key);
    for (const seat of occupant.seats) this.#byJid.delete(seat.jid.toString());
    this.#seats = this.#seats.filter((seat) => seat.occupant !== occupant);
  }

  rename(occupant: Occupant, key: string, jid: Jid): void {
    this.#byNick.delete(occupant.key);
    occupant.key = key;
    occupant.jid = jid;
    this.#byNick.set(key, occupant);
  }
}
