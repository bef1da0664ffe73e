/**
 * What our service costs: CPU for each message, login, presence, ping, memory for each session; beside what a bare relay
 * of Node costs in the same minutes, and the budgets of docs/architecture.md. See README.md in this folder.
 *
 *     npm run bench                          everything, in about five minutes
 *     npm run bench -- chat login            these modes only
 *     npm run bench -- --rounds 5 --seconds 4 chat
 *     npm run bench -- --json FILE           also appends the table to a file, as one line of JSON
 *     npm run bench -- --profile FOLDER chat writes a CPU profile of the service (see README.md)
 *
 * Reading the table: `ours` and `relay` are medians of the windows, µs of CPU (user and system, all threads of the
 * process) for each operation, or KiB of memory for each session; `ratio` is ours to the relay's. CPU is far steadier
 * than a rate, but not immune to a busy machine: `others` says how many processors everybody else took in the worst
 * window; above 0.5, measure again. `load` is what the load generator used: close to 1 it was the limit, and the rate
 * `per second` says nothing about the server. The exit code is 1 if a stanza was lost, doubled or out of order.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Answer, Order } from "./load/main.ts";
import type { Measurement, Schedule } from "./load/measuring.ts";
import { startRelay } from "./servers/bare.ts";
import { startOurs } from "./servers/ours.ts";
import { firstLogin } from "./start.ts";
import { heading, print, type Row, rows } from "./table.ts";

/** Those that want a server which has done nothing yet come by themselves. */
const together = [
  "chat",
  "chat-tls",
  "chat-w16",
  "login",
  "login-tls",
  "ping",
  "presence",
  "offline",
  "room-500",
  "rooms-20",
];
const fresh = ["storm-1000", "storm-20", "rooms-5000", "idle", "idle-tls"];
const all = ["start", ...together, ...fresh];

/** The load generator: another process, so that its work is not counted and does not delay this one. */
class Load {
  readonly #child = fork(join(import.meta.dirname, "load", "main.ts"), { execArgv: [], env: withoutProfile() });

  async measure(order: Order): Promise<readonly Measurement[]> {
    const answered = once(this.#child, "message");
    this.#child.send(order);
    const [answer] = (await answered) as [Answer];
    if ("problem" in answer) throw new Error(`${order.mode}: ${answer.problem}`);
    return answer.measurements;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

function withoutProfile(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...others } = process.env;
  return others;
}

/** Runs modes on one pair of servers; tells the rows of each as soon as they are known. */
async function run(modes: readonly string[], schedule: Schedule, tell: (row: Row) => void): Promise<void> {
  if (modes.length === 0) return;
  const ours = await startOurs();
  const relay = await startRelay();
  const load = new Load();
  try {
    const targets = [plainTarget(ours), plainTarget(relay)];
    for (const mode of modes) for (const row of rows(await load.measure({ mode, targets, schedule }))) tell(row);
  } finally {
    load.stop();
    await relay.stop();
    await ours.stop();
    process.stderr.write(ours.log);
  }
}

/** Without its functions, as it goes to another process. */
function plainTarget({
  kind,
  pid,
  port,
  tlsPort,
  domain,
  password,
}: Order["targets"][number]): Order["targets"][number] {
  return { kind, pid, port, domain, password, ...(tlsPort === undefined ? {} : { tlsPort }) };
}

function profileInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  process.env.NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${resolve(folder)}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      profile: { type: "string" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "1.5" },
      settle: { type: "string", default: "5" },
      sessions: { type: "string", default: "2000" },
    },
  });
  const unknown = positionals.filter((mode) => !all.includes(mode));
  if (unknown.length > 0) throw new Error(`no such mode: ${unknown.join(" ")}; there are ${all.join(" ")}`);
  if (values.profile !== undefined) profileInto(values.profile);
  const wanted = (modes: readonly string[]) =>
    modes.filter((mode) => positionals.length === 0 || positionals.includes(mode));
  const window = Number(values.seconds) * 1000;
  const schedule = {
    rounds: Number(values.rounds),
    window,
    warmUp: window,
    settle: Number(values.settle) * 1000,
    sessions: Number(values.sessions),
  };
  const found: Row[] = [];
  const tell = (row: Row) => {
    found.push(row);
    console.log(print(row));
  };
  console.log(heading);
  if (wanted(["start"]).length > 0) console.log(await firstLogin());
  await run(wanted(together), schedule, tell);
  for (const mode of wanted(fresh)) await run([mode], schedule, tell);
  if (values.json !== undefined) {
    const record = { at: new Date().toISOString(), node: process.version, schedule, rows: found };
    appendFileSync(values.json, `${JSON.stringify(record)}\n`);
  }
}

await main();
