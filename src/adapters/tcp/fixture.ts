/** What the tests of this folder share. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pair } from "#stream/transport.conformance.ts";
import type { Transport } from "#stream/transport.ts";
import { Certificates } from "./certificates.ts";
import { type ConnectOptions, connectTcp } from "./connect.ts";
import { type Listener, type ListenLimits, type ListenOptions, listenTcp } from "./listen.ts";
import type { Log } from "./log.ts";
import { selfSigned } from "./self-signed.ts";

/** A log that keeps what it is told. */
export class Journal implements Log {
  readonly entries: { level: string; message: string; fields: object | undefined }[] = [];
  debug = this.#keep("debug");
  info = this.#keep("info");
  warn = this.#keep("warn");
  error = this.#keep("error");

  #keep(level: string) {
    return (message: string, fields?: object): void => {
      this.entries.push({ level, message, fields });
    };
  }

  count(level: string): number {
    return this.entries.filter((entry) => entry.level === level).length;
  }
}

/** Whoever ends what a test has begun: the test, or `after` of its file. */
export interface Ending {
  after(run: () => Promise<void> | void): void;
}

/** A folder that goes with the test. */
export async function folder(test: Ending): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "parloir-tcp-"));
  test.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Writes certificate and key into a folder and returns their files. */
export async function writePair(path: string, name: string, pems: { certificate: string; key: string }) {
  const files = { certificate: join(path, `${name}.crt`), key: join(path, `${name}.key`) };
  await writeFile(files.key, pems.key, { mode: 0o600 });
  await writeFile(files.certificate, pems.certificate);
  return files;
}

/** Certificates made for some domains, and their PEM to trust. */
export async function certificatesFor(test: Ending, ...domains: string[]) {
  const path = await folder(test);
  const log = new Journal();
  const made = await Promise.all(domains.map(async (domain) => selfSigned({ names: [domain] })));
  const entries = await Promise.all(
    domains.map(async (domain, i) => [domain, await writePair(path, domain.replace("*", "any"), made[i]!)] as const),
  );
  const certificates = await Certificates.load({ domains: Object.fromEntries(entries), log });
  test.after(() => certificates.close());
  return { certificates, ca: made.map(({ certificate }) => certificate).join(""), path, log, files: entries };
}

export const limits: ListenLimits = {
  unsentBytes: 16_000_000,
  handshakeMs: 10_000,
  connections: 1000,
  connectionsPerAddress: 1000,
};

/** A listener on a free port of this machine whose connections can be awaited. */
export async function listen(
  test: Ending,
  options: Partial<ListenOptions> & { certificates: Certificates },
): Promise<{ listener: Listener; next(): Promise<Transport>; log: Journal }> {
  const arrived: Transport[] = [];
  const waiting: ((transport: Transport) => void)[] = [];
  const log = new Journal();
  const listener = await listenTcp({
    address: "127.0.0.1",
    port: 0,
    directTls: false,
    limits,
    log,
    accept(transport) {
      const take = waiting.shift();
      if (take === undefined) arrived.push(transport);
      else take(transport);
    },
    ...options,
  });
  test.after(() => listener.close());
  const next = async (): Promise<Transport> => {
    const transport = arrived.shift();
    return transport ?? new Promise((resolve) => waiting.push(resolve));
  };
  return { listener, next, log };
}

/** How the two ends of a test are joined. */
export interface Join {
  readonly tls: "none" | "starttls" | "direct";
  readonly listen?: Partial<ListenOptions>;
  readonly connect?: Partial<ConnectOptions>;
}

/** Connects a client to a new listener; TLS, if any, is established. */
export async function joined(
  certificates: Certificates,
  ca: string,
  { tls, ...options }: Join,
): Promise<Pair & { listener: Listener }> {
  const after: (() => Promise<void> | void)[] = [];
  const test: Ending = { after: (run) => void after.push(run) };
  const { listener, next } = await listen(test, { certificates, directTls: tls === "direct", ...options.listen });
  const client = connectTcp({
    host: "127.0.0.1",
    port: listener.port,
    timeoutMs: 10_000,
    ca,
    serverName: "example.com",
    ...(tls === "direct" ? { tls } : {}),
    ...options.connect,
  });
  const [two, one] = await Promise.all([client, next()]);
  if (tls === "starttls") await Promise.all([one.startTls?.("example.com"), two.startTls?.("example.com")]);
  const stop = async (): Promise<void> => {
    for (const run of after) await run();
  };
  return { ends: [one, two], listener, stop };
}

/** A bare socket, which can do what a transport would not. */
export async function bare(test: Ending, port: number, options: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const socket = connectSocket({ host: "127.0.0.1", port, ...options });
  test.after(() => void socket.destroy());
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}
