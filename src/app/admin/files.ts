import { z } from "zod";
import { accountOf } from "./address.ts";
import { type Administration, CommandError, command } from "./command.ts";

const account = z.string().min(1).max(3071);
const pageSize = 1000;

/** A file as operators see it. */
export interface ListedFile {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** ISO 8601. */
  readonly created: string;
  /** When it will be deleted. */
  readonly ends: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** What files take. */
export interface FilesUsage {
  readonly files: number;
  readonly bytes: number;
  /** By account, those with most first, at most 1000. */
  readonly accounts: readonly { readonly account: string; readonly files: number; readonly bytes: number }[];
}

/** Uploaded files, as far as commands need them. */
export interface FileAdministration {
  list(page: {
    readonly account?: string | undefined;
    readonly after: string;
    readonly limit: number;
  }): Promise<ListedFile[]>;
  remove(id: string): Promise<boolean>;
  usage(account?: string): Promise<FilesUsage>;
}

export const filesList = command({
  name: "files list",
  summary: "Lists uploaded files, of one account or all.",
  changes: false,
  arguments: z.strictObject({ account: account.optional(), after: z.string().optional() }),
  /** A page of at most 1000 files; `next` is there if more follow. */
  async run(administration, given): Promise<{ files: ListedFile[]; next?: { after: string } }> {
    const whose = given.account === undefined ? undefined : accountOf(administration, given.account).toString();
    const files = await administration.files((all) =>
      all.list({ account: whose, after: given.after ?? "", limit: pageSize }),
    );
    return files.length === pageSize ? { files, next: { after: files.at(-1)!.id } } : { files };
  },
});

export const filesDelete = command({
  name: "files delete",
  summary: "Deletes an uploaded file, by its number or its link.",
  changes: true,
  arguments: z.strictObject({ file: z.string().min(1).max(4096) }),
  async run(administration, given) {
    const id = idOf(given.file);
    if (await administration.files((all) => all.remove(id))) return { id };
    throw new CommandError("not-found", `there is no file ${id}`);
  },
});

export const filesUsage = command({
  name: "files usage",
  summary: "Says how much room uploaded files take, by account.",
  changes: false,
  arguments: z.strictObject({ account: account.optional() }),
  run(administration: Administration, given): Promise<FilesUsage> {
    const whose = given.account === undefined ? undefined : accountOf(administration, given.account).toString();
    return administration.files((all) => all.usage(whose));
  },
});

/** @throws CommandError usage */
function idOf(text: string): string {
  const [, id] = /(?:^|\/)([0-9a-f]{32})(?:$|[/?#])/.exec(text) ?? [];
  if (id === undefined) throw new CommandError("usage", `${text}: expected a number from \`files list\`, or a link`);
  return id;
}
