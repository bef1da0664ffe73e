import { type TestContext, test } from "node:test";
import type { Assembly } from "#app/assemble.ts";
import { Jid } from "#jid/jid.ts";
import { Client } from "./client.ts";
import { MemoryInternet } from "./memory-network.ts";
import { startOurs } from "./ours.ts";
import type { MemoryPeople } from "./people.ts";
import { type Peer, type ServerSpec, startServers } from "./servers.ts";
import type { Target, TargetOptions } from "./target.ts";
import { Wire } from "./wire.ts";

export interface ConnectOptions {
  /** Whether initial presence is sent, and which; default: an empty one. */
  readonly presence?: boolean | string;
  /** The domain that the stream is opened to; default: that of the address. */
  readonly face?: string;
}

/** What a scenario works with. */
export interface Stage {
  /** A logged-in client; its account is made where it is missing. Without a resource the server makes one. */
  connect(jid: string, options?: ConnectOptions): Promise<Client>;
  /** A bare connection, before its stream header. */
  wire(options?: { readonly secure?: boolean }): Promise<Wire>;
  /** Makes an account that nobody is logged in to. */
  account(jid: string, password?: string): Promise<void>;
  /** Our server from inside; only in scenarios that run on ours alone. */
  readonly assembly: Assembly;
  /** The servers of a scenario with several, in the order given. */
  readonly servers: readonly Peer[];
  /** What is between them. */
  readonly internet: MemoryInternet;
}

export interface ScenarioOptions {
  /** Sections of the configuration, by feature. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Other servers that this is not expected of. */
  readonly skipOn?: readonly string[];
  /** Why it is not. */
  readonly why?: string;
  readonly domains?: readonly string[];
  /** Aliases of domains; ours alone knows them. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** The institution's directory of a domain; ours alone asks it. */
  readonly people?: Readonly<Record<string, MemoryPeople>>;
  /** Several servers of ours instead of one, which reach each other: `connect` goes to the one with the domain. */
  readonly servers?: readonly ServerSpec[];
}

type Body = (stage: Stage, context: TestContext) => Promise<void>;

export const password = "pencil";
const defaultDomains = ["example.com", "example.net"];

/** A test in wire text, on a whole server: ours, or the one that TARGET names. */
export function scenario(name: string, ...rest: [Body] | [ScenarioOptions, Body]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  const target = process.env.TARGET ?? "parloir";
  const ours = options.servers !== undefined && target !== "parloir"; // they are in one process
  const skip = ours || options.skipOn?.includes(target) ? `not on ${target}: ${options.why ?? "ours alone"}` : false;
  test(name, { skip, timeout: 60_000 }, async (context) => {
    const wires: Wire[] = [];
    const cast = options.servers === undefined ? await alone(target, options) : await several(options.servers);
    try {
      await body(stageOn(cast, wires), context);
    } finally {
      for (const wire of wires) wire.transport.destroy();
      await cast.stop();
    }
  });
}

/** The servers of a scenario. */
interface Cast {
  readonly internet: MemoryInternet;
  readonly servers: readonly Peer[];
  /** The server of a domain. */
  of(domain?: string): Target;
  stop(): Promise<void>;
}

async function alone(target: string, options: ScenarioOptions): Promise<Cast> {
  const { domains = defaultDomains, settings = {}, aliases = {}, people = {} } = options;
  const server = await start(target, { domains, settings, aliases, people });
  return { internet: new MemoryInternet(), servers: [], of: () => server, stop: () => server.stop() };
}

async function several(specs: readonly ServerSpec[]): Promise<Cast> {
  const internet = new MemoryInternet();
  const servers = await startServers(internet, specs);
  return {
    internet,
    servers,
    of: (domain) => (servers.find((one) => domain !== undefined && one.serves(domain)) ?? servers[0]).target,
    async stop() {
      await Promise.all(servers.map((one) => one.stop()));
    },
  };
}

async function start(target: string, options: TargetOptions): Promise<Target> {
  if (target === "parloir") return startOurs(options);
  if (target === "service") return (await import("./service.ts")).startServiceTarget(options);
  const { startProsody } = await import("./prosody.ts");
  return startProsody(options);
}

function stageOn(cast: Cast, wires: Wire[]): Stage {
  const open = async (options?: { readonly secure?: boolean }, domain?: string) => {
    const wire = new Wire(await cast.of(domain).connect(options));
    wires.push(wire);
    return wire;
  };
  return {
    internet: cast.internet,
    servers: cast.servers,
    get assembly() {
      const { assembly } = cast.of();
      if (assembly === undefined) throw new Error("this scenario needs our own server: give it skipOn");
      return assembly;
    },
    wire: (options) => open(options),
    account: async (text, secret = password) => {
      const jid = Jid.parse(text);
      await cast.of(jid.domain).account(jid.local, jid.domain, secret);
    },
    async connect(text, options = {}) {
      const jid = Jid.parse(text);
      await cast.of(jid.domain).account(jid.local, jid.domain, password);
      const client = await logIn(await open({}, jid.domain), jid, options.face ?? jid.domain);
      if (options.presence !== false) {
        await client.becomesAvailable(typeof options.presence === "string" ? options.presence : undefined);
      }
      return client;
    },
  };
}

/** Authenticates and restarts the stream: what comes next is binding, or something in its place. */
export async function authenticate(wire: Wire, jid: Jid, domain = jid.domain): Promise<void> {
  await wire.opens(domain);
  const secret = Buffer.from(`\0${jid.local}\0${password}`).toString("base64");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.opens(domain);
}

/** Authenticates and binds. */
export async function logIn(wire: Wire, jid: Jid, domain: string): Promise<Client> {
  await authenticate(wire, jid, domain);
  const resource = jid.resource === "" ? "" : `<resource>${jid.resource}</resource>`;
  wire.writes(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${resource}</bind></iq>`);
  const bound = await wire.receives("<iq type='result' id='bind'/>");
  return new Client(Jid.parse(bound.elements[0]!.elements[0]!.text), wire);
}
