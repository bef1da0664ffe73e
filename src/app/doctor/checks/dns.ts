import { asciiName } from "#adapters/tcp/certificate.ts";
import type { Check, Context } from "../check.ts";
import { type Finding, found } from "../finding.ts";
import { isLocalName } from "../names.ts";
import { DnsError, type ServiceRecord } from "../resolver.ts";
import { whereIs } from "../whereabouts.ts";
import { zoneLines } from "../zone.ts";
import { dnsKinds as kinds } from "./dns-kinds.ts";

/** The DNS: do clients that only know an address find this server (RFC 6120 §3.2, XEP-0368)? */
export const dnsCheck: Check = {
  name: "dns",
  title: { en: "DNS", fr: "DNS" },
  kinds: Object.values(kinds),
  async run(context) {
    const names = context.configuration.domains.flatMap(({ name, aliases }) => [name, ...aliases]);
    try {
      const all: Finding[][] = [];
      for (const name of names) if (!isLocalName(name)) all.push(await face(context, asciiName(name)));
      return all.flat();
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return [found(kinds.unreachable, { reason: error.message })];
    }
  },
};

/** The ports of each kind that the service has, or will have. */
interface Ports {
  readonly starttls: readonly number[];
  readonly direct: readonly number[];
}

function portsOf({ configuration, service }: Context): Ports {
  const open = service.state === "running" ? service.status.listeners : [];
  const all = [...configuration.listen, ...open].filter(({ protocol, port }) => protocol === "c2s" && port !== 0);
  const of = (tls: string) => [...new Set(all.filter((one) => one.tls === tls).map(({ port }) => port))];
  return { starttls: of("starttls"), direct: of("direct") };
}

/** What is wrong with one domain or alias. */
async function face(context: Context, name: string): Promise<Finding[]> {
  const { resolver } = context;
  const [plain, direct] = await Promise.all(
    ["_xmpp-client", "_xmpps-client"].map((service) => resolver.services(`${service}._tcp.${name}`)),
  );
  const ports = portsOf(context);
  const records = [...plain!, ...direct!];
  if (records.length === 0) return withoutRecords(context, name, ports);
  const usable = records.filter((record) => record.name !== "." && record.name !== "");
  if (usable.length === 0) return [found(kinds.denied, { name }, await zoneLines(context, name, ports))];
  const targets = [...new Set(usable.map((record) => record.name.replace(/\.$/, "")))];
  const ofTargets: Finding[] = [];
  for (const target of targets) ofTargets.push(...(await targetOf(context, name, target)));
  const ofPorts = [
    ...wrongPorts(name, plain!, ports.starttls, "starttls"),
    ...wrongPorts(name, direct!, ports.direct, "direct TLS"),
  ];
  const lacking = direct!.length === 0 && ports.direct.length > 0;
  const lines = lacking ? await zoneLines(context, name, ports, { target: targets[0] }) : [];
  return [
    ...ofTargets,
    ...ofPorts,
    ...(lacking
      ? [
          found(
            kinds.noDirect,
            { name },
            lines.filter((line) => line.startsWith("_xmpps-client")),
          ),
        ]
      : []),
  ];
}

/** A client then takes the address of the name itself, and port 5222 (RFC 6120 §3.2.2). */
async function withoutRecords(context: Context, name: string, ports: Ports): Promise<Finding[]> {
  const addresses = await context.resolver.addresses(name);
  const lines = await zoneLines(context, name, ports);
  if (addresses.length === 0) return [found(kinds.nothing, { name }, lines)];
  const shown = addresses.join(", ");
  switch (whereIs(addresses, context.system.addresses())) {
    case "elsewhere":
      return [found(kinds.elsewhere, { name, addresses: shown }, lines)];
    case "here":
      return ports.starttls.includes(5222) ? [] : [found(kinds.noPort, { name }, lines)];
    default:
      return [found(kinds.noRecords, { name, addresses: shown }, lines)];
  }
}

/** RFC 2782: the target is a name with addresses, and not an alias. */
async function targetOf(context: Context, name: string, target: string): Promise<Finding[]> {
  const { resolver, system } = context;
  const alias = await resolver.aliasOf(target);
  const addresses = await resolver.addresses(target);
  if (alias !== undefined) {
    const lines = addresses.map((address) => `${target}. 3600 IN ${address.includes(":") ? "AAAA" : "A"} ${address}`);
    return [found(kinds.targetAlias, { name, target, alias }, lines)];
  }
  if (addresses.length === 0) {
    const own = await zoneLines(context, name, portsOf(context), { target });
    const lines = own.filter((line) => line.startsWith(`${target}. `));
    return [found(kinds.targetUnknown, { name, target }, lines)];
  }
  const away = whereIs(addresses, system.addresses()) === "elsewhere";
  return away ? [found(kinds.targetElsewhere, { name, target, addresses: addresses.join(", ") })] : [];
}

function wrongPorts(name: string, records: readonly ServiceRecord[], ports: readonly number[], tls: string): Finding[] {
  return records
    .filter((record) => record.name !== "." && record.name !== "" && !ports.includes(record.port))
    .map(({ port }) => found(kinds.wrongPort, { name, port, tls, ports: ports.join(", ") || "–" }));
}
