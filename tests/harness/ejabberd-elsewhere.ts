import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectTcp } from "#adapters/tcp/connect.ts";
import type { Elsewhere, ElsewhereOptions } from "./elsewhere.ts";
import { Wire } from "./wire.ts";

/** Debian's ejabberd as another institution's server: a process of its own, on loopback, with a DNS server of a test. */
export async function startEjabberdElsewhere(options: ElsewhereOptions): Promise<Elsewhere> {
  const folder = mkdtempSync(join(tmpdir(), "ejabberd-s2s-"));
  const { certificate, key } = options.certificate;
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "own.pem"), `${certificate}${key}`);
  writeFileSync(join(folder, "authority.crt"), options.authority);
  writeFileSync(join(folder, "resolv.conf"), `nameserver ${options.dns}\n`);
  writeFileSync(join(folder, "ejabberd.yml"), configuration(folder, options));
  let running = await start(folder, options.c2s);
  for (const [user, password] of Object.entries(options.accounts)) await register(options, user, password);
  return {
    async restart() {
      await running();
      running = await start(folder, options.c2s);
    },
    async stop() {
      await running();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Erlang asks the DNS servers of /etc/resolv.conf: it gets one of its own, in a mount namespace. */
async function start(folder: string, port: number): Promise<() => Promise<void>> {
  const [found] = globSync("/usr/lib/*/ejabberd-*/ebin");
  if (found === undefined) throw new Error("there is no ejabberd");
  const erlang = 'exec erl -noinput -mnesia dir "\\"$1/data\\"" -s ejabberd';
  const mounted = `mount --bind "$1/resolv.conf" /etc/resolv.conf && ${erlang}`;
  const words = ["--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", mounted, "ejabberd", folder];
  const env = {
    ...process.env,
    HOME: folder,
    ERL_LIBS: dirname(dirname(found)),
    EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
    EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
    ERL_CRASH_DUMP_BYTES: "0",
  };
  const stdio = process.env.LOG ? "inherit" : "ignore";
  const child = spawn("setpriv", words, { stdio: ["ignore", stdio, stdio], env });
  const gone = once(child, "exit");
  let over = false;
  child.once("exit", () => {
    over = true;
  });
  while (!(await listens(port))) {
    if (over) throw new Error("ejabberd did not start");
    await delay(100);
  }
  return async () => {
    child.kill("SIGTERM");
    await gone;
  };
}

async function listens(port: number): Promise<boolean> {
  try {
    (await connectTcp({ host: "127.0.0.1", port, timeoutMs: 1_000 })).destroy();
    return true;
  } catch {
    return false;
  }
}

/** In-band registration (XEP-0077). */
async function register({ c2s, domain }: ElsewhereOptions, user: string, password: string): Promise<void> {
  const wire = new Wire(await connectTcp({ host: "127.0.0.1", port: c2s, timeoutMs: 5_000 }));
  await wire.opens(domain);
  wire.writes(
    `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>${user}</username><password>${password}</password></query></iq>`,
  );
  await wire.receives("<iq type='result' id='r'/>");
  wire.transport.destroy();
}

function configuration(folder: string, { domain, c2s, s2s, secure }: ElsewhereOptions): string {
  return `
hosts: ["${domain}"]
loglevel: ${process.env.LOG ? "debug" : "warning"}
log_rotate_count: 0
certfiles: ["${folder}/own.pem"]
ca_file: "${folder}/authority.crt"
auth_method: internal
registration_timeout: infinity
s2s_use_starttls: required
listen:
  - port: ${c2s}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    access: all
  - port: ${s2s}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
modules:
  mod_disco: {}
  mod_roster: {}
  mod_ping: {}
  mod_offline: {}
  mod_register: { access: all, ip_access: all }
  mod_muc: { access_create: all, default_room_options: {} }
${secure ? "" : "  mod_s2s_dialback: {}\n"}`;
}
