import { type TestContext, test } from "node:test";
import type { Assembly } from "#app/assemble.ts";
import { Jid } from "#jid/jid.ts";
import { Client } from "./client.ts";
import { startOurs } from "./ours.ts";
import type { MemoryPeople } from "./people.ts";
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
}

type Body = (stage: Stage, context: TestContext) => Promise<void>;

export const password = "pencil";
const defaultDomains = ["example.com", "example.net"];

/** A test in wire text, on a whole server: ours, or the one that TARGET names. */
export function scenario(name: string, ...rest: [Body] | [ScenarioOptions, Body]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  const target = process.env.TARGET ?? "parloir";
  const skip = options.skipOn?.includes(target) ? `not on ${target}: ${options.why ?? "ours alone"}` : false;
  test(name, { skip, timeout: 60_000 }, async (context) => {
    const { domains = defaultDomains, settings = {}, aliases = {}, people = {} } = options;
    const server = await start(target, { domains, settings, aliases, people });
    const wires: Wire[] = [];
    try {
      await body(stageOn(server, wires), context);
    } finally {
      for (const wire of wires) wire.transport.destroy();
      await server.stop();
    }
  });
}

async function start(target: string, options: TargetOptions): Promise<Target> {
  if (target === "parloir") return startOurs(options);
  if (target === "service") return (await import("./service.ts")).startServiceTarget(options);
  const { startProsody } = await import("./prosody.ts");
  return startProsody(options);
}

function stageOn(server: Target, wires: Wire[]): Stage {
  const open = async (options?: { readonly secure?: boolean }) => {
    const wire = new Wire(await server.connect(options));
    wires.push(wire);
    return wire;
  };
  return {
    get assembly() {
      if (server.assembly === undefined) throw new Error("this scenario needs our own server: give it skipOn");
      return server.assembly;
    },
    wire: open,
    account: async (text, secret = password) => {
      const jid = Jid.parse(text);
      await server.account(jid.local, jid.domain, secret);
    },
    async connect(text, options = {}) {
      const jid = Jid.parse(text);
      await server.account(jid.local, jid.domain, password);
      const client = await logIn(await open(), jid, options.face ?? jid.domain);
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

async function logIn(wire: Wire, jid: Jid, domain: string): Promise<Client> {
  await authenticate(wire, jid, domain);
  const resource = jid.resource === "" ? "" : `<resource>${jid.resource}</resource>`;
  wire.writes(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${resource}</bind></iq>`);
  const bound = await wire.receives("<iq type='result' id='bind'/>");
  return new Client(Jid.parse(bound.elements[0]!.elements[0]!.text), wire);
}
