import type { Feature, ServerFeature } from "#core/feature.ts";
import { c2s, clientSessions } from "./c2s/index.ts";
import { carbons } from "./carbons/index.ts";
import { clientState } from "./client-state/index.ts";

/** Every capability of a host, in the order of their handlers. */
// biome-ignore lint/suspicious/noExplicitAny: a list of features with different settings and results
export const features: readonly Feature<any, any>[] = [clientSessions, carbons, clientState];

/** Every capability that is there once. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const serverFeatures: readonly ServerFeature<any>[] = [c2s];
