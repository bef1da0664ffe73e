/**
 * What servers lose when they are killed (SIGKILL) under load: the same count for ours, Prosody and ejabberd, as Debian
 * has them. Every message is counted from its sender, who has it acknowledged (XEP-0198), to the recipient's client, the
 * offline messages and the archive, which must have it in the end.
 *
 *     npm run bench:loss                           ours, Prosody, ejabberd; 10 kills each
 *     npm run bench:loss -- --rounds 50 --seed 7   more kills, at other moments
 *     npm run bench:loss -- parloir prosody        these only
 *     npm run bench:loss -- --how stop             asked to stop (SIGTERM) instead of killed
 *
 * `lost`: acknowledged, and found nowhere. `archive only`: no client was sent it, so that one that does not read archives
 * misses it. `doubled`: came again to a client that had acknowledged it, or twice in one session, or is archived twice.
 * `again`: came again to a client that had not acknowledged it, which XEP-0198 allows.
 */
import { parseArgs } from "node:util";
import { accounts, type Count, type CountOptions, countLosses, type Killable } from "#test/chaos/count.ts";
import type { Way } from "#test/chaos/ledger.ts";
import { KillableEjabberd, KillableProsody, KillableService } from "./servers/killable.ts";

const servers: Readonly<Record<string, () => Killable>> = {
  parloir: () => new KillableService(accounts),
  prosody: () => new KillableProsody(accounts),
  ejabberd: () => new KillableEjabberd(accounts),
};

const rows: readonly (readonly [string, Way])[] = [
  ["chat, recipient online", "online"],
  ["chat, recipient away", "away"],
  ["room", "room"],
];

function print(name: string, count: Count): void {
  for (const [title, way] of rows) {
    const { acknowledged, lost, archiveOnly, duplicated, redelivered, repeated } = count.ledger.count(way);
    const numbers = [acknowledged, lost, archiveOnly, duplicated, redelivered + repeated];
    const cells = numbers.map((number) => String(number).padStart(13)).join("");
    console.log(`${name.padEnd(10)}${title.padEnd(24)}${cells}`);
  }
  if (count.ledger.wrong.length > 0)
    console.log(`${name}: ${count.ledger.wrong.length} wrong: ${count.ledger.wrong[0]}`);
}

async function measure(name: string, options: CountOptions): Promise<void> {
  const server = servers[name]!();
  try {
    print(name, await countLosses(server, options));
  } finally {
    await server.remove();
  }
}

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    how: { type: "string", default: "kill" },
  },
  allowPositionals: true,
});
const options: CountOptions = {
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  how: values.how === "stop" ? "stop" : "kill",
};
const titles = ["acknowledged", "lost", "archive only", "doubled", "again"].map((title) => title.padStart(13)).join("");
console.log(`${options.rounds} times ${options.how}, seed ${options.seed}\n${"".padEnd(34)}${titles}`);
for (const name of positionals.length > 0 ? positionals : Object.keys(servers)) await measure(name, options);
