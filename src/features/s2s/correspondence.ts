import type { Correspondence } from "#core/federation.ts";
import type { Failure } from "./failure.ts";
import type { Pair } from "./pair.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { Route } from "./route.ts";

/** A stream as operators see it: a line for each pair of domains; of one that is being set up, nothing yet. */
export function describeStream(stream: PeerStream, routeOf: (pair: Pair) => Route | undefined): Correspondence[] {
  return stream.pairs.map((pair) => ({
    domain: pair.remote,
    local: pair.local,
    direction: stream.bidirectional ? "both" : stream.direction,
    state: "open",
    authentication: stream.authentication,
    encrypted: stream.secure,
    since: new Date(stream.since).toISOString(),
    waiting: routeOf(pair)?.waiting ?? 0,
    ...problem(routeOf(pair)?.failure),
  }));
}

/** A way that no stream leads along. */
export function describeRoute(route: Route): Correspondence[] {
  const { pair, stream, failure, restsUntil } = route;
  if (stream !== undefined || (!route.connecting && failure === undefined)) return [];
  return [
    {
      domain: pair.remote,
      local: pair.local,
      direction: "out",
      state: route.connecting ? "connecting" : "resting",
      authentication: "none",
      encrypted: false,
      since: new Date(route.connecting ? Date.now() : restsUntil).toISOString(),
      waiting: route.waiting,
      ...problem(failure),
    },
  ];
}

function problem(failure: Failure | undefined): Pick<Correspondence, "error"> {
  return failure === undefined ? {} : { error: { step: failure.step, why: failure.message } };
}
