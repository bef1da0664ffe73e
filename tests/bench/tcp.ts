/**
 * What the TCP adapter costs beside a bare relay of Node that does the least it can: CPU per relayed message, and
 * memory per idle connection. Each server is a process of its own; the load comes from this one.
 *
 *     node tests/bench/tcp.ts [cpu|memory]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { certificatesFor, Journal } from "#adapters/tcp/fixture.ts";
import { listenTcp } from "#adapters/tcp/listen.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";

const end = "</message>";
const head =
  "<message to='juliet@example.com/balcony' from='romeo@example.com/orchard' type='chat' id='abcdefgh'><body>";
const stanza = `${head}${"x".repeat(220 - head.length - "</body>".length - end.length)}</body>${end}`;

/** One end of the relay: writes to it leave at the end of the loop turn. */
interface End {
  write(bytes: string): unknown;
}

/** Hands each stanza that ends in a chunk to the partner: the connections are paired in the order they came. */
class Relay {
  readonly #ends: End[] = [];

  add(own: End): (bytes: string) => void {
    const index = this.#ends.push(own) - 1;
    let rest = "";
    return (bytes) => {
      const text = rest + bytes;
      let start = 0;
      for (;;) {
        const found = text.indexOf(end, start);
        if (found < 0) break;
        this.#ends[index ^ 1]?.write(text.slice(start, found + end.length));
        start = found + end.length;
      }
      rest = text.slice(start);
    };
  }
}

async function serveOurs(tls: boolean): Promise<number> {
  const ends: (() => Promise<void> | void)[] = [];
  const { certificates } = await certificatesFor({ after: (run) => void ends.push(run) }, "localhost");
  for (const run of ends) await run(); // they are loaded, and this process will be killed
  const relay = new Relay();
  const listener = await listenTcp({
    address: "127.0.0.1",
    port: 0,
    directTls: tls,
    certificates,
    log: new Journal(),
    limits: { unsentBytes: 1e7, handshakeMs: 60_000, connections: 1e6, connectionsPerAddress: 1e6 },
    accept(transport) {
      transport.open({ data: relay.add(transport), drain() {}, closed() {} });
    },
  });
  return listener.port;
}

/** The least: string writes gathered by hand, nothing else. */
function bareEnd(socket: Socket, dirty: (() => void)[]): End {
  let out = "";
  const flush = (): void => {
    socket.write(out, "latin1");
    out = "";
  };
  return {
    write(bytes) {
      if (out === "" && dirty.push(flush) === 1) {
        setImmediate(() => {
          for (const run of dirty.splice(0)) run();
        });
      }
      out += bytes;
    },
  };
}

async function serveBare(tls: boolean): Promise<number> {
  const relay = new Relay();
  const dirty: (() => void)[] = [];
  const accept = (socket: Socket): void => {
    socket.setNoDelay(true);
    const push = relay.add(bareEnd(socket, dirty));
    socket.on("data", (bytes) => push(bytes.toString("latin1")));
    socket.on("error", () => socket.destroy());
  };
  const { certificate: cert, key } = await selfSigned({ names: ["localhost"] });
  const server = tls ? createTlsServer({ cert, key }, accept) : createServer(accept);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

async function serve(kind: string, tls: boolean): Promise<void> {
  const port = await (kind === "ours" ? serveOurs(tls) : serveBare(tls));
  process.on("message", () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send?.({ cpu: user + system, rss, heap: heapUsed + external });
  });
  process.send?.({ port });
}

interface Figures {
  readonly cpu: number;
  readonly rss: number;
  readonly heap: number;
}

async function figures(server: ChildProcess): Promise<Figures> {
  server.send("figures");
  const [answer] = await once(server, "message");
  return answer as Figures;
}

async function start(kind: string, tls: boolean): Promise<{ server: ChildProcess; port: number }> {
  const server = fork(import.meta.filename, ["serve", kind, String(tls)], { execArgv: ["--expose-gc"] });
  const [{ port }] = (await once(server, "message")) as [{ port: number }];
  return { server, port };
}

async function dial(port: number, tls: boolean): Promise<Socket> {
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false };
  const socket = tls ? connectTls(options) : connectSocket(options);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  await once(socket, tls ? "secureConnect" : "connect");
  return socket;
}

async function cpuPerMessage(kind: string, tls: boolean, inFlight: number): Promise<number> {
  const { server, port } = await start(kind, tls);
  const sockets: Socket[] = [];
  for (let i = 0; i < 200; i++) sockets.push(await dial(port, tls));
  await delay(100);
  let messages = 0;
  for (const socket of sockets) {
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      const count = Math.floor(bytes / stanza.length);
      bytes -= count * stanza.length;
      messages += count;
      if (count > 0) socket.write(stanza.repeat(count), "latin1");
    });
    socket.write(stanza.repeat(inFlight), "latin1");
  }
  await delay(1000);
  const before = await figures(server);
  const counted = messages;
  await delay(2000);
  const after = await figures(server);
  const result = (after.cpu - before.cpu) / (messages - counted);
  for (const socket of sockets) socket.destroy();
  server.kill();
  await once(server, "exit");
  return result;
}

/** KiB a connection: of the process, and of it what JavaScript holds. */
async function idleKiB(kind: string, tls: boolean, count: number): Promise<readonly [number, number]> {
  const { server, port } = await start(kind, tls);
  const sockets: Socket[] = [];
  // The first ones warm up what is made once.
  for (let i = 0; i < 100; i++) sockets.push(await dial(port, tls));
  await delay(200);
  const before = await figures(server);
  for (let i = 0; i < count; i += 50) {
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => dial(port, tls)))));
  }
  await delay(500);
  const after = await figures(server);
  for (const socket of sockets) socket.destroy();
  server.kill();
  await once(server, "exit");
  return [(after.rss - before.rss) / count / 1024, (after.heap - before.heap) / count / 1024];
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Measures both kinds in turn, so that a noisy neighbour disturbs both. */
async function compare(name: string, unit: string, measure: (kind: string) => Promise<number>): Promise<void> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < 3; round++) {
    bare.push(await measure("bare"));
    ours.push(await measure("ours"));
  }
  const [o, b] = [median(ours), median(bare)];
  console.log(
    `${name.padEnd(44)} ours ${o.toFixed(1)} ${unit}, bare ${b.toFixed(1)} ${unit} (${(o / b).toFixed(2)} times)`,
  );
}

if (process.argv[2] === "serve") {
  await serve(process.argv[3] ?? "", process.argv[4] === "true");
} else {
  const only = process.argv[2];
  for (const tls of [false, true]) {
    const way = tls ? "TLS" : "plain";
    for (const inFlight of only === "memory" ? [] : [1, 8]) {
      await compare(`CPU a message, ${way}, ${inFlight} in flight`, "µs", (kind) => cpuPerMessage(kind, tls, inFlight));
    }
    for (const kind of only === "cpu" ? [] : ["ours", "bare"]) {
      const [process, heap] = (await idleKiB(kind, tls, 4000)).map((number) => number.toFixed(1));
      console.log(`memory an idle connection, ${way}, ${kind}: ${process} KiB, ${heap} of it JavaScript's`);
    }
  }
}
