import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { freePort } from "./free-port.ts";
import type { Target, TargetOptions } from "./target.ts";

/** What of Prosody corresponds to our features. */
const modules = [
  "roster",
  "saslauth",
  "disco",
  "carbons",
  "pep",
  "bookmarks",
  "private",
  "blocklist",
  "vcard4",
  "vcard_legacy",
  "version",
  "uptime",
  "time",
  "ping",
  "lastactivity",
  "mam",
  "csi",
  "csi_simple",
  "smacks",
  "user_account_management",
];

/**
 * Debian's Prosody, as it comes, as the server under test: a process and a folder of its own for each scenario, on
 * loopback. Connections are not encrypted; it is told not to mind. Our settings mean nothing to it.
 */
export async function startProsody(options: TargetOptions): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), "prosody-"));
  const { process: child, port } = await starting(folder, options.domains);
  const gone = once(child, "exit");
  const cleanUp = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const abandoned = () => {
    child.kill("SIGKILL");
    cleanUp();
  };
  process.once("exit", abandoned);
  return {
    name: "prosody",
    async account(local, domain, password) {
      const accounts = join(folder, encoded(domain), "accounts");
      mkdirSync(accounts, { recursive: true });
      writeFileSync(join(accounts, `${encoded(local)}.dat`), `return { ["password"] = ${quoted(password)}; };\n`);
    },
    connect: () => connectTcp({ host: "127.0.0.1", port, timeoutMs: 5_000 }),
    async stop() {
      process.off("exit", abandoned);
      child.kill("SIGKILL");
      await gone;
      cleanUp();
    },
  };
}

interface Running {
  readonly process: ChildProcess;
  readonly port: number;
}

/** Another program may take a port between its choice and its use. */
async function starting(folder: string, domains: readonly string[]): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const file = join(folder, "prosody.cfg.lua");
    writeFileSync(file, configuration(folder, domains, port));
    // Should this process be killed, the kernel ends Prosody with it.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "prosody", "-F", "--config", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const problem = await untilListening(child, port);
    if (problem === undefined) return { process: child, port };
    child.kill("SIGKILL");
    if (attempt === 5) throw new Error(`Prosody did not start:\n${problem}`);
  }
}

/** Resolves when the port is open, or with what Prosody said instead. */
function untilListening(child: ChildProcess, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const said: string[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (process.env.LOG) console.error(line);
    said.push(line);
    if (line.includes(`Activated service 'c2s' on [127.0.0.1]:${port}`)) resolve(undefined);
    else if (line.includes("Activated service 'c2s' on no ports")) resolve(said.join("\n"));
  });
  child.once("error", (error) => resolve(error.message));
  child.once("exit", () => resolve(said.join("\n")));
  return promise;
}

function configuration(folder: string, domains: readonly string[], port: number): string {
  const rooms = (domain: string) => `Component ${quoted(`conference.${domain}`)} "muc"\n  muc_room_locking = true\n`;
  const hosts = domains.map((domain) => `VirtualHost ${quoted(domain)}\n${rooms(domain)}`).join("");
  return `
run_as_root = true
data_path = ${quoted(folder)}
log = { ${process.env.LOG ? "debug" : "info"} = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
plugin_paths = {}
modules_enabled = { ${modules.map(quoted).join(", ")} }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_bosh_secure = true
archive_expires_after = "never"
${hosts}`;
}

/** A Lua string. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)];
  return `"${bytes.map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
}

/** A name as Prosody writes it in its folder. */
function encoded(name: string): string {
  return Buffer.from(name)
    .toString("latin1")
    .replace(/[^A-Za-z0-9]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
