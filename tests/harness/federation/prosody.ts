import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Jid } from "#jid/jid.ts";
import { password } from "../scenario.ts";
import type { Institution, Premises } from "./institution.ts";
import { connectPlainly, Running } from "./process.ts";

const modules = [
  "roster",
  "saslauth",
  "tls",
  "s2s",
  "dialback",
  "s2s_auth_certs",
  "disco",
  "offline",
  "carbons",
  "pep",
  "blocklist",
  "vcard4",
  "vcard_legacy",
  "ping",
  "mam",
  "smacks",
  "dns_elsewhere",
];

/** How its policy differs from the usual: a certificate, or dialback. */
export interface ProsodyOptions {
  /** Nothing but certificates proves who a server is. */
  readonly certificatesOnly?: boolean;
  /** Further modules, such as "s2s_bidi". */
  readonly further?: readonly string[];
  /** Modules to leave out, such as "dialback". */
  readonly without?: readonly string[];
}

/** Debian's Prosody as another institution. */
export async function prosodyAt(premises: Premises, options: ProsodyOptions = {}): Promise<Institution> {
  const { domain, address, folder } = premises;
  const file = join(folder, "prosody.cfg.lua");
  writeFileSync(file, configuration(premises, options));
  const running = new Running({
    command: "prosody",
    words: ["-F", "--config", file],
    ready: /^(?=[\s\S]*Activated service 's2s' on)(?=[\s\S]*Activated service 'c2s' on)/,
  });
  await running.start();
  return {
    name: "prosody",
    domain,
    address,
    get log() {
      return running.log;
    },
    async connect(login, given) {
      const jid = Jid.parse(`${login.split("/")[0]}@${domain}/${login.split("/")[1] ?? "there"}`);
      const accounts = join(folder, "data", encoded(domain), "accounts");
      mkdirSync(accounts, { recursive: true });
      writeFileSync(join(accounts, `${encoded(jid.local)}.dat`), `return { ["password"] = "${password}"; };\n`);
      return connectPlainly(jid, { host: address, port: 5222 }, given);
    },
    start: () => running.start(),
    stop: () => running.stop(),
    kill: () => running.kill(),
  };
}

function configuration({ domain, address, folder, dns, ...files }: Premises, options: ProsodyOptions): string {
  const { certificatesOnly = false, further = [], without = [] } = options;
  const enabled = [...modules, ...further].filter((name) => !without.includes(name));
  return `
run_as_root = true
data_path = "${folder}/data"
log = { debug = "*console" }
interfaces = { "${address}" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = {}
s2s_ports = { 5269 }
component_ports = { 5347 }
component_interfaces = { "${address}" }
plugin_paths = { "${join(import.meta.dirname, "..", "prosody-modules")}" }
dns_elsewhere = { address = "${dns.address}", port = ${dns.port} }
modules_enabled = { ${enabled.map((name) => `"${name}"`).join(", ")} }
modules_disabled = { ${without.map((name) => `"${name}"`).join(", ")} }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
s2s_require_encryption = true
s2s_secure_auth = ${certificatesOnly}
ssl = { certificate = "${files.certificate}", key = "${files.key}", cafile = "${files.authorities}" }
VirtualHost "${domain}"
Component "conference.${domain}" "muc"
  restrict_room_creation = false
  muc_room_locking = false
Component "component.${domain}"
  component_secret = "secret"
`;
}

/** A name as Prosody writes it in its folder. */
function encoded(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
