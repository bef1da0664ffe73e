import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { asciiName, names } from "#adapters/tcp/certificate.ts";
import { correspondents } from "#features/s2s/index.ts";
import { certificatesOf } from "../certificate-files.ts";
import type { Check, Context } from "../check.ts";
import { wayFindings } from "../federation-way.ts";
import { type Finding, found } from "../finding.ts";
import { isLocalName } from "../names.ts";
import { DnsError, type ServiceRecord } from "../resolver.ts";
import { whereIs } from "../whereabouts.ts";
import { zoneLines } from "../zone.ts";
import { federationKinds as kinds } from "./federation-kinds.ts";

/** Domains of others that are tried. */
const mostTried = 10;
const usualPort = 5269;

/** Other servers: do they find this one, can they believe it, and does this one reach those that it is meant for? */
export const federationCheck: Check = {
  name: "federation",
  title: { en: "Other servers", fr: "Autres serveurs" },
  kinds: Object.values(kinds),
  async run(context) {
    const { configuration } = context;
    const meant = correspondents(configuration.sections.get("s2s"));
    const faces = configuration.domains.flatMap(({ name, aliases }) => [name, ...aliases]);
    const open = faces.filter((name) => !isLocalName(name));
    if (meant === undefined || open.length === 0) return [];
    const ports = portsOf(context);
    if (ports.starttls.length + ports.direct.length === 0) return [found(kinds.noPort)];
    const parts = await Promise.all([
      ...open.map((name) => recordsOf(context, asciiName(name), ports)),
      ...open.map((name) => reached(context, name)),
      ...meant.slice(0, mostTried).map((domain) => tried(context, domain)),
    ]);
    return [...roomsNamed(context), ...parts.flat()];
  },
};

/** The ports of each kind. */
interface Ports {
  readonly starttls: readonly number[];
  readonly direct: readonly number[];
}

function portsOf({ configuration, service }: Context): Ports {
  const open = service.state === "running" ? service.status.listeners : [];
  const all = [...configuration.listen, ...open].filter(({ protocol }) => protocol === "s2s");
  const of = (tls: string) => [...new Set(all.filter((one) => one.tls === tls).map(({ port }) => port))];
  return { starttls: of("starttls"), direct: of("direct") };
}

/** What the DNS tells other servers of a name. That it does not answer is told elsewhere. */
async function recordsOf(context: Context, name: string, ports: Ports): Promise<Finding[]> {
  try {
    return await records(context, name, ports);
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return [];
  }
}

async function records(context: Context, name: string, ports: Ports): Promise<Finding[]> {
  const { resolver, system } = context;
  const [plain, direct] = await Promise.all(
    ["_xmpp-server", "_xmpps-server"].map((service) => resolver.services(`${service}._tcp.${name}`)),
  );
  const lines = () => zoneLines(context, name, ports, { of: "server" });
  const all = [...plain!, ...direct!];
  if (all.length === 0) {
    const addresses = await resolver.addresses(name);
    const leads = addresses.length > 0 && whereIs(addresses, system.addresses()) !== "elsewhere";
    return leads && ports.starttls.includes(usualPort) ? [] : [found(kinds.noRecords, { name }, await lines())];
  }
  const usable = all.filter((record) => record.name !== "." && record.name !== "");
  if (usable.length === 0) return [found(kinds.denied, { name }, await lines())];
  const targets = [...new Set(usable.map((record) => record.name.replace(/\.$/, "")))];
  const ofTargets = await Promise.all(targets.map((target) => targetOf(context, name, target)));
  return [
    ...ofTargets.flat(),
    ...wrongPorts(name, plain!, ports.starttls, "STARTTLS"),
    ...wrongPorts(name, direct!, ports.direct, "TLS"),
  ];
}

async function targetOf({ resolver, system }: Context, name: string, target: string): Promise<Finding[]> {
  const addresses = await resolver.addresses(target);
  if (addresses.length === 0) return [found(kinds.targetUnknown, { name, target })];
  const away = whereIs(addresses, system.addresses()) === "elsewhere";
  return away ? [found(kinds.targetElsewhere, { name, target, addresses: addresses.join(", ") })] : [];
}

function wrongPorts(name: string, found_: readonly ServiceRecord[], ports: readonly number[], tls: string): Finding[] {
  return found_
    .filter((record) => record.name !== "." && record.name !== "" && !ports.includes(record.port))
    .map(({ port }) => found(kinds.wrongPort, { name, port, tls, ports: ports.join(", ") || "–" }));
}

/** Rooms have a domain of their own; a self-signed certificate is told of elsewhere. */
function roomsNamed({ configuration }: Context): Finding[] {
  return certificatesOf(configuration).flatMap(({ domain, aliases, certificate: file }) => {
    const leaf = readLeaf(file);
    if (leaf === undefined || leaf.checkIssued(leaf)) return [];
    const rooms = [domain, ...aliases]
      .filter((name) => !isLocalName(name))
      .map((name) => `conference.${asciiName(name)}`);
    const missing = rooms.filter((name) => !names(leaf, name));
    if (missing.length === 0) return [];
    return [
      found(kinds.roomsCertificate, {
        file,
        names: missing.join(", "),
        options: missing.map((name) => `-d ${name}`).join(" "),
      }),
    ];
  });
}

function readLeaf(file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(file));
  } catch {
    return undefined; // told of elsewhere
  }
}

/** A round trip of the service to itself, by its public name. */
async function reached({ explain, options }: Context, domain: string): Promise<Finding[]> {
  const explanation = await explain?.(domain);
  if (explanation === undefined) return [];
  const [first] = wayFindings(explanation);
  const failure = explanation.failure ?? explanation.ways.find((way) => way.failure !== undefined)?.failure;
  return first === undefined || failure === undefined
    ? []
    : [found(kinds.notReached, { domain, why: failure.why, options })];
}

/** The way to a domain that the settings name. */
async function tried({ explain }: Context, domain: string): Promise<Finding[]> {
  const explanation = await explain?.(domain);
  return explanation === undefined ? [] : wayFindings(explanation);
}
