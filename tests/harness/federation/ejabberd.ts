import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Jid } from "#jid/jid.ts";
import { password } from "../scenario.ts";
import type { Institution, Premises } from "./institution.ts";
import { connectPlainly, Running } from "./process.ts";

export interface EjabberdOptions {
  /** Accounts that it makes when it starts. */
  readonly accounts: readonly string[];
  /** Without dialback. */
  readonly certificatesOnly?: boolean;
}

/** Debian's ejabberd as another institution. */
export async function ejabberdAt(premises: Premises, options: EjabberdOptions): Promise<Institution> {
  const { domain, address, folder } = premises;
  writeFileSync(join(folder, "ejabberd.yml"), configuration(premises, options));
  writeFileSync(
    join(folder, "both.pem"),
    readFileSync(premises.certificate, "utf8") + readFileSync(premises.key, "utf8"),
  );
  const words = [
    "-noinput",
    "+sbwt",
    "none",
    "+sbwtdcpu",
    "none",
    "+sbwtdio",
    "none",
    "-mnesia",
    "dir",
    `"${folder}/mnesia"`,
  ];
  const running = new Running({
    command: "erl",
    words: [...words, "-eval", program(premises, options)],
    environment: {
      HOME: folder,
      ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
      ERL_CRASH_DUMP_BYTES: "0",
      EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
      EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
    },
    ready: /ready for tests/,
  });
  mkdirSync(join(folder, "mnesia"), { recursive: true });
  await running.start();
  return {
    name: "ejabberd",
    domain,
    address,
    get log() {
      return running.log;
    },
    async connect(login, given) {
      const [local, resource = "there"] = login.split("/");
      return connectPlainly(Jid.parse(`${local}@${domain}/${resource}`), { host: address, port: 5222 }, given);
    },
    start: () => running.start(),
    stop: () => running.stop(),
    kill: () => running.kill(),
  };
}

/** What Erlang does at the start: asks the DNS of the test (but the system for addresses), runs ejabberd, makes accounts. */
function program({ domain, numbers }: Premises, { accounts }: EjabberdOptions): string {
  const address = numbers.address.replaceAll(".", ",");
  return [
    'inet_db:set_resolv_conf("")', // else it is read again, and its servers are asked
    "inet_db:set_lookup([dns])",
    "inet_db:res_option(nameservers, [])",
    `inet_db:add_ns({${address}}, ${numbers.port})`,
    "{ok, _} = application:ensure_all_started(ejabberd)",
    ...accounts.map((name) => `ejabberd_auth:try_register(<<"${name}">>, <<"${domain}">>, <<"${password}">>)`),
    'io:format("ready for tests~n").',
  ].join(", ");
}

function configuration(
  { domain, address, folder, authorities }: Premises,
  { certificatesOnly = false }: EjabberdOptions,
): string {
  return `
hosts: ["${domain}"]
loglevel: ${process.env.LOG ? "debug" : "notice"}
log_rotate_count: 0
certfiles: ["${folder}/both.pem"]
ca_file: "${authorities}"
auth_method: internal
s2s_use_starttls: required
outgoing_s2s_families: [ipv4]
listen:
  - {port: 5222, ip: "${address}", module: ejabberd_c2s, access: all}
  - {port: 5269, ip: "${address}", module: ejabberd_s2s_in}
modules:
  mod_caps: {}
  mod_disco: {}
  mod_roster: {}
  mod_ping: {}
  mod_offline: {}
  mod_vcard: {search: false}
  mod_carboncopy: {}
  mod_stream_mgmt: {}
  mod_pubsub: {plugins: [flat, pep]}
  mod_muc: {host: "conference.@HOST@", access_create: all}
${certificatesOnly ? "" : "  mod_s2s_dialback: {}\n"}`;
}
