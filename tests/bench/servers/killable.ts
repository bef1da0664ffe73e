import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Killable } from "#test/chaos/count.ts";
import { freePort } from "#test/harness/free-port.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import type { Address } from "../load/link.ts";

const domain = "loss.test";
const password = "pencil";

/** Our service, with what the count needs: no encryption, no limits to how much is said. */
export class KillableService implements Killable {
  readonly domain = domain;
  readonly password = password;
  readonly #folder = mkdtempSync(join(tmpdir(), "parloir-loss-"));
  readonly #accounts: readonly string[];
  #service: RunningService | undefined;
  #made = false;

  constructor(accounts: readonly string[]) {
    this.#accounts = accounts;
  }

  async start(): Promise<Address> {
    const settings = {
      log: { level: "warn" },
      c2s: { encryption: "optional", rate: "0 B" },
      muc: { rate: 0, "room-rate": 0 },
      accounts: { iterations: 4096 },
    };
    const service = await startService({ folder: this.#folder, domains: [domain], settings });
    if (!this.#made) for (const name of this.#accounts) await service.addUser(`${name}@${domain}`, password);
    this.#made = true;
    this.#service = service;
    return service;
  }

  /** @throws if it has complained of anything */
  async kill(): Promise<void> {
    await this.#service!.kill();
    assert.equal(this.#service!.log, "", "the service complained");
  }

  /** @throws if it did not stop well, or has complained of anything */
  async stop(): Promise<void> {
    await this.#service!.stop();
    assert.equal(this.#service!.log, "", "the service complained");
  }

  async remove(): Promise<void> {
    await this.#service?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What is known of another server: its command line, and the files it wants before its first start. */
interface Program {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Another server in a process and a folder of its own, on loopback. It ends with this one. */
abstract class Peer implements Killable {
  readonly domain = domain;
  readonly password = password;
  protected readonly folder: string;
  protected readonly names: readonly string[];
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(name: string, accounts: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), `${name}-loss-`));
    this.names = accounts;
  }

  protected abstract prepare(port: number): Program;
  /** Makes the accounts, once it runs. */
  protected async populate(_address: Address): Promise<void> {}

  async start(): Promise<Address> {
    const first = this.#port === 0;
    if (first) this.#port = await freePort();
    const { command, environment } = this.prepare(this.#port);
    const output = openSync(join(this.folder, "output.log"), "a");
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
      stdio: ["ignore", output, output],
      env: { ...process.env, ...environment },
    });
    closeSync(output);
    await listening(this.#port).catch((cause) => {
      throw new Error(readFileSync(join(this.folder, "output.log"), "utf8").slice(-2_000), { cause });
    });
    if (first) await this.populate({ port: this.#port });
    return { port: this.#port };
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const gone = once(this.#child!, "exit");
    this.#child!.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Waits for a port to be open: ten seconds at most. */
async function listening(port: number): Promise<void> {
  for (let left = 500; ; left--) {
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    if (left === 0) throw new Error(`nobody listens at ${port}`);
    await sleep(20);
  }
}

/** Debian's Prosody with stream management, offline messages and archives of people and rooms; storage as it comes. */
export class KillableProsody extends Peer {
  constructor(accounts: readonly string[]) {
    super("prosody", accounts);
  }

  protected prepare(port: number): Program {
    const people = join(this.folder, "data", domain.replace(".", "%2e"), "accounts");
    mkdirSync(people, { recursive: true });
    for (const name of this.names)
      writeFileSync(join(people, `${name}.dat`), `return { ["password"] = "${password}"; };\n`);
    const file = join(this.folder, "prosody.cfg.lua");
    writeFileSync(
      file,
      `run_as_root = true
data_path = "${join(this.folder, "data")}"
pidfile = "${join(this.folder, "prosody.pid")}"
log = { warn = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "carbons", "ping", "mam", "smacks", "offline" }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
archive_expires_after = "never"
default_archive_policy = true
VirtualHost "${domain}"
Component "conference.${domain}" "muc"
  modules_enabled = { "muc_mam" }
  muc_room_locking = false
  muc_log_by_default = true
  muc_log_expires_after = "never"
`,
    );
    return { command: ["prosody", "-F", "--config", file] };
  }
}

/** Debian's ejabberd with the same; everything in Mnesia, its default. */
export class KillableEjabberd extends Peer {
  constructor(accounts: readonly string[]) {
    super("ejabberd", accounts);
  }

  protected prepare(port: number): Program {
    const file = join(this.folder, "ejabberd.yml");
    mkdirSync(join(this.folder, "data"), { recursive: true });
    writeFileSync(
      file,
      `hosts: ["${domain}"]
loglevel: warning
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
listen:
  - { port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, shaper: none, access: all, starttls: false }
shaper_rules: { max_user_offline_messages: infinity }
modules:
  mod_disco: {}
  mod_roster: {}
  mod_ping: {}
  mod_carboncopy: {}
  mod_register: { access: all, ip_access: all }
  mod_offline: { access_max_user_messages: max_user_offline_messages }
  mod_stream_mgmt: {}
  mod_mam: { default: always, assume_mam_usage: false, request_activates_archiving: false }
  mod_muc: { min_message_interval: 0, min_presence_interval: 0, default_room_options: { mam: true } }
`,
    );
    const environment = {
      HOME: this.folder,
      EJABBERD_CONFIG_PATH: file,
      EJABBERD_LOG_PATH: join(this.folder, "ejabberd.log"),
      ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
      ERL_CRASH_DUMP_BYTES: "0",
    };
    const data = `"${join(this.folder, "data")}"`;
    return { command: ["erl", "-noinput", "+sbwt", "none", "-mnesia", "dir", data, "-s", "ejabberd"], environment };
  }

  /** In-band registration (XEP-0077). */
  protected override async populate(address: Address): Promise<void> {
    const { Dialer } = await import("../load/link.ts");
    const link = await new Dialer().dial(address);
    link.send(
      `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    await link.next();
    for (const name of this.names) {
      link.send(
        `<iq type='set' id='${name}'><query xmlns='jabber:iq:register'><username>${name}</username><password>${password}</password></query></iq>`,
      );
      const answer = await link.next();
      assert.match(answer, /type=['"]result/, answer);
    }
    await link.close("</stream:stream>");
  }
}
