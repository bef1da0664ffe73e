import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import { freePort } from "./free-port.ts";

const suffix = "dc=obspm,dc=example";
const adminDn = `cn=admin,${suffix}`;
const adminPassword = "pass-admin";
const institute = join(import.meta.dirname, "directory", "institute.ldif");

/** Why no slapd can be started here; undefined if one can. A reason to skip a test, by its name. */
export const noSlapd: string | undefined =
  ["slapd", "slapadd", "ldapmodify"].find((name) => spawnSync(name, ["-VV"]).error !== undefined) === undefined
    ? undefined
    : "Debian's packages slapd and ldap-utils are not installed";

/** Debian's slapd with the institute of `directory/institute.ldif`, on loopback, in a folder of its own. */
export interface Slapd {
  readonly url: string;
  readonly ldapsUrl: string;
  /** PEM of the authority that its certificate comes from: the certificate itself. */
  readonly ca: string;
  readonly caFile: string;
  readonly suffix: string;
  readonly adminDn: string;
  readonly adminPassword: string;
  /** Who may search, but not read passwords. */
  readonly readerDn: string;
  readonly readerPassword: string;
  /** The DN of a person, of a group. */
  person(login: string): string;
  group(name: string): string;
  /** Applies change records of LDIF (RFC 2849), as the administrator. */
  change(ldif: string): Promise<void>;
  add(dn: string, attributes: Readonly<Record<string, string | readonly string[]>>): Promise<void>;
  /** Replaces attributes; an empty list removes one. */
  modify(dn: string, attributes: Readonly<Record<string, string | readonly string[]>>): Promise<void>;
  remove(dn: string): Promise<void>;
  /** Kills it; connections break. */
  stop(): Promise<void>;
  /** Starts it again, on the same ports, with the same data. */
  start(): Promise<void>;
  /** Freezes it, so that it accepts connections and says nothing; `thaw` undoes that. */
  freeze(): void;
  thaw(): void;
  /** How many connections it has now. */
  connections(): number;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** Further lines for slapd's configuration, such as limits; `global` before the database, `database` in it. */
export interface SlapdOptions {
  readonly global?: string;
  readonly database?: string;
}

export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), "slapd-"));
  const { certificate, key } = await selfSigned({ names: ["localhost", "127.0.0.1"] });
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key, { mode: 0o600 });
  mkdirSync(join(folder, "data"));
  const configuration = join(folder, "slapd.conf");
  writeFileSync(configuration, configured(folder, files, options));
  execFileSync("slapadd", ["-q", "-f", configuration, "-l", institute], { stdio: ["ignore", "ignore", "inherit"] });
  const [port, tlsPort] = [await freePort(), await freePort()];
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = `ldaps://127.0.0.1:${tlsPort}`;
  let child: ChildProcess | undefined;
  const end = () => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", end);
  const stop = async () => {
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    child = undefined;
  };
  const start = async () => {
    child = await running(["-h", `${url} ${ldapsUrl}`, "-f", configuration, "-d", "0"], [port, tlsPort]);
  };
  await start();
  const change = (ldif: string) => modifying(url, ldif);
  return {
    url,
    ldapsUrl,
    ca: certificate,
    caFile: files.certificate,
    suffix,
    adminDn,
    adminPassword,
    readerDn: `cn=reader,ou=services,${suffix}`,
    readerPassword: "pass-reader",
    person: (login) => `uid=${login},ou=people,${suffix}`,
    group: (name) => `cn=${name},ou=groups,${suffix}`,
    change,
    add: (dn, attributes) => change(`${line("dn", dn)}changetype: add\n${lines(attributes)}`),
    modify: (dn, attributes) => change(`${line("dn", dn)}changetype: modify\n${replacements(attributes)}`),
    remove: (dn) => change(`${line("dn", dn)}changetype: delete\n`),
    stop,
    start,
    freeze() {
      child?.kill("SIGSTOP");
      while (child !== undefined && stateOf(child.pid!) !== "T"); // on a busy machine it goes on for a moment
    },
    thaw: () => void child?.kill("SIGCONT"),
    connections: () => established(port) + established(tlsPort),
    async close() {
      process.off("exit", end);
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configured(folder: string, files: { certificate: string; key: string }, options: SlapdOptions): string {
  const schemas = ["core", "cosine", "inetorgperson", "nis", "misc"];
  const rules = existsSync("/usr/lib/ldap/ppolicy.so") ? ["back_mdb", "ppolicy"] : ["back_mdb"];
  return `
${schemas.map((name) => `include /etc/ldap/schema/${name}.schema`).join("\n")}
modulepath /usr/lib/ldap
${rules.map((name) => `moduleload ${name}`).join("\n")}
pidfile ${folder}/slapd.pid
TLSCertificateFile ${files.certificate}
TLSCertificateKeyFile ${files.key}
threads 4
${options.global ?? ""}
database mdb
suffix "${suffix}"
rootdn "${adminDn}"
rootpw ${adminPassword}
directory ${folder}/data
maxsize 33554432
dbnosync
index objectClass,uid,mail eq
${options.database ?? ""}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,ou=services,${suffix}" read by self read by * none
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${suffix}"
ppolicy_use_lockout
`;
}

async function running(words: readonly string[], ports: readonly number[]): Promise<ChildProcess> {
  // Should this process be killed, the kernel ends slapd with it.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "slapd", ...words], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (const port of ports) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error("slapd did not start");
      await delay(10);
    }
  }
  return child;
}

/** Counts connections of a port on loopback in the kernel's table (proc(5)). */
function established(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .filter(([, address, , state]) => address === local && state === "01").length;
}

function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.once("error", () => resolve(false));
  socket.once("connect", () => {
    socket.destroy();
    resolve(true);
  });
  return promise;
}

async function modifying(url: string, ldif: string): Promise<void> {
  const words = ["-x", "-H", url, "-D", adminDn, "-w", adminPassword, "-e", "relax"];
  const child = spawn("ldapmodify", words, { stdio: ["pipe", "ignore", "pipe"] });
  const complaints: string[] = [];
  child.stderr.on("data", (part) => complaints.push(String(part)));
  child.stdin.end(ldif);
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`ldapmodify: ${complaints.join("")}`);
}

type Attributes = Readonly<Record<string, string | readonly string[]>>;

function lines(attributes: Attributes): string {
  return Object.entries(attributes)
    .flatMap(([name, values]) => [values].flat().map((value) => line(name, value)))
    .join("");
}

function replacements(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, values]) => `replace: ${name}\n${lines({ [name]: values })}-\n`)
    .join("");
}

function line(name: string, value: string): string {
  return `${name}:: ${Buffer.from(value).toString("base64")}\n`;
}

/** The state of a process, as in proc(5): "T" is stopped. */
function stateOf(pid: number): string | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2)[0];
}
