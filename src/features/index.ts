import type { Feature, ServerFeature } from "#core/feature.ts";
import { c2s, clientSessions } from "./c2s/index.ts";
import { carbons } from "./carbons/index.ts";
import { clientState } from "./client-state/index.ts";
import { xmppPing } from "./ping/index.ts";
import { privateStorage } from "./private-storage/index.ts";
import { registration } from "./registration/index.ts";
import { roster } from "./roster/index.ts";
import { entityTime } from "./time/index.ts";
import { softwareVersion } from "./version/index.ts";

/** Every capability of a host, in the order of their handlers. */
// biome-ignore lint/suspicious/noExplicitAny: a list of features with different settings and results
export const features: readonly Feature<any, any>[] = [
  clientSessions,
  roster,
  carbons,
  clientState,
  privateStorage,
  registration,
  softwareVersion,
  entityTime,
  xmppPing,
];

/** Every capability that is there once. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const serverFeatures: readonly ServerFeature<any>[] = [c2s];
