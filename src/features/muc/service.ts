import type { Host } from "#core/host.ts";
import type { RoomArchive } from "./archive.ts";
import type { ConfigForm } from "./configuration.ts";
import type { LookAlikes } from "./look-alikes.ts";
import type { OccupantIds } from "./occupant-id.ts";
import type { AssignmentRates } from "./rates.ts";
import type { Rooms } from "./rooms.ts";
import type { MucSettings } from "./settings.ts";
import type { RoomStore } from "./store.ts";
import type { Turnstile } from "./turnstile.ts";

/** What the facets of the feature share. */
export interface RoomService {
  readonly host: Host;
  readonly settings: MucSettings;
  readonly rooms: Rooms;
  readonly store: RoomStore;
  readonly form: ConfigForm;
  readonly ids: OccupantIds;
  readonly looks: LookAlikes;
  readonly archive: RoomArchive;
  readonly turnstile: Turnstile;
  readonly assigning: AssignmentRates;
}
