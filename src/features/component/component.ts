import { readFileSync } from "node:fs";
import type { ServerFeature } from "#core/feature.ts";
import type { Server } from "#core/host.ts";
import type { LocalHost } from "#core/local-host.ts";
import { read, SettingsError } from "#core/settings.ts";
import { Jid } from "#jid/jid.ts";
import { ComponentDoor } from "./door.ts";
import { type Component, type ComponentSettings, settings } from "./settings.ts";

/**
 * External components (XEP-0114): other programs serve a domain behind this server, such as gateways, bots and
 * transports. People write to its addresses as to any other.
 */
export const component: ServerFeature<ComponentSettings> = {
  name: "component",
  xeps: [{ number: 114, version: "1.6", note: "jabber:component:accept" }],
  settings,
  claims: ({ components }) =>
    components.map(({ domain }, index) => ({ domain, path: ["components", index, "domain"] })),
  setup(server, values) {
    if (values.components.length === 0) return;
    const secrets = new Map(values.components.map((one, index) => [one.domain, secretOf(one, index)]));
    const door = new ComponentDoor(server, values, secrets);
    for (const one of values.components) list(server, one);
    server.listen("component", (transport) => door.accept(transport));
    return () => door.close();
  },
};

/** Where components connect to, by the section of the configuration; undefined where there are none. */
export function componentListener(
  section: unknown,
): Pick<ComponentSettings, "address" | "port" | "connections" | "queue"> | undefined {
  const values = read(settings, section, component.name);
  return values.components.length === 0 ? undefined : values;
}

function secretOf(one: Component, index: number): string {
  const file = one["secret-file"];
  if (file === undefined) return one.secret!;
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret.length >= 12) return secret;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SettingsError(`component.components[${index}].secret-file: ${file} cannot be read (${code})`, { cause });
  }
  throw new SettingsError(`component.components[${index}].secret-file: ${file} has less than 12 characters`);
}

/** A component below a domain with accounts is in the list of its services (XEP-0030). */
function list(server: Server, { domain, name = domain }: Component): void {
  const parent = parentOf(server, domain);
  parent?.services.push({ jid: Jid.of("", domain, ""), name: { en: name, fr: name } });
}

function parentOf(server: Server, domain: string): LocalHost | undefined {
  const above = [...server.router.hosts.values()].filter(
    (host) => host.where === "accounts" && domain.endsWith(`.${host.domain}`),
  );
  return above.sort((one, other) => other.domain.length - one.domain.length)[0];
}
