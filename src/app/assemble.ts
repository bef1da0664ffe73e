import { hkdfSync, randomBytes, randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryHub } from "#adapters/memory-bus/memory-bus.ts";
import type { Bus } from "#core/bus.ts";
import { type Database, sql } from "#core/database.ts";
import { Faces } from "#core/faces.ts";
import type { Feature, Service, Stop } from "#core/feature.ts";
import type { Server } from "#core/host.ts";
import { HttpRoutes } from "#core/http.ts";
import { LocalHost } from "#core/local-host.ts";
import { background, type Logger } from "#core/log.ts";
import { metrics } from "#core/metrics.ts";
import { migrate } from "#core/migrations.ts";
import type { Network } from "#core/network.ts";
import type { People } from "#core/people.ts";
import { Router } from "#core/router.ts";
import { read, type Section } from "#core/settings.ts";
import type { Sockets } from "#core/sockets.ts";
import { features, serverFeatures } from "#features/index.ts";
import type { Authenticator } from "#sasl/authenticator.ts";
import type { Transport } from "#stream/transport.ts";

export interface AssembleOptions {
  readonly domains: readonly { readonly name: string; readonly aliases?: readonly string[] }[];
  /** Sections of the configuration, by feature name; what is missing has its defaults. */
  readonly sections: ReadonlyMap<string, unknown>;
  readonly db: Database;
  /** Where features keep files; default: somewhere temporary. */
  readonly folder?: string;
  readonly accounts: (domain: string) => Authenticator;
  readonly people?: (domain: string) => People | undefined;
  readonly log: Logger;
  readonly version: string;
  readonly bus?: Bus;
  readonly network?: Network;
  readonly sockets?: Sockets;
}

/** A whole server without its listeners. */
export interface Assembly {
  readonly server: Server;
  readonly hosts: ReadonlyMap<string, LocalHost>;
  /** What is answered over HTTP. */
  readonly routes: HttpRoutes;
  /** Hands a transport in at a door. */
  accept(door: string, transport: Transport): void;
  /** Ends every stream, then every feature. The database stays open: it is the caller's. */
  stop(): Promise<void>;
}

const core = {
  owner: "core",
  steps: ["create table server_secret (name text primary key, value blob not null)"],
};

/** Puts the parts together: the only place that sees everything. */
export async function assemble(options: AssembleOptions): Promise<Assembly> {
  const { db, log } = options;
  const migrations = [...features, ...serverFeatures]
    .filter((feature) => feature.migrations !== undefined)
    .map((feature) => ({ owner: feature.name, steps: feature.migrations! }));
  await migrate(db, [core, ...migrations]);
  const master = await masterSecret(db);
  const bus = options.bus ?? new MemoryHub().join(randomUUID());
  const counters = metrics();
  const doors = new Map<string, (transport: Transport) => void>();
  const common = new Map<string, unknown>();
  const faces = new Faces(
    options.domains.map(({ name, aliases = [] }) => ({ name, aliases })),
    features.flatMap(({ service }) => (service ? [service.prefix] : [])),
  );
  const routes = new HttpRoutes();
  const router = new Router({ bus, faces, log, metrics: counters });
  const server: Server = {
    router,
    bus,
    log,
    metrics: counters,
    faces,
    network: options.network,
    http: routes,
    folder: options.folder ?? join(tmpdir(), `parloir-${randomUUID()}`),
    sockets: options.sockets,
    version: options.version,
    startedAt: new Date(),
    secret: (purpose) => new Uint8Array(hkdfSync("sha256", master, "parloir", purpose, 32)),
    once<Thing>(name: string, make: () => Thing) {
      if (!common.has(name)) common.set(name, make());
      return common.get(name) as Thing;
    },
    listen: (door, accept) => void doors.set(door, accept),
  };
  for (const { name } of options.domains) {
    const accounts = options.accounts(name);
    const people = options.people?.(name);
    const host = new LocalHost({ domain: name, server, db, accounts, people, log: log.child({ host: name }) });
    router.hosts.set(host.domain, host);
    for (const feature of features) {
      if (feature.service === undefined && feature.where !== "service") {
        await host.start(feature, section(feature, options.sections));
      }
    }
    for (const feature of features) {
      if (feature.service !== undefined) await startService(host, feature, feature.service, options);
    }
  }
  const stops: Stop[] = [];
  for (const feature of serverFeatures) {
    const stop = await feature.setup(server, section(feature, options.sections));
    if (stop) stops.push(stop);
  }
  return {
    server,
    hosts: router.hosts,
    routes,
    accept(door, transport) {
      const accept = doors.get(door);
      if (accept === undefined) throw new Error(`nothing listens at the door ${door}`);
      accept(transport);
    },
    async stop() {
      for (const stop of stops.reverse()) await stop();
      for (const host of router.hosts.values()) await host.finished();
      for (const host of router.hosts.values()) host.close();
      background(log, bus.close());
    },
  };
}

/** Makes the host of a service, with what every service has and its own feature. */
async function startService(
  parent: LocalHost,
  // biome-ignore lint/suspicious/noExplicitAny: of the list of features
  own: Feature<any, any>,
  service: Service,
  { sections }: AssembleOptions,
): Promise<void> {
  const { server, db, accounts, people, log } = parent;
  const domain = `${service.prefix}.${parent.domain}`;
  const options = { domain, server, db, accounts, people, log: log.child({ host: domain }) };
  const host = new LocalHost({ ...options, where: "service", placement: "owner", parent });
  server.router.hosts.set(host.domain, host);
  parent.services.push({ jid: host.jid, name: service.name });
  for (const feature of features) {
    const general = feature.service === undefined && (feature.where === "service" || feature.where === "everywhere");
    if (feature === own || general) await host.start(feature, section(feature, sections));
  }
}

/** The settings of a feature, checked by its own section. */
function section<Settings>(
  feature: { readonly name: string; readonly settings?: Section<Settings> },
  sections: ReadonlyMap<string, unknown>,
): Settings {
  if (feature.settings === undefined) return undefined as Settings;
  return read(feature.settings, sections.get(feature.name), feature.name);
}

/** The secret from which all others come: made once, kept in the database. */
async function masterSecret(db: Database): Promise<Uint8Array> {
  await db.run(
    sql`insert into server_secret (name, value) values ('master', ${randomBytes(32)}) on conflict do nothing`,
  );
  const row = await db.one<{ value: Uint8Array }>(sql`select value from server_secret where name = 'master'`);
  if (row === undefined) throw new Error("the database keeps no secret");
  return row.value;
}
