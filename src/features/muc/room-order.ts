import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

interface Placed {
  readonly room: Room;
  readonly name: string;
}

/** The rooms in the order in which people look for them: by name. Put in order anew only where it would be another. */
export class RoomOrder {
  readonly #rooms: Rooms;
  #placed: readonly Placed[] = [];

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get all(): readonly Room[] {
    if (!this.#holds()) this.#sort();
    return this.#placed.map(({ room }) => room);
  }

  /** None of them has gone or is called otherwise; so none has come, if there are as many. */
  #holds(): boolean {
    if (this.#placed.length !== this.#rooms.size) return false;
    return this.#placed.every(({ room, name }) => !room.destroyed && room.config.name === name);
  }

  #sort(): void {
    const named = [...this.#rooms.all()].map((room) => ({ room, name: room.name, address: room.jid.toString() }));
    named.sort((one, other) => one.name.localeCompare(other.name) || (one.address < other.address ? -1 : 1));
    this.#placed = named.map(({ room }) => ({ room, name: room.config.name }));
  }
}
