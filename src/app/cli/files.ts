import type { Command } from "commander";
import { type FilesUsage, filesDelete, filesList, filesUsage, type ListedFile } from "../admin/files.ts";
import { administer } from "./administer.ts";
import { type CommonOptions, configurationOf } from "./options.ts";
import type { Terminal } from "./terminal.ts";

type Options = CommonOptions & { readonly json?: boolean };

interface Page {
  readonly files: readonly ListedFile[];
  readonly next?: { readonly after: string };
}

/** `parloir files list|delete|usage`. */
export function addFilesCommands(program: Command, terminal: Terminal, common: (command: Command) => Command): void {
  const files = program.command("files").description("Uploaded files: list, delete, usage.");
  const ofAccount = (name: string, summary: string) =>
    common(files.command(name).description(summary).argument("[account]", "of this account alone")).option(
      "--json",
      "As JSON.",
    );
  ofAccount("list", filesList.summary).action((account: string | undefined, options: Options) =>
    list(terminal, account, options),
  );
  ofAccount("usage", filesUsage.summary).action((account: string | undefined, options: Options) =>
    usage(terminal, account, options),
  );
  common(files.command("delete").description(filesDelete.summary).argument("<file...>", "numbers or links")).action(
    (all: string[], options: CommonOptions) => remove(terminal, all, options),
  );
}

async function list(terminal: Terminal, account: string | undefined, options: Options): Promise<void> {
  const whose = account === undefined ? {} : { account };
  await administer(configurationOf(options), async (run) => {
    for (let next: object | undefined = {}; next !== undefined; ) {
      const page = (await run(filesList.name, { ...whose, ...next })) as Page;
      for (const file of page.files) {
        terminal.output.write(`${options.json === true ? JSON.stringify(file) : describe(file)}\n`);
      }
      next = page.next;
    }
  });
}

/** Names come from users, but hold no control characters. */
function describe({ id, account, name, size, created, ends }: ListedFile): string {
  return `${id}  ${day(created)}  until ${day(ends)}  ${readable(size).padStart(9)}  ${account}  ${name}`;
}

async function usage(terminal: Terminal, account: string | undefined, options: Options): Promise<void> {
  const given = account === undefined ? {} : { account };
  const found = (await administer(configurationOf(options), (run) => run(filesUsage.name, given))) as FilesUsage;
  if (options.json === true) {
    terminal.output.write(`${JSON.stringify(found, undefined, 2)}\n`);
    return;
  }
  for (const one of found.accounts) terminal.output.write(row(one, one.account));
  terminal.output.write(row(found, account === undefined ? "all" : "together"));
}

function row({ files, bytes }: { readonly files: number; readonly bytes: number }, name: string): string {
  return `${readable(bytes).padStart(9)}  ${`${files}`.padStart(6)} ${files === 1 ? "file " : "files"}  ${name}\n`;
}

async function remove(terminal: Terminal, all: readonly string[], options: CommonOptions): Promise<void> {
  await administer(configurationOf(options), async (run) => {
    for (const file of all) {
      const { id } = (await run(filesDelete.name, { file })) as { id: string };
      terminal.output.write(`${id} was deleted\n`);
    }
  });
}

function day(moment: string): string {
  return moment.slice(0, 10);
}

/** "0 B", "1.5 KiB", "20 MiB": three digits at most. */
export function readable(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.round(value) >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}
