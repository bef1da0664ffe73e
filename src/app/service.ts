import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "#adapters/tcp/certificates.ts";
import { listenTcp, type Listener as TcpListener } from "#adapters/tcp/listen.ts";
import { tcpSockets } from "#adapters/tcp/raw.ts";
import { Tickets } from "#adapters/tcp/tickets.ts";
import { trustAuthorities } from "#adapters/tcp/trust.ts";
import { componentListener } from "#features/component/index.ts";
import type { Authenticator } from "#sasl/authenticator.ts";
import { archiveAdministration } from "./admin/archiving.ts";
import type { Administration } from "./admin/command.ts";
import { explained } from "./admin/explaining.ts";
import { forgetAccount } from "./admin/forgetting.ts";
import { lockAccount } from "./admin/locking.ts";
import type { Status } from "./admin/status.ts";
import { fileAdministration } from "./admin/uploads.ts";
import { type Assembly, assemble } from "./assemble.ts";
import type { Configuration } from "./configuration.ts";
import { openControl } from "./control/server.ts";
import { type DataStore, openDataStore } from "./data-store.ts";
import { type OpenHttpListener, openHttp } from "./http.ts";
import { takeFolder } from "./instance.ts";
import type { Log } from "./log.ts";
import { networkOf } from "./network.ts";
import { type CertificateFiles, certificateFiles } from "./own-certificates.ts";
import type { Listener as ListenerSettings } from "./settings.ts";

/** A door of the service to the network. */
export interface OpenListener {
  readonly settings: ListenerSettings;
  readonly tcp: TcpListener;
}

export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly version: string;
}

interface Parts {
  readonly store: DataStore;
  readonly files: Readonly<Record<string, CertificateFiles>>;
  readonly certificates: Certificates;
  readonly assembly: Assembly;
}

/** The whole server: data, certificates, features, listeners and the control socket. */
export class Service {
  readonly listeners: OpenListener[] = [];
  readonly httpListeners: OpenHttpListener[] = [];
  #components: TcpListener | undefined;
  readonly administration: Administration;
  readonly certificateFiles: Readonly<Record<string, CertificateFiles>>;
  readonly #options: ServiceOptions;
  readonly #parts: Parts;
  #opened = new AsyncDisposableStack();
  #stopping: Promise<void> | undefined;

  private constructor(options: ServiceOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.certificateFiles = parts.files;
    this.administration = {
      domains: options.configuration.domains.map(({ name }) => name),
      accounts: (domain) => parts.store.accounts(domain),
      elsewhere: (domain) => parts.store.people(domain) !== undefined,
      forget: (account) => forgetAccount(parts.assembly, parts.store.db, account),
      lock: (account, locked) => lockAccount(parts.assembly, account, locked),
      files: async (task) => task(fileAdministration(parts.assembly)),
      archives: async (task) => task(archiveAdministration(parts.assembly)),
      running: {
        status: () => this.#status(),
        federation: () => parts.assembly.server.router.federation?.list() ?? [],
        explain: (local, domain) => explained(parts.assembly, local, domain),
      },
    };
  }

  /**
   * Starts everything, or nothing: what was opened before a failure is closed again.
   * @throws InUseError, SettingsError, DatabaseError, or an Error that says what to do.
   */
  static async start(options: ServiceOptions): Promise<Service> {
    const { configuration, log, version } = options;
    await using opened = new AsyncDisposableStack();
    const instance = takeFolder(configuration.data);
    opened.defer(() => instance.release());
    const opening = openDataStore(configuration, log); // a thread of its own, while this one is at the certificates
    opened.defer(() => opening.then(({ close }) => close(), ignored)); // a failure is told below
    opening.catch(ignored);
    trustAuthorities(configuration.authorities.map((file) => readFileSync(file, "utf8")));
    const files = await certificateFiles(configuration);
    const tickets = new Tickets(join(configuration.data, "tls-tickets.key"), log);
    const certificates = await Certificates.load({ domains: files, log, tickets });
    opened.defer(() => certificates.close());
    const store = await opening;
    const { domains, sections } = configuration;
    const assembly = await assemble({
      domains,
      sections,
      db: store.db,
      folder: configuration.data,
      accounts: store.authenticator,
      people: store.people,
      sockets: tcpSockets(log),
      log,
      version,
      network: networkOf(configuration, certificates, log),
    });
    opened.defer(() => assembly.stop());
    const service = new Service(options, { store, files, certificates, assembly });
    const control = await openControl(configuration.data, service.administration, log);
    opened.defer(() => control.close());
    for (const settings of configuration.http.listen) {
      const listener = await openHttp(settings, { configuration, certificates, routes: assembly.routes, log });
      opened.defer(() => listener.http.close());
      service.httpListeners.push(listener);
    }
    for (const settings of configuration.listen) await service.#listen(settings, opened);
    await service.#listenForComponents(opened);
    service.#opened = opened.move();
    return service;
  }

  authenticator(domain: string): Authenticator {
    return this.#parts.store.authenticator(domain);
  }

  /** New certificates are read, and the level of the log is that of the file as it is now. */
  async reload(configuration: Configuration): Promise<void> {
    this.#options.log.level = configuration.log.level;
    await this.#parts.certificates.reload();
  }

  /** Accepts no more, tells clients `system-shutdown`, closes the database. Once; later calls wait for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#opened.disposeAsync();
    return this.#stopping;
  }

  async #listen(settings: ListenerSettings, opened: AsyncDisposableStack): Promise<void> {
    const { limits } = this.#options.configuration;
    const { certificates, assembly } = this.#parts;
    const tcp = await listenTcp({
      address: settings.address,
      port: settings.port,
      directTls: settings.tls === "direct",
      ...(settings.protocol === "s2s" ? { alpn: ["xmpp-server"], asksCertificate: true } : {}),
      certificates,
      limits: {
        connections: settings.protocol === "s2s" ? limits["server-connections"] : limits.connections,
        connectionsPerAddress: limits["connections-per-address"],
        unsentBytes: limits.unsent,
        handshakeMs: limits["handshake-time"],
      },
      log: this.#options.log,
      accept: (transport) => assembly.accept(settings.protocol, transport),
    });
    opened.defer(() => tcp.close());
    this.listeners.push({ settings, tcp });
  }

  /** Components are not encrypted (XEP-0114), and have a listener of their own. */
  async #listenForComponents(opened: AsyncDisposableStack): Promise<void> {
    const { sections, limits } = this.#options.configuration;
    const where = componentListener(sections.get("component"));
    if (where === undefined) return;
    const { log } = this.#options;
    const { certificates, assembly } = this.#parts;
    const { address, port, connections, queue } = where;
    const tcp = await listenTcp({
      address,
      port,
      directTls: false,
      certificates,
      limits: {
        connections,
        connectionsPerAddress: connections,
        unsentBytes: 2 * queue + 4_000_000, // beyond, it is cut off; before, `queue` holds
        handshakeMs: limits["handshake-time"],
      },
      log,
      accept: (transport) => assembly.accept("component", transport),
    });
    opened.defer(() => tcp.close());
    this.#components = tcp;
    log.info("listening for components", { address: tcp.address, port: tcp.port });
    if (/^(?:127\.|::1$|localhost$)/.test(address)) return;
    log.warn("components may connect from elsewhere, without encryption", { address: tcp.address, port: tcp.port });
  }

  #status(): Status {
    const { server, hosts } = this.#parts.assembly;
    return {
      version: server.version,
      pid: process.pid,
      startedAt: server.startedAt.toISOString(),
      domains: [...hosts.values()]
        .filter((host) => host.where === "accounts")
        .map((host) => ({ name: host.domain, sessions: host.sessions.size })),
      listeners: [
        ...this.listeners.map(({ settings, tcp }) => shown(tcp, settings)),
        ...(this.#components ? [shown(this.#components, { protocol: "component", tls: "none" })] : []),
      ],
      http: this.httpListeners.map(({ settings, http }) => ({
        address: http.address,
        port: http.port,
        tls: settings.tls,
        connections: http.connections,
        refused: http.refused,
      })),
      certificates: this.#parts.certificates
        .status()
        .map(({ domain, daysLeft, warnings }) => ({ domain, daysLeft, warnings })),
      memory: process.memoryUsage.rss(),
      counters: server.metrics.snapshot(),
    };
  }
}

function ignored(): void {}

/** A listener in the status. */
function shown(
  { address, port, connections, refused }: TcpListener,
  { protocol, tls }: { readonly protocol: string; readonly tls: string },
): Status["listeners"][number] {
  return { protocol, address, port, tls, connections, refused };
}
