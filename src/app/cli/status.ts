import { CommandError } from "../admin/command.ts";
import { type Status, status } from "../admin/status.ts";
import { ask } from "../control/client.ts";
import { type CommonOptions, configurationOf } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `parloir status`. @throws CommandError not-running */
export async function showStatus(
  terminal: Terminal,
  options: CommonOptions & { readonly json?: boolean },
): Promise<void> {
  const { data } = configurationOf(options);
  const reply = await ask(data, { command: status.name, arguments: {} });
  if (reply === undefined) throw new CommandError("not-running", `not running (data folder ${data})`);
  const found = reply.result as Status;
  terminal.output.write(options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : describe(found));
}

function describe(found: Status): string {
  const sessions = found.domains.map(({ name, sessions }) => `${name} ${sessions}`).join(", ");
  const lines = [
    `running      Parloir ${found.version}, process ${found.pid}, for ${elapsed(Date.now() - Date.parse(found.startedAt))}`,
    `sessions     ${sessions}`,
    ...found.listeners.map(
      (one) =>
        `listener     ${one.protocol} ${one.address} port ${one.port} (${one.tls}): ${one.connections} connections, ${one.refused} refused`,
    ),
    ...found.http.map(
      (one) =>
        `listener     ${one.tls ? "https" : "http"} ${one.address} port ${one.port}: ${one.connections} connections, ${one.refused} refused`,
    ),
    ...found.certificates.map(({ domain, daysLeft, warnings }) => {
      return `certificate  ${domain}: ${[`${daysLeft} days left`, ...warnings].join("; ")}`;
    }),
    `memory       ${Math.round(found.memory / 1024 ** 2)} MiB`,
    ...Object.entries(found.counters).map(([name, count]) => `counter      ${name} ${count}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** "3 d 4 h", "4 h 12 min", "12 min 5 s". */
export function elapsed(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const;
  const first = units.findIndex(([, length]) => ms >= length);
  if (first < 0) return "0 s";
  return units
    .slice(first, first + 2)
    .map(([name, length], index) => `${Math.floor((index === 0 ? ms : ms % units[first]![1]) / length)} ${name}`)
    .join(" ");
}
