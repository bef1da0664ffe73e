import type { Explanation, FailedStep, Passed, Way } from "#core/federation.ts";
import type { Endpoint } from "#core/network.ts";
import { Failure } from "./failure.ts";
import type { Federation } from "./federation.ts";
import type { Pair } from "./pair.ts";
import { enter, locate } from "./reach.ts";

/**
 * Goes the way that a stanza of the pair would go, to every place where the other domain's servers should be, and notes
 * the steps. A domain of ours is looked at as from outside: without a proof of who asks.
 */
export async function explain(house: Federation, pair: Pair, signal: AbortSignal): Promise<Explanation> {
  const passed: Passed[] = [];
  const about = { domain: pair.remote, local: pair.local, passed };
  const deadline = Date.now() + house.settings["connect-time"];
  try {
    const refusal = house.hosted(pair.remote) ? undefined : house.policy.refusal(pair.remote);
    if (refusal !== undefined) throw new Failure("policy", refusal, "not allowed by the settings");
    passed.push({ step: "policy" });
    const endpoints = await locate(house, pair, deadline);
    passed.push({ step: "dns", endpoints });
    const ways = await Promise.all(endpoints.map((endpoint) => follow(house, pair, { endpoint, deadline, signal })));
    return { ...about, ways };
  } catch (problem) {
    return { ...about, failure: failed(problem), ways: [] };
  }
}

async function follow(
  house: Federation,
  pair: Pair,
  { endpoint, deadline, signal }: { endpoint: Endpoint; deadline: number; signal: AbortSignal },
): Promise<Way> {
  const passed: Passed[] = [];
  const trail = (step: Passed) => void passed.push(step);
  const task = { kind: "look", authenticates: !house.hosted(pair.remote) } as const;
  try {
    const { stream } = await enter(house, { pair, task, trail, signal }, { endpoint, deadline });
    stream.stream.close();
    return { endpoint, passed };
  } catch (problem) {
    return { endpoint, passed, failure: failed(problem) };
  }
}

/** What is told of a failure; anything else is a bug, and thrown again. */
function failed(problem: unknown): FailedStep {
  if (!(problem instanceof Failure)) throw problem;
  const { step, condition, words, message } = problem;
  return { step, condition, says: words, why: message };
}
