import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { ask } from "#app/control/client.ts";
import type { Target, TargetOptions } from "./target.ts";

export interface ServiceOptions {
  /** Default: example.com. */
  readonly domains?: readonly string[];
  /** Further sections of the configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A folder to keep when the service stops, so that another one may go on with it. Default: a new one that goes too. */
  readonly folder?: string;
}

/** Our whole service in a process of its own, as operators start it: configuration file, data folder, ports, TLS. */
export interface RunningService {
  /** Where it listens. */
  readonly host: string;
  /** For STARTTLS. */
  readonly port: number;
  /** For direct TLS. */
  readonly directPort: number;
  readonly folder: string;
  /** The file with a domain's self-signed certificate. */
  certificate(domain?: string): string;
  /** What it has written to its log so far, level debug. */
  readonly log: string;
  /** Makes an account, as the command line does. */
  addUser(account: string, password: string): Promise<void>;
  /** Runs the command line on this installation; returns its output. Fails if the command does. */
  command(words: readonly string[], input?: string): Promise<string>;
  /** Asks it to stop and waits; fails if it did not stop well. */
  stop(): Promise<void>;
  /** Kills it, as a crash would, and waits. */
  kill(): Promise<void>;
}

const program = join(import.meta.dirname, "..", "..", "src", "app", "main.ts");

/** Starts our service. Whatever happens, its process ends with this one. */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "parloir-"));
  const file = join(folder, "parloir.yaml");
  writeFileSync(file, stringify(configuration(options)));
  const child = spawn(...within("start", "--config", file), { stdio: ["ignore", "pipe", "pipe"], env: environment() });
  const log: string[] = [];
  child.stderr.on("data", (part) => log.push(String(part)));
  const exited = once(child, "exit");
  const [port, directPort] = await listening(child, log);
  const cleanUp = () => {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const commandLine = (words: readonly string[], input = "") => command([...words, "--config", file], input);
  return {
    host: "127.0.0.1",
    port,
    directPort,
    folder,
    certificate: (domain = options.domains?.[0] ?? "example.com") =>
      join(folder, "data", "certificates", `${domain}.crt`),
    get log() {
      return log.join("");
    },
    command: commandLine,
    addUser: async (account, password) =>
      void (await ask(join(folder, "data"), { command: "user add", arguments: { account, password } })),
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      cleanUp();
      assert.equal(code, 0, `the service did not stop well:\n${log.join("")}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
      cleanUp();
    },
  };
}

/** Our whole service as what scenarios run against: real TLS, a database on disk. A second for each scenario. */
export async function startServiceTarget(options: TargetOptions): Promise<Target> {
  const settings = { accounts: { iterations: 4096 }, ...options.settings };
  const service = await startService({ domains: options.domains, settings });
  const { host, port, directPort } = service;
  const ca = options.domains.map((domain) => readFileSync(service.certificate(domain), "utf8")).join("");
  const direct = { tls: "direct", serverName: options.domains[0]!, alpn: ["xmpp-client"], ca } as const;
  const made = new Set<string>();
  return {
    name: "service",
    async account(local, domain, password) {
      const account = `${local}@${domain}`;
      if (!made.has(account)) await service.addUser(account, password);
      made.add(account);
    },
    connect: ({ secure = true } = {}) =>
      connectTcp({ host, port: secure ? directPort : port, timeoutMs: 5_000, ...(secure ? direct : {}) }),
    stop: () => service.stop(),
  };
}

function configuration({ domains = ["example.com"], settings = {} }: ServiceOptions): object {
  return {
    domains: domains.map((name) => ({ name })),
    listen: [
      { port: 0, address: "127.0.0.1", tls: "starttls" },
      { port: 0, address: "127.0.0.1", tls: "direct" },
    ],
    log: { level: "debug" },
    http: { listen: [{ port: 0, address: "127.0.0.1" }] },
    proxy65: { listen: [{ port: 0, address: "127.0.0.1" }], public: ["127.0.0.1"] },
    ...settings,
  };
}

/** The command that runs ours and ends with this process, even if this one is killed. */
function within(...words: readonly string[]): [command: string, words: string[]] {
  return ["setpriv", ["--pdeathsig", "KILL", process.execPath, "--max-semi-space-size=4", program, ...words]];
}

/** As `./parloir` sets it: what Node made of the sources is kept for the next start; memory for two threads. */
function environment(): NodeJS.ProcessEnv {
  const cache = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "node");
  return { NODE_COMPILE_CACHE: cache, MALLOC_ARENA_MAX: "2", ...process.env };
}

/** The ports that the service says it listens at. */
async function listening(child: ChildProcess, log: readonly string[]): Promise<[starttls: number, direct: number]> {
  let said = "";
  for await (const part of child.stdout!.iterator({ destroyOnReturn: false })) {
    said += part;
    const [, starttls, direct] = /:(\d+) \(STARTTLS\), .*:(\d+) \(direct TLS\)/.exec(said) ?? [];
    if (starttls === undefined) continue;
    child.stdout!.resume();
    return [Number(starttls), Number(direct)];
  }
  throw new Error(`the service did not start:\n${said}${log.join("")}`);
}

async function command(words: readonly string[], input: string): Promise<string> {
  const child = spawn(...within(...words), { stdio: "pipe" });
  let said = "";
  let complaints = "";
  child.stdout.on("data", (part) => {
    said += part;
  });
  child.stderr.on("data", (part) => {
    complaints += part;
  });
  child.stdin.end(input);
  const [code] = await once(child, "close");
  assert.equal(code, 0, `${words.join(" ")}: ${complaints}${said}`);
  return said;
}
