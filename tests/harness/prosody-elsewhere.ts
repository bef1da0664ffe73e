import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Elsewhere, ElsewhereOptions } from "./elsewhere.ts";

/** Debian's Prosody as another institution's server: a process of its own, on loopback, with a DNS server of a test. */
export async function startProsodyElsewhere(options: ElsewhereOptions): Promise<Elsewhere> {
  const folder = mkdtempSync(join(tmpdir(), "prosody-s2s-"));
  const { certificate, key } = options.certificate;
  const { authority, dns, domain, accounts } = options;
  const files = { "own.crt": certificate, "own.key": key, "authority.crt": authority };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "resolv.conf"), `nameserver ${dns}\n`);
  writeFileSync(join(folder, "prosody.cfg.lua"), configuration(folder, options));
  const kept = join(folder, domain.replaceAll(".", "%2e"), "accounts");
  mkdirSync(kept, { recursive: true });
  for (const [name, password] of Object.entries(accounts)) {
    writeFileSync(join(kept, `${name}.dat`), `return { ["password"] = "${password}"; };\n`);
  }
  let running = await start(folder, options);
  return {
    async restart() {
      await running();
      running = await start(folder, options);
    },
    async stop() {
      await running();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Prosody asks the DNS servers of /etc/resolv.conf: it gets one of its own, in a mount namespace. */
async function start(folder: string, { c2s, s2s }: ElsewhereOptions): Promise<() => Promise<void>> {
  const mounted = 'mount --bind "$1/resolv.conf" /etc/resolv.conf && exec prosody -F --config "$1/prosody.cfg.lua"';
  const words = ["--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", mounted, "prosody", folder];
  const child = spawn("setpriv", words, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  child.stdout.on("data", (part) => {
    said += part;
    if (process.env.LOG) process.stderr.write(part);
    const open = (name: string, port: number) => said.includes(`Activated service '${name}' on [127.0.0.1]:${port}`);
    if (open("c2s", c2s) && open("s2s", s2s)) resolve();
  });
  child.once("exit", () => reject(new Error(`Prosody did not start:\n${said}`)));
  await promise;
  return async () => {
    child.kill("SIGTERM");
    await gone;
  };
}

function configuration(folder: string, { domain, c2s, s2s, secure, bidirectional }: ElsewhereOptions): string {
  const tls = `{ key = "${folder}/own.key"; certificate = "${folder}/own.crt"; cafile = "${folder}/authority.crt" }`;
  const modules = ["roster", "saslauth", "tls", "dialback", "disco", "ping", "pep", "vcard_legacy", "smacks"];
  return `
run_as_root = true
data_path = "${folder}"
log = { ${process.env.LOG ? "debug" : "info"} = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${c2s} }
c2s_direct_tls_ports = {}
s2s_ports = { ${s2s} }
plugin_paths = {}
modules_enabled = { ${[...modules, ...(bidirectional ? ["s2s_bidi"] : [])].map((name) => `"${name}"`).join(", ")} }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
s2s_require_encryption = true
s2s_secure_auth = ${secure}
VirtualHost "${domain}"
  ssl = ${tls}
Component "conference.${domain}" "muc"
  ssl = ${tls}
  muc_room_locking = false
`;
}
