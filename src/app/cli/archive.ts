import type { Command } from "commander";
import {
  type ArchiveRetention,
  type ArchiveUsage,
  archiveKeep,
  archivePurge,
  archiveRetention,
  archiveUsage,
} from "../admin/archives.ts";
import { administer } from "./administer.ts";
import { readable } from "./files.ts";
import { type CommonOptions, configurationOf } from "./options.ts";
import type { Terminal } from "./terminal.ts";

type Options = CommonOptions & { readonly json?: boolean };

interface Page {
  readonly archives: readonly ArchiveUsage[];
  readonly next?: number;
}

/** `parloir archive usage|retention|purge`. */
export function addArchiveCommands(program: Command, terminal: Terminal, common: (command: Command) => Command): void {
  const archive = program.command("archive").description("Archives of accounts and rooms: usage, retention, purge.");
  common(archive.command("usage").description(archiveUsage.summary).argument("[address]", "of this account or room"))
    .option("--json", "As JSON.")
    .action((address: string | undefined, options: Options) => usage(terminal, address, options));
  common(
    archive
      .command("retention")
      .description(`${archiveRetention.summary} Or changes it for one.`)
      .argument("[address]", "an account or a room")
      .argument("[time]", "90d, 12h, 0 (nothing is kept), forever, or default"),
  )
    .option("--json", "As JSON.")
    .action((address: string | undefined, time: string | undefined, options: Options) =>
      address === undefined ? retention(terminal, options) : retentionOf(terminal, { address, wanted: time }, options),
    );
  common(archive.command("purge").description(archivePurge.summary).argument("<address>", "an account or a room"))
    .option("--before <day>", "Only what is older than this day (UTC), such as 2026-01-31.")
    .action((address: string, options: CommonOptions & { readonly before?: string }) =>
      purge(terminal, address, options),
    );
}

async function usage(terminal: Terminal, address: string | undefined, options: Options): Promise<void> {
  const found: ArchiveUsage[] = [];
  await administer(configurationOf(options), async (run) => {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const given = address === undefined ? { after } : { address };
      const page = (await run(archiveUsage.name, given)) as Page;
      found.push(...page.archives);
      after = page.next;
    }
  });
  found.sort((one, other) => other.bytes - one.bytes);
  const all = found.reduce(
    (sum, { messages, bytes }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    {
      messages: 0,
      bytes: 0,
    },
  );
  if (options.json === true) {
    terminal.output.write(`${JSON.stringify({ ...all, archives: found }, undefined, 2)}\n`);
    return;
  }
  for (const one of found) terminal.output.write(row(one, `${one.address}${since(one)}`));
  if (address === undefined) terminal.output.write(row(all, "together"));
}

function row({ messages, bytes }: { readonly messages: number; readonly bytes: number }, name: string): string {
  return `${readable(bytes).padStart(9)}  ${`${messages}`.padStart(9)} ${messages === 1 ? "message " : "messages"}  ${name}\n`;
}

function since({ oldest }: ArchiveUsage): string {
  return oldest === null ? "" : `, since ${oldest.slice(0, 10)}`;
}

async function retention(terminal: Terminal, options: Options): Promise<void> {
  const found = await administer(configurationOf(options), (run) => run(archiveRetention.name, {}));
  const { accounts, rooms, quota, exceptions } = found as ArchiveRetention;
  if (options.json === true) {
    terminal.output.write(`${JSON.stringify(found, undefined, 2)}\n`);
    return;
  }
  const lines: readonly (readonly [name: string, text: string])[] = [
    ["accounts", time(accounts)],
    ["rooms", time(rooms)],
    ["each", quota === 0 ? "any number of messages" : `${quota} messages at most`],
    ...exceptions.map(({ address, keep }) => [address, time(keep)] as const),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, text] of lines) terminal.output.write(`${name.padEnd(width)}  ${text}\n`);
}

/** Changes how long one archive is kept, where that is said; then says how long it is. */
async function retentionOf(
  terminal: Terminal,
  { address, wanted }: { readonly address: string; readonly wanted: string | undefined },
  options: Options,
): Promise<void> {
  const found = await administer(configurationOf(options), async (run) => {
    if (wanted !== undefined) await run(archiveKeep.name, { address, keep: wanted });
    return run(archiveRetention.name, { address });
  });
  const { address: whose, keep } = found as { address: string; keep: number | null };
  terminal.output.write(options.json === true ? `${JSON.stringify(found)}\n` : `${whose}  ${time(keep)}\n`);
}

async function purge(
  terminal: Terminal,
  address: string,
  options: CommonOptions & { readonly before?: string },
): Promise<void> {
  const before = options.before === undefined ? {} : { before: options.before };
  const removed = await administer(configurationOf(options), (run) => run(archivePurge.name, { address, ...before }));
  const { address: whose, messages } = removed as { address: string; messages: number };
  terminal.output.write(`${whose}: ${messages} ${messages === 1 ? "message" : "messages"} removed\n`);
}

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** "90 days", "12 hours", "for ever", "nothing is kept". */
function time(ms: number | null): string {
  if (ms === null) return "for ever";
  if (ms === 0) return "nothing is kept";
  const [name, length] = units.find(([, one]) => ms >= one && ms % one === 0) ?? ["ms", 1];
  const count = ms / length;
  return `${count} ${name}${count === 1 || name === "ms" ? "" : "s"}`;
}
