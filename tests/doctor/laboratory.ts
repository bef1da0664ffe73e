import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "#app/admin/status.ts";
import { configured } from "#app/cli/options.ts";
import { type Configuration, readConfiguration } from "#app/configuration.ts";
import type { Context, DirectoryToCheck, Login, ServiceState } from "#app/doctor/check.ts";
import { brokenConfiguration } from "#app/doctor/checks/configuration.ts";
import { checks } from "#app/doctor/checks.ts";
import { examine, serviceState } from "#app/doctor/doctor.ts";
import type { Finding } from "#app/doctor/finding.ts";
import { DnsError, type Resolver, type ServiceRecord } from "#app/doctor/resolver.ts";
import { type System, thisSystem } from "#app/doctor/system.ts";
import { createLog } from "#app/log.ts";
import { Service } from "#app/service.ts";
import { readVersion } from "#app/version.ts";
import type { Explanation } from "#core/federation.ts";
import { SettingsError } from "#core/settings.ts";
import { Authority, type Issued } from "#test/harness/authority.ts";
import { freePort } from "#test/harness/free-port.ts";

export const domain = "obspm.example";
export const alias = "jabber.obspm.example";
const own = "192.0.2.10";
const GiB = 1024 ** 3;

/** What the DNS of a test says. */
export interface Zone {
  readonly services: Record<string, ServiceRecord[]>;
  readonly addresses: Record<string, string[]>;
  readonly aliases: Record<string, string>;
  /** Names for which there is no answer. */
  readonly broken: Set<string>;
}

/** An institution where all is well, for a test to break something. */
export class Laboratory {
  readonly folder = mkdtempSync(join(tmpdir(), "parloir-doctor-"));
  readonly data = join(this.folder, "data");
  readonly file = join(this.folder, "parloir.yaml");
  readonly certificate = join(this.folder, "chain.pem");
  readonly key = join(this.folder, "key.pem");
  /** Of the configuration file. */
  readonly settings: Record<string, unknown>;
  readonly system: { -readonly [Name in keyof System]: System[Name] };
  readonly zone: Zone;
  readonly root: Authority;
  readonly intermediate: Authority;
  readonly ports: readonly [starttls: number, direct: number];
  directory: DirectoryToCheck | undefined;
  login: Login | undefined;
  /** What the service sees on the way to domains; those that are not here it cannot tell. */
  explanations: Readonly<Record<string, Explanation>> = {};
  /** Changes what the running service says of itself. */
  says: (status: Status) => Status = (status) => status;
  /** Instead of how it is. */
  service: ServiceState | undefined;

  private constructor(ports: readonly [number, number], root: Authority, intermediate: Authority) {
    this.ports = ports;
    this.root = root;
    this.intermediate = intermediate;
    const { certificate, key } = this;
    this.settings = {
      domains: [{ name: domain, aliases: [alias], certificate, key }],
      http: { listen: [] },
      s2s: { policy: "closed" },
      listen: [
        { port: ports[0], address: "127.0.0.1" },
        { port: ports[1], address: "127.0.0.1", tls: "direct" },
      ],
      data: this.data,
    };
    this.system = {
      ...thisSystem(),
      programDate: () => Date.now() - 1000,
      clockIsSynchronised: async () => true,
      freeSpace: () => 10 * GiB,
      openFiles: () => 1_000_000,
      availableMemory: () => 2 * GiB,
      hostName: "chat",
      addresses: () => ["127.0.0.1", "::1", own],
      authorities: () => [root.certificate],
    };
    const record = (port: number) => [{ name: alias, port, priority: 5, weight: 0 }];
    const faces = [domain, alias];
    this.zone = {
      services: Object.fromEntries(
        faces.flatMap((face) => [
          [`_xmpp-client._tcp.${face}`, record(ports[0])],
          [`_xmpps-client._tcp.${face}`, record(ports[1])],
        ]),
      ),
      addresses: { [domain]: ["198.51.100.7"], [alias]: [own] },
      aliases: {},
      broken: new Set(),
    };
  }

  /** `like`: one whose data folder and authorities are taken over, which saves time. */
  static async open(context: { after(run: () => void): unknown }, like?: Laboratory): Promise<Laboratory> {
    const root = like?.root ?? (await Authority.make("Root"));
    const intermediate = like?.intermediate ?? (await Authority.make("Intermediate", root));
    const made = new Laboratory([await freePort(), await freePort()], root, intermediate);
    context.after(() => rmSync(made.folder, { recursive: true, force: true }));
    made.certify(await intermediate.issue({ names: [domain, alias] }));
    mkdirSync(made.data, { mode: 0o700 });
    if (like !== undefined) cpSync(like.data, made.data, { recursive: true });
    return made;
  }

  /** Writes certificate and key; after the certificate follow the others of the chain. */
  certify({ certificate, key }: Issued, others: readonly string[] = [this.intermediate.certificate]): void {
    writeFileSync(this.certificate, [certificate, ...others].join(""));
    writeFileSync(this.key, key, { mode: 0o600 });
  }

  /** As JSON, which is YAML. */
  write(text = JSON.stringify(this.settings, undefined, 1)): void {
    writeFileSync(this.file, text);
  }

  configuration(): Configuration {
    return readConfiguration(this.file, configured);
  }

  /** Runs the service for a while. */
  async running<T>(work: () => Promise<T>): Promise<T> {
    const configuration = this.configuration();
    const service = await Service.start({
      configuration,
      log: createLog({ level: "error", format: "lines" }),
      version: readVersion(),
    });
    try {
      return await work();
    } finally {
      await service.stop();
    }
  }

  /** Looks at it as the command does. */
  async findings(): Promise<readonly Finding[]> {
    let configuration: Configuration;
    try {
      configuration = this.configuration();
    } catch (error) {
      if (error instanceof SettingsError) return brokenConfiguration(error, this.file);
      throw error;
    }
    const { system, directory, login } = this;
    const context: Context = {
      configuration,
      service: this.service ?? (await this.#state(configuration)),
      system,
      resolver: resolverOf(this.zone),
      options: ` --config ${this.file}`,
      timeoutMs: 2000,
      explain: async (name) => this.explanations[name],
      ...(directory === undefined ? {} : { directory }),
      ...(login === undefined ? {} : { login }),
    };
    return examine(checks, context);
  }

  async #state({ data }: Configuration): Promise<ServiceState> {
    const found = await serviceState(data, this.system, 2000);
    return found.state === "running" ? { state: "running", status: this.says(found.status) } : found;
  }
}

function resolverOf({ services, addresses, aliases, broken }: Zone): Resolver {
  const answer = async <T>(name: string, found: T): Promise<T> => {
    if (broken.has(name)) throw new DnsError("ETIMEOUT");
    return found;
  };
  return {
    services: (name) => answer(name, services[name] ?? []),
    addresses: (name) => answer(name, addresses[aliases[name] ?? name] ?? []),
    aliasOf: (name) => answer(name, aliases[name]),
  };
}
