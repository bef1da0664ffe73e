import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AccountStore, migrations } from "#adapters/internal-auth/store.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { ask } from "#app/control/client.ts";
import { migrate } from "#core/migrations.ts";
import { deriveKeys } from "#sasl/scram-keys.ts";
import { startService } from "#test/harness/service.ts";
import { attribute, type Client, leave, XmppServer } from "./load/login.ts";
import { inTurns, type Measurement, measure } from "./load/measuring.ts";
import { chat } from "./load/modes/chat.ts";
import type { Target } from "./load/target.ts";
import { median } from "./table.ts";

// What the archive costs: CPU microseconds of the service, all threads, for a chat message that is archived for both ends
// (routing it included), and for each message of a page of 50, at the beginning, in the middle and at the end of an archive.
// `node tests/bench/mam.ts [--rounds 3] [--seconds 2] [--no-search] [--no-chat] [--no-pages]`. Budgets of docs/architecture.md (f): 50 and 15.

const { values } = parseArgs({
  allowNegative: true,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    search: { type: "boolean", default: true },
    chat: { type: "boolean", default: true },
    pages: { type: "boolean", default: true },
  },
});
const rounds = Number(values.rounds);
const milliseconds = Number(values.seconds) * 1_000;
const schedule = { rounds, warmUp: milliseconds, window: milliseconds, settle: 0, sessions: 0 };
const readers = 20;
const page = 50;

function tell(what: string, budget: number, measurements: readonly Measurement[]): void {
  const each = median(measurements.map((one) => one.each)) ?? Number.NaN;
  const rate = median(measurements.map(({ operations, cost }) => operations / cost.seconds)) ?? 0;
  const others = Math.max(...measurements.map(({ cost }) => cost.otherCores));
  const figures = [each.toFixed(1).padStart(8), String(budget).padStart(8), String(Math.round(rate)).padStart(12)];
  console.log(what.padEnd(44), ...figures, others.toFixed(2).padStart(8));
}

/** One query; returns the number of messages and the id of the last one, or of the first one when paging backwards. */
async function readPage({ link }: Client, set: string): Promise<{ messages: number; end: string | undefined }> {
  const bounds = `<set xmlns='http://jabber.org/protocol/rsm'><max>${page}</max>${set}</set>`;
  link.send(`<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'>${bounds}</query></iq>`);
  for (let messages = 0; ; messages++) {
    const stanza = await link.next();
    if (!stanza.startsWith("<iq")) continue;
    if (attribute(stanza, "type") !== "result") throw new Error(`refused: ${stanza}`);
    return { messages, end: /<last[^>]*>([^<]*)</.exec(stanza)?.[1] };
  }
}

/** Walks through the archive, page by page, for a while. */
async function walk(client: Client, end: number): Promise<number> {
  let total = 0;
  for (let after: string | undefined; performance.now() < end; ) {
    const { messages, end: last } = await readPage(client, after === undefined ? "" : `<after>${after}</after>`);
    total += messages;
    after = messages < page ? undefined : last;
  }
  return total;
}

/** Reads the last page, as clients do when they are started. */
async function latest(client: Client, end: number): Promise<number> {
  let total = 0;
  while (performance.now() < end) total += (await readPage(client, "<before/>")).messages;
  return total;
}

async function readPages(ours: Target): Promise<void> {
  const server = new XmppServer(ours, ours.domain, ours.password);
  const names = Array.from({ length: readers }, (_, index) => `u${index}`);
  const clients = await server.loginAll(names, { tls: false, presence: false });
  for (const [what, read] of [
    ["archive page of 50, walking, each message", walk],
    ["archive page of 50, the last, each message", latest],
  ] as const) {
    const measurements: Measurement[] = [];
    for (let round = -1; round < rounds; round++) {
      const end = performance.now() + milliseconds;
      const work = () => Promise.all(clients.map((client) => read(client, end)));
      const one = await measure("page", ours, async () => (await work()).reduce((sum, count) => sum + count, 0));
      if (round >= 0) measurements.push(one); // the round before the first warms up
    }
    tell(what, 15, measurements);
  }
  await Promise.all(clients.map(leave));
}

const domain = "bench.test";
const password = "pw";
const pairs = 100;

/** Accounts with the same salt, so that it takes a moment. */
async function makeAccounts(data: string): Promise<void> {
  mkdirSync(data, { mode: 0o700 });
  const database = await openSqlite({ file: join(data, "parloir.sqlite") });
  await migrate(database, [{ owner: "internal-auth", steps: migrations }]);
  const keys = new Map([["SHA-1", await deriveKeys(password, "SHA-1", Buffer.alloc(16, 7), 10_000)] as const]);
  const store = new AccountStore(database, domain);
  await Promise.all(Array.from({ length: pairs * 2 }, (_, index) => store.create(`u${index}`, keys)));
  await database.close();
}

async function main(folder: string): Promise<void> {
  await makeAccounts(join(folder, "data"));
  const settings = {
    log: { level: "warn" },
    c2s: { encryption: "optional", rate: "0 B" },
    limits: { connections: 1_000, "connections-per-address": 1_000 },
    mam: { search: values.search },
  };
  const service = await startService({ folder, domains: [domain], settings });
  try {
    const answer = await ask(join(folder, "data"), { command: "status", arguments: {} });
    if (answer === undefined) throw new Error("the service does not answer");
    const { pid } = answer.result as { readonly pid: number };
    const ours: Target = { kind: "server", pid, port: service.port, domain, password };
    console.log("".padEnd(44), "      µs", "  budget", "  per second", "  others");
    for (const window of values.chat ? [1, 16] : [1]) {
      const options = { pairs, window, bothWays: window > 1, tls: false };
      const measurements = await inTurns("chat", [ours], schedule, (target) => chat(target, options));
      tell(`chat message, archived, ${window} in flight`, 50, measurements);
    }
    if (values.pages) await readPages(ours);
  } finally {
    await service.stop();
    process.stderr.write(service.log);
  }
}

const folder = mkdtempSync(join(tmpdir(), "parloir-bench-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
