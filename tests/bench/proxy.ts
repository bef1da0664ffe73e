/**
 * What a file costs that passes through the proxy (XEP-0065), beside Node's own `pipe`: throughput on loopback, CPU and
 * memory of the process in the middle. Each server is a process of its own; both ends are this one.
 *
 *     node tests/bench/proxy.ts [MEGABYTES]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tcpSockets } from "#adapters/tcp/raw.ts";
import { silent } from "#core/log.ts";
import type { RawSocket } from "#core/sockets.ts";
import { Transfer } from "#features/proxy65/transfer.ts";

type Kind = "ours" | "pipe";

interface Cost {
  /** Seconds of CPU. */
  readonly cpu: number;
  /** Resident memory at most, bytes. */
  readonly memory: number;
}

async function serveOurs(): Promise<number> {
  let first: RawSocket | undefined;
  const accept = (socket: RawSocket) => {
    if (first === undefined) {
      first = socket;
      return;
    }
    const none = new Uint8Array(0);
    const ends = [
      { socket: first, early: none },
      { socket, early: none },
    ] as const;
    first = undefined;
    new Transfer(ends, { rate: 0, passing: () => true, over() {} }).start();
  };
  return (await tcpSockets(silent).listen({ address: "127.0.0.1", port: 0, accept })).port;
}

async function servePipe(): Promise<number> {
  let first: Socket | undefined;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    if (first === undefined) {
      first = socket;
      return;
    }
    first.pipe(socket).pipe(first);
    first = undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The process in the middle: tells its port, then at each message its cost so far. */
async function serve(kind: Kind): Promise<void> {
  process.send!(await (kind === "ours" ? serveOurs() : servePipe()));
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send!({ cpu: (user + system) / 1e6, memory: process.resourceUsage().maxRSS * 1024 });
  });
}

async function costOf(child: ChildProcess): Promise<Cost> {
  const answered = once(child, "message");
  child.send("cost");
  return (await answered)[0] as Cost;
}

/** Sends so many bytes through; returns seconds. */
async function pass(port: number, total: number): Promise<number> {
  const arrived = Promise.withResolvers<void>();
  let left = total;
  const onread = {
    buffer: Buffer.alloc(1 << 20),
    callback(length: number) {
      left -= length;
      if (left <= 0) arrived.resolve();
      return true;
    },
  };
  const to = connect({ port, host: "127.0.0.1", onread });
  await once(to, "connect");
  const from = connect({ port, host: "127.0.0.1" });
  await once(from, "connect");
  const began = performance.now();
  const block = Buffer.alloc(1 << 20);
  for (let sent = 0; sent < total; sent += block.length) {
    if (!from.write(block.subarray(0, Math.min(block.length, total - sent)))) await once(from, "drain");
  }
  await arrived.promise;
  const seconds = (performance.now() - began) / 1000;
  from.destroy();
  to.destroy();
  return seconds;
}

async function measure(kind: Kind, total: number): Promise<void> {
  const child = fork(import.meta.filename, ["serve", kind]);
  const port = (await once(child, "message"))[0] as number;
  await pass(port, 20_000_000); // warm
  const before = await costOf(child);
  const seconds = await pass(port, total);
  const after = await costOf(child);
  const gigabytes = total / 1e9;
  const figures = [
    `${(total / 1e6 / seconds).toFixed(0).padStart(6)} MB/s`,
    `${((after.cpu - before.cpu) / gigabytes).toFixed(2).padStart(6)} s of CPU a GB`,
    `${(after.memory / 2 ** 20).toFixed(0).padStart(6)} MiB at most, ${((after.memory - before.memory) / 2 ** 20).toFixed(0)} more than before`,
  ];
  console.log(`${kind} ${figures.join(" ")}`);
  child.disconnect();
}

if (process.argv[2] === "serve") await serve(process.argv[3] as Kind);
else {
  const total = Number(process.argv[2] ?? 1000) * 1e6;
  for (const kind of ["pipe", "ours", "pipe", "ours"] as const) await measure(kind, total);
}
