/**
 * What uploads and downloads cost: our service as operators start it, files of 1 GB, over TLS and without, one at a time and
 * four together. Seconds of CPU for each GB (user and system, all threads of the service), the rate, and the most memory
 * that the service had. Needs 5 GB on the disk of temporary files, and curl.
 *
 *     node tests/bench/http.ts [MB of a file]
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { ask } from "#app/control/client.ts";
import { Jid } from "#jid/jid.ts";
import { authenticate } from "#test/harness/scenario.ts";
import { startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

const run = promisify(execFile);
const megabyte = 1_000_000;
const ticks = 100; // of a second, in /proc

const bytes = Number(process.argv[2] ?? 1000) * megabyte;
const folder = mkdtempSync(join(tmpdir(), "parloir-bench-"));
const source = join(folder, "source");
writeFileSync(source, Buffer.alloc(megabyte, "0123456789abcdef"));
await run("sh", [
  "-c",
  `for i in $(seq ${bytes / megabyte}); do cat "$0"; done > "$0.all" && mv "$0.all" "$0"`,
  source,
]);

const service = await startService({
  folder,
  settings: {
    http: {
      listen: [
        { port: 0, address: "127.0.0.1" },
        { port: 0, address: "127.0.0.1", tls: false },
      ],
    },
    "http-upload": { size: "10 GB", quota: "1000 GB", reserve: "1 MiB" },
    log: { level: "warn" },
    accounts: { iterations: 4096 },
  },
});
try {
  await service.addUser("romeo@example.com", "pencil");
  const reply = await ask(join(folder, "data"), { command: "status", arguments: {} });
  const { pid, http } = reply!.result as { pid: number; http: { port: number; tls: boolean }[] };
  const wire = await logIn();
  const slot = async () => {
    wire.writes(
      `<iq type='get' id='s' to='upload.example.com'><request xmlns='urn:xmpp:http:upload:0' filename='big.bin' size='${bytes}'/></iq>`,
    );
    const [put, get] = (await wire.receives("<iq type='result' id='s'/>")).elements[0]!.elements;
    return { put: put!.attrs.url!, get: get!.attrs.url! };
  };
  console.log(`files of ${bytes / megabyte} MB; empty service: ${memory(pid, "VmRSS")} MiB`);
  for (const tls of [false, true]) {
    const port = http.find((one) => one.tls === tls)!.port;
    const local = (url: string) => url.replace(/^https:\/\/[^/]+/, `${tls ? "https" : "http"}://localhost:${port}`);
    for (const together of [1, 4]) {
      const slots: { readonly put: string; readonly get: string }[] = [];
      for (let i = 0; i < together; i++) slots.push(await slot());
      const way = `${tls ? "TLS" : "plain"}, ${together} at a time`;
      await measured(pid, `upload, ${way}`, together, () =>
        Promise.all(slots.map(({ put }) => curl("-T", source, local(put)))),
      );
      await measured(pid, `download, ${way}`, together, () => Promise.all(slots.map(({ get }) => curl(local(get)))));
      await Promise.all(slots.map(({ put }) => curl("-X", "DELETE", local(put))));
    }
  }
  wire.transport.destroy();
} finally {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function logIn(): Promise<Wire> {
  const { host, port } = { host: service.host, port: service.directPort };
  const direct = {
    tls: "direct",
    serverName: "example.com",
    alpn: ["xmpp-client"],
    rejectUnauthorized: false,
  } as const;
  const wire = new Wire(await connectTcp({ host, port, timeoutMs: 5000, ...direct }));
  await authenticate(wire, Jid.parse("romeo@example.com"));
  wire.writes("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await wire.receives("<iq type='result' id='bind'/>");
  return wire;
}

function curl(...words: string[]): Promise<unknown> {
  return run("curl", ["-sS", "-f", "-k", "-o", "/dev/null", ...words]);
}

async function measured(pid: number, what: string, files: number, work: () => Promise<unknown>): Promise<void> {
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the most memory is that of this run
  const cpu = processor(pid);
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const gigabytes = (bytes * files) / 1e9;
  const rate = Math.round((gigabytes * 1000) / seconds);
  const [user, system] = processor(pid).map((now, at) => ((now - cpu[at]!) / gigabytes).toFixed(2));
  const cost = `CPU s a GB: ${user} user, ${system} system`;
  console.log(`${what.padEnd(32)} ${`${rate}`.padStart(5)} MB/s; ${cost}; at most ${memory(pid, "VmHWM")} MiB`);
}

/** Seconds of CPU so far, user and system. */
function processor(pid: number): number[] {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return [Number(fields[11]) / ticks, Number(fields[12]) / ticks];
}

function memory(pid: number, name: string): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Math.round(Number(kib) / 1024);
}
