import { isIPv6 } from "node:net";
import { relative } from "node:path";
import type { Configuration } from "./configuration.ts";
import type { Told } from "./first-run.ts";
import { fingerprint } from "./own-certificates.ts";
import type { OpenListener, Service } from "./service.ts";

export interface Greeting {
  readonly service: Service;
  readonly configuration: Configuration;
  readonly version: string;
  /** What to type to administer this installation, such as "./parloir" with "--data" where it matters. */
  readonly command: { readonly name: string; readonly options: string };
}

/** A few lines on what runs and where. */
export function summary({ service, configuration, version }: Greeting): string {
  const listening = (protocol: string) => {
    const open = service.listeners.filter(({ settings }) => settings.protocol === protocol);
    return open.length === 0 ? "none" : open.map((one) => `${place(one)} (${tlsName(one)})`).join(", ");
  };
  return lines([
    `Parloir ${version} is running.`,
    `  domain${configuration.domains.length > 1 ? "s" : " "}     ${configuration.domains.map(({ name }) => name).join(", ")}`,
    `  clients     ${listening("c2s")}`,
    `  servers     ${listening("s2s")}`,
    `  data        ${shown(configuration.data)}`,
    `  settings    ${configuration.file === undefined ? "defaults (no parloir.yaml)" : shown(configuration.file)}`,
  ]);
}

/** The administrator's first password: shown this once. */
export function firstAccountNotice({ account, password }: Told, { command }: Greeting): string {
  return lines([
    "",
    "First start: an account for the administrator was made. Its password is shown only now.",
    `  address     ${account}`,
    `  password    ${password}`,
    `  change it:  ${command.name} user passwd ${account}${command.options}`,
  ]);
}

export function demoNotice(told: readonly Told[]): string {
  return lines([
    "",
    "Demo accounts, for trying only: delete them before others use this server.",
    ...told.map(({ account, password }) => `  ${account.padEnd(24)} ${password ?? "(its password was changed)"}`),
  ]);
}

/** How to go on: add people, connect a client. */
export function howTo({ service, configuration, command }: Greeting, example: string): string {
  const domain = configuration.domains[0]!.name;
  const clients = service.listeners.filter(({ settings }) => settings.protocol === "c2s");
  const port = (tls: string) => clients.find(({ settings }) => settings.tls === tls)?.tcp.port;
  const local = domain === "localhost";
  const name = example.split("@")[0];
  const direct = port("direct");
  const starttls = port("starttls");
  const ports = [
    ...(starttls === undefined ? [] : [`${starttls} with STARTTLS`]),
    ...(direct === undefined ? [] : [`${direct} with direct TLS ("old-style SSL")`]),
  ];
  return lines([
    "",
    `Add a user:   ${command.name} user add juliette@${domain}${command.options}`,
    "Connect a client (Pidgin, Gajim, Dino, …), protocol XMPP:",
    `  user        ${name}   (address ${example})`,
    `  domain      ${domain}`,
    `  server      ${local ? "localhost" : `${domain}, or this machine's name or address`}   (Pidgin: Advanced, "Connect server"; Gajim: "custom host")`,
    `  port        ${ports.join(", or ")}; encryption is required`,
    ...certificateLines(service, domain),
    "Stop: Ctrl-C",
  ]);
}

function certificateLines(service: Service, domain: string): string[] {
  const files = service.certificateFiles[domain];
  if (files === undefined) return [];
  if (!files.ownMade) return [`  certificate ${shown(files.certificate)}`];
  return [
    `  certificate self-signed: ${shown(files.certificate)}`,
    "              The client asks once whether to trust it. Compare its SHA-256 fingerprint:",
    `              ${fingerprint(files.certificate)}`,
  ];
}

function place({ tcp }: OpenListener): string {
  return isIPv6(tcp.address) ? `[${tcp.address}]:${tcp.port}` : `${tcp.address}:${tcp.port}`;
}

function tlsName({ settings }: OpenListener): string {
  return settings.tls === "direct" ? "direct TLS" : "STARTTLS";
}

/** A path as short as it is clear. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") || near === "" ? path : near;
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
