import { type Endpoint, type Network, ResolutionError } from "#core/network.ts";
import type { Transport } from "#stream/transport.ts";
import { mayConnect } from "./addresses.ts";
import { Failure, steps } from "./failure.ts";
import type { Federation } from "./federation.ts";
import { Outgoing, type Task, type Trail } from "./outgoing.ts";
import type { Pair } from "./pair.ts";
import * as texts from "./texts.ts";

/** Endpoints that are tried, and how long one of them may hold up the next at the most, in milliseconds. */
const mostEndpoints = 10;
const longestPerEndpoint = 8_000;

/** Where the servers of a domain are. @throws Failure */
export async function resolve(network: Network, domain: string): Promise<readonly Endpoint[]> {
  try {
    const found = await network.endpoints(domain);
    if (found.length === 0) throw new ResolutionError("none", "no endpoint");
    return found.slice(0, mostEndpoints);
  } catch (problem) {
    if (!(problem instanceof ResolutionError)) throw problem;
    const told = problem.kind === "none" ? texts.noService(domain) : texts.dnsFailed(domain);
    throw new Failure("dns", told, problem.message, problem);
  }
}

/** A connection to one endpoint; with direct TLS it is encrypted. @throws Failure */
export async function connect(
  network: Network,
  endpoint: Endpoint,
  options: { readonly pair: Pair; readonly timeoutMs: number },
): Promise<Transport> {
  const { pair, timeoutMs } = options;
  try {
    return await network.connect(endpoint, { from: pair.local, to: pair.remote, timeoutMs });
  } catch (problem) {
    const direct = endpoint.security === "direct";
    const why = problem instanceof Error ? problem.message : String(problem);
    const detail = `${endpoint.host} (${endpoint.address} port ${endpoint.port}, ${endpoint.security}): ${why}`;
    throw new Failure(direct ? "tls" : "connection", texts.noConnection(pair.remote), detail, problem);
  }
}

/** What to reach, and who is told of the steps. */
export interface Plan {
  readonly pair: Pair;
  readonly task: Task;
  readonly trail?: Trail;
  readonly signal: AbortSignal;
}

/** A stream on which stanzas may be sent, or the answer to a key. */
export interface Reached {
  readonly stream: Outgoing;
  readonly answer: boolean;
}

/**
 * Goes all steps to a domain: policy, DNS, connection, TLS, certificate, authentication; endpoint after endpoint, until
 * one is good. @throws Failure of the endpoint that came farthest
 */
export async function reach(house: Federation, plan: Plan): Promise<Reached> {
  const { pair, signal } = plan;
  const refusal = house.policy.refusal(pair.remote);
  if (refusal !== undefined) throw new Failure("policy", refusal, "not allowed by the settings");
  const deadline = Date.now() + house.settings["connect-time"];
  let worst: Failure | undefined;
  for (const endpoint of await locate(house, pair, deadline)) {
    if (Date.now() >= deadline || signal.aborted) break;
    try {
      return await enter(house, plan, { endpoint, deadline });
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      if (worst === undefined || steps.indexOf(problem.step) >= steps.indexOf(worst.step)) worst = problem;
    }
  }
  throw worst ?? new Failure("connection", texts.noConnection(pair.remote), "no time was left");
}

/** Where to go. @throws Failure */
export async function locate(house: Federation, { remote }: Pair, deadline: number): Promise<readonly Endpoint[]> {
  const { network } = house.server;
  if (network === undefined) throw new Failure("policy", texts.notHere, "the server stands alone");
  const found = await within(resolve(network, remote), {
    ms: deadline - Date.now(),
    late: () => new Failure("dns", texts.dnsFailed(remote), "DNS did not answer in time"),
  });
  const usable = found.filter(({ address }) => mayConnect(address, house.settings.addresses));
  if (usable.length > 0) return usable;
  const addresses = found.map(({ address }) => address).join(", ");
  const why = `the DNS leads to ${addresses}, where s2s.addresses (${house.settings.addresses}) lets nobody go`;
  throw new Failure("dns", texts.addressRefused(remote), why);
}

/** Goes to one place. @throws Failure */
export async function enter(
  house: Federation,
  { pair, task, signal, trail = () => {} }: Plan,
  { endpoint, deadline }: { readonly endpoint: Endpoint; readonly deadline: number },
): Promise<Reached> {
  const patience = Math.min(longestPerEndpoint, house.settings["connect-time"] / 2);
  const greetedBy = Math.min(deadline, Date.now() + patience);
  const timeoutMs = Math.max(1, greetedBy - Date.now());
  const transport = await connect(house.server.network!, endpoint, { pair, timeoutMs });
  if (signal.aborted) {
    transport.destroy();
    throw new Failure("connection", texts.noConnection(pair.remote), "given up");
  }
  trail({ step: "connection" });
  const stream = new Outgoing(house, transport, { pair, task, trail });
  house.opened(stream);
  return { stream, answer: await opened(stream, { greetedBy, deadline, signal }) };
}

/** Waits for a stream to be ready: not for longer than is left, and less for its first words. @throws Failure */
async function opened(
  stream: Outgoing,
  { greetedBy, deadline, signal }: { greetedBy: number; deadline: number; signal: AbortSignal },
): Promise<boolean> {
  const { remote } = stream.pair;
  const giveUp = (detail: string) => {
    stream.abandon(new Failure("connection", texts.noConnection(remote), detail));
    stream.stream.transport.destroy();
  };
  const silent = () => giveUp("the server went silent while the stream was set up");
  const timer = setTimeout(silent, Math.max(1, deadline - Date.now()));
  const first = setTimeout(() => stream.greeted || silent(), Math.max(1, greetedBy - Date.now()));
  const aborted = () => giveUp("given up");
  signal.addEventListener("abort", aborted);
  try {
    return await stream.open();
  } finally {
    clearTimeout(timer);
    clearTimeout(first);
    signal.removeEventListener("abort", aborted);
  }
}

async function within<Value>(work: Promise<Value>, limit: { ms: number; late: () => Failure }): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(limit.late()), limit.ms);
  work.catch(() => {}); // may fail when nobody waits for it any more
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
