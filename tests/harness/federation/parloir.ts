import { join } from "node:path";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { ask } from "#app/control/client.ts";
import type { Correspondence } from "#core/federation.ts";
import { Jid } from "#jid/jid.ts";
import { logIn, password } from "../scenario.ts";
import { type RunningService, type ServiceOptions, startService } from "../service.ts";
import { Wire } from "../wire.ts";
import type { Institution, Premises } from "./institution.ts";

export interface ParloirOptions {
  readonly aliases?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Our own service, as one institution of several. */
export interface Parloir extends Institution {
  readonly service: RunningService;
  /** What `federation list` tells. */
  correspondences(): Promise<readonly Correspondence[]>;
}

export async function parloirAt(premises: Premises, options: ParloirOptions = {}): Promise<Parloir> {
  const { domain, address, folder } = premises;
  const asked: ServiceOptions = { domains: [domain], folder, settings: settingsOf(premises, options) };
  const known = new Set<string>();
  const logs: string[] = [];
  let service = await startService(asked);
  return {
    name: "ours",
    domain,
    address,
    get service() {
      return service;
    },
    get log() {
      return [...logs, service.log].join("");
    },
    async connect(login, given = {}) {
      const [local, resource = "here"] = login.split("/");
      const jid = Jid.parse(`${local}@${domain}/${resource}`);
      if (!known.has(jid.local)) await service.addUser(jid.bare.toString(), password);
      known.add(jid.local);
      const face = given.face ?? domain;
      const tls = { tls: "direct", serverName: face, alpn: ["xmpp-client"], rejectUnauthorized: false } as const;
      const place = { host: service.host, port: service.directPort };
      const client = await logIn(new Wire(await connectTcp({ ...place, ...tls, timeoutMs: 5_000 })), jid, face);
      if (given.presence !== false) {
        await client.becomesAvailable(typeof given.presence === "string" ? given.presence : undefined);
      }
      return client;
    },
    async correspondences() {
      const reply = await ask(join(folder, "data"), { command: "federation list", arguments: {} });
      return reply!.result as readonly Correspondence[];
    },
    async start() {
      logs.push(service.log);
      service = await startService(asked);
    },
    stop: () => service.stop(),
    kill: () => service.kill(),
  };
}

function settingsOf(premises: Premises, { aliases = [], settings = {} }: ParloirOptions): Record<string, unknown> {
  const { domain, address, certificate, key, authorities, dns } = premises;
  return {
    domains: [{ name: domain, aliases, certificate, key }],
    listen: [
      { port: 0, address: "127.0.0.1", tls: "starttls" },
      { port: 0, address: "127.0.0.1", tls: "direct" },
      { protocol: "s2s", port: 5269, address, tls: "starttls" },
      { protocol: "s2s", port: 5270, address, tls: "direct" },
    ],
    http: { listen: [] },
    accounts: { iterations: 4096 },
    authorities: [authorities],
    dns: { servers: [`${dns.address}:${dns.port}`] },
    ...settings,
    s2s: { addresses: "any", ...(settings.s2s as object | undefined) },
  };
}
