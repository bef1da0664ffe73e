import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { type Endpoint, ResolutionError } from "#core/network.ts";
import { type QuestionOptions, Questions } from "./questions.ts";
import { inOrder, type ServiceRecord } from "./services.ts";

/** More records, or addresses, than this are not looked at. */
const maxRecords = 20;
const maxAddresses = 8;
const defaultPort = 5269;

const kinds = [
  { service: "_xmpps-server", security: "direct" },
  { service: "_xmpp-server", security: "starttls" },
] as const;

/**
 * Finds the servers of a domain, as `Network.endpoints` says. A domain that is an IP address has none: nothing could
 * tell who answers there, and anybody could make this server connect to any machine of its network.
 */
export function dnsEndpoints(
  options: QuestionOptions & { readonly random?: () => number },
): (domain: string) => Promise<readonly Endpoint[]> {
  const questions = new Questions(options);
  const random = options.random ?? Math.random;
  return async (domain) => {
    const name = domainToASCII(domain);
    if (name === "" || name.startsWith("[") || isIP(name) !== 0)
      throw new ResolutionError("none", `${domain} is no name of the DNS`);
    const records = await servicesOf(questions, name);
    const places: readonly ServiceRecord[] =
      records === undefined
        ? [{ name, port: defaultPort, priority: 0, weight: 0, security: "starttls" }]
        : inOrder(records, random);
    return reachable(questions, places, domain);
  };
}

/**
 * The SRV records of both kinds; undefined where there are none, so that the domain's own address counts (RFC 6120
 * §3.2.2). @throws ResolutionError `none` where they say that there is no service: the target ".".
 */
async function servicesOf(questions: Questions, name: string): Promise<readonly ServiceRecord[] | undefined> {
  const answers = await Promise.allSettled(kinds.map(({ service }) => questions.services(`${service}._tcp.${name}`)));
  const records = answers.flatMap((answer, index) => {
    if (answer.status === "rejected") return [];
    const { security } = kinds[index]!;
    return answer.value.slice(0, maxRecords).map(({ name: target, port, priority, weight }) => {
      return { name: target.replace(/\.$/, ""), port, priority, weight, security };
    });
  });
  const usable = records.filter((record) => record.name !== "" && record.port > 0);
  if (usable.length > 0) return usable;
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  // ".": none for STARTTLS is none at all; none for direct TLS says nothing of the other (XEP-0368 §3).
  if (records.some(({ security }) => security === "starttls"))
    throw new ResolutionError("none", `the DNS says that ${name} has no XMPP server`);
  return undefined;
}

/** The addresses of places, in order; a place whose name has none is left out. @throws ResolutionError without any */
async function reachable(
  questions: Questions,
  places: readonly ServiceRecord[],
  domain: string,
): Promise<readonly Endpoint[]> {
  const outcomes = await Promise.allSettled(places.map(({ name }) => addresses(questions, name)));
  const endpoints = outcomes.flatMap((outcome, index) => {
    if (outcome.status === "rejected") return [];
    const { name: host, port, security } = places[index]!;
    return outcome.value.map((address) => ({ host, address, port, security }));
  });
  if (endpoints.length > 0) return endpoints;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  throw new ResolutionError("none", `no server of ${domain} has an address in the DNS`);
}

/** IPv6 and IPv4 in turn, IPv6 first (RFC 8305 §4). */
async function addresses(questions: Questions, name: string): Promise<readonly string[]> {
  const [six, four] = await Promise.allSettled([questions.six(name), questions.four(name)]);
  const found = [six, four].map((answer) => (answer.status === "fulfilled" ? [...answer.value] : []));
  const turns = Math.max(...found.map(({ length }) => length));
  const all = Array.from({ length: turns }, (_, turn) =>
    found.flatMap((family) => family.slice(turn, turn + 1)),
  ).flat();
  if (all.length > 0) return all.slice(0, maxAddresses);
  for (const answer of [six, four]) if (answer.status === "rejected") throw answer.reason;
  return [];
}
