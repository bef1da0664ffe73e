import { isIPv6 } from "node:net";
import { asciiName } from "#adapters/tcp/certificate.ts";
import type { Context } from "./check.ts";
import { isLocalName, isPrivate } from "./names.ts";
import { whereIs } from "./whereabouts.ts";

/**
 * The lines that let clients, or other servers, find this server by a name: a target with addresses, and a record for each
 * kind of port.
 */
export async function zoneLines(
  context: Context,
  name: string,
  ports: { readonly starttls: readonly number[]; readonly direct: readonly number[] },
  { target, of = "client" }: { readonly target?: string | undefined; readonly of?: "client" | "server" } = {},
): Promise<string[]> {
  const host = target ?? (await suggestedTarget(context, name));
  const known = await context.resolver.addresses(host);
  const open = context.system.addresses().filter((address) => !isPrivate(address));
  const addresses = known.length > 0 ? [] : open;
  return [
    ...ports.starttls.slice(0, 1).map((port) => `_xmpp-${of}._tcp.${name}. 3600 IN SRV 5 0 ${port} ${host}.`),
    ...ports.direct.slice(0, 1).map((port) => `_xmpps-${of}._tcp.${name}. 3600 IN SRV 5 0 ${port} ${host}.`),
    ...addresses.map((address) => `${host}. 3600 IN ${isIPv6(address) ? "AAAA" : "A"} ${address}`),
  ];
}

/**
 * The name that records should lead to: one that leads here already; else the first alias, this machine's full name, or
 * `xmpp.` before the domain. Never an alias in the sense of the DNS (RFC 2782).
 */
async function suggestedTarget({ configuration, resolver, system }: Context, name: string): Promise<string> {
  const owner = configuration.domains.find((one) =>
    [one.name, ...one.aliases].some((face) => asciiName(face) === name),
  );
  const aliases = (owner?.aliases ?? []).map(asciiName).filter((alias) => !isLocalName(alias));
  const host = system.hostName.includes(".") ? [system.hostName] : [];
  const candidates = [...aliases, ...host, name];
  for (const candidate of candidates) {
    const here = whereIs(await resolver.addresses(candidate), system.addresses()) === "here";
    if (here && (await resolver.aliasOf(candidate)) === undefined) return candidate;
  }
  return aliases[0] ?? host[0] ?? `xmpp.${asciiName(owner?.name ?? name)}`;
}
