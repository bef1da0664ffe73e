export type { Affiliation, Role } from "./affiliations.ts";
export {
  building,
  configured,
  destroying,
  joining,
  type ListedRoom,
  leaving,
  listingRooms,
  retracted,
  speaking,
} from "./hooks.ts";
export { type MucApi, muc } from "./muc.ts";
export type { Occupant, Seat } from "./occupants.ts";
export { Rates } from "./rates.ts";
export type { Room } from "./room.ts";
