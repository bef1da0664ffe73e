import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";

/** Records, as a test wants them. Names are ASCII; what is not here does not exist. */
export interface Zone {
  /** IPv4 and IPv6 addresses of names. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** By name: "_xmpp-server._tcp.example.com": targets; "." is none. */
  readonly services?: Readonly<Record<string, readonly Target[]>>;
  readonly aliases?: Readonly<Record<string, string>>;
}

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

export interface Dns {
  /** "127.0.0.1:5353". */
  readonly server: string;
  stop(): Promise<void>;
}

/** Starts a DNS server (Debian's dnsmasq) on loopback, on a free port unless one is given. */
export async function startDns(zone: Zone, { address = "127.0.0.1", port = 0 } = {}): Promise<Dns> {
  const chosen = port === 0 ? await freePort() : port;
  const process = spawn(
    "/usr/sbin/dnsmasq",
    [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--pid-file=",
      "--user=",
      "--no-resolv",
      "--no-hosts",
      "--local=/#/",
      "--log-facility=-",
      "--bind-interfaces",
      `--listen-address=${address}`,
      `--port=${chosen}`,
      ...records(zone),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(process, "exit");
  const server = `${address}:${chosen}`;
  const stop = async (): Promise<void> => {
    process.kill();
    await ended;
  };
  const dead = ended.then(() => {
    throw new Error(`dnsmasq ended: ${said}`);
  });
  dead.catch(() => {});
  await Promise.race([answers(server), dead]);
  return { server, stop };
}

function records({ hosts = {}, services = {}, aliases = {} }: Zone): string[] {
  return [
    ...Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((one) => `--host-record=${name},${one}`)),
    ...Object.entries(services).flatMap(([name, targets]) =>
      targets.map(({ name: target, port, priority = 0, weight = 0 }) =>
        target === "." ? `--srv-host=${name}` : `--srv-host=${name},${target},${port},${priority},${weight}`,
      ),
    ),
    ...Object.entries(aliases).map(([name, target]) => `--cname=${name},${target}`),
  ];
}

async function answers(server: string): Promise<void> {
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([server]);
  for (;;) {
    try {
      await resolver.resolve4("a.test");
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return;
    }
    await delay(20);
  }
}

/**
 * A DNS server that has no answers: silent, or with the code of a failure (2: SERVFAIL, 5: REFUSED). Counts the
 * questions. `others`: only questions with a label like `label` get none, the others are asked of that server.
 */
export async function startDeafDns(
  code?: number,
  others?: { readonly label: string; readonly server: Dns },
): Promise<Dns & { readonly questions: number }> {
  const socket = createSocket("udp4");
  const askers = new Map<number, { readonly port: number; readonly address: string }>();
  const [address, port] = others?.server.server.split(":") ?? [];
  let questions = 0;
  socket.on("message", (message, from) => {
    const id = message.readUInt16BE(0);
    const asker = askers.get(id);
    if (asker !== undefined && String(from.port) === port) return socket.send(message, asker.port, asker.address);
    questions++;
    if (others !== undefined && !message.includes(others.label)) {
      askers.set(id, from);
      return socket.send(message, Number(port), address);
    }
    if (code === undefined) return;
    const reply = Buffer.from(message);
    reply[2] = reply[2]! | 0x80;
    reply[3] = (reply[3]! & 0xf0) | code;
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    server: `127.0.0.1:${socket.address().port}`,
    get questions() {
      return questions;
    },
    async stop() {
      socket.close();
    },
  };
}
