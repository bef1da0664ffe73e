import { type Files, type StoredFile, uploadedFiles } from "#features/http-upload/index.ts";
import type { Assembly } from "../assemble.ts";
import { CommandError } from "./command.ts";
import type { FileAdministration, ListedFile } from "./files.ts";

const mostAccounts = 1000;

/** The uploaded files of an assembly, for commands. @throws CommandError not-found */
export function fileAdministration({ server }: Pick<Assembly, "server">): FileAdministration {
  const files = uploadedFiles(server);
  if (files === undefined) throw new CommandError("not-found", "no files are kept here");
  return {
    list: async (page) => (await files.page(page)).map((file) => listed(files, file)),
    remove: (id) => files.remove(id),
    usage: (account) => files.usage(mostAccounts, account),
  };
}

function listed(files: Files, file: StoredFile): ListedFile {
  const { id, account, name, type, size, created, sha256 } = file;
  return {
    id,
    account,
    name,
    type,
    size,
    created: new Date(created).toISOString(),
    ends: new Date(files.ends(file)).toISOString(),
    sha256: Buffer.from(sha256).toString("hex"),
  };
}
