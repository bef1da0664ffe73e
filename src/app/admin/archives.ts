import { z } from "zod";
import { duration } from "#core/settings.ts";
import { accountOf } from "./address.ts";
import { type Administration, CommandError, command } from "./command.ts";

const address = z.string().min(1).max(3071);

/** What an archive holds, as operators see it. */
export interface ArchiveUsage {
  readonly address: string;
  readonly messages: number;
  /** About. */
  readonly bytes: number;
  /** ISO 8601. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** How long archives are kept, in milliseconds; 0: nothing is archived; null: for ever. */
export interface ArchiveRetention {
  readonly accounts: number;
  readonly rooms: number;
  /** Messages in one archive at most; 0: any number. */
  readonly quota: number;
  readonly exceptions: readonly { readonly address: string; readonly keep: number | null }[];
}

/** A change of how long an archive is kept: milliseconds, for ever, or as all others. */
export type Keeping = number | "forever" | "default";

/** Archives of accounts and rooms, as far as commands need them. Addresses are bare JIDs. */
export interface ArchiveAdministration {
  /** The next archives after a number, at most so many, and the number to go on with. */
  list(after: number, limit: number): Promise<{ readonly archives: ArchiveUsage[]; readonly next?: number }>;
  usage(address: string): Promise<ArchiveUsage>;
  retention(): ArchiveRetention;
  /** How long an archive is kept: as the exception says that was made for it, else as all of accounts or rooms. */
  kept(address: string): number | null;
  /** Changes how long an archive is kept, and forgets what is too old now. @throws CommandError not-found */
  keep(address: string, keeping: Keeping): Promise<void>;
  /** Forgets an archive, or what is older than a moment; resolves with the number of messages. */
  purge(address: string, before: Date | undefined): Promise<number>;
}

export const archiveUsage = command({
  name: "archive usage",
  summary: "Says how many messages the archives of accounts and rooms hold, about how large they are and how old.",
  changes: false,
  arguments: z.strictObject({ address: address.optional(), after: z.int().min(0).optional() }),
  /** Pages of archives; `next` is there if more follow. */
  run(administration, given): Promise<{ archives: ArchiveUsage[]; next?: number }> {
    const whose = given.address === undefined ? undefined : ownerOf(administration, given.address);
    return administration.archives(async (all) =>
      whose === undefined ? all.list(given.after ?? 0, pageSize) : { archives: [await all.usage(whose)] },
    );
  },
});

const pageSize = 200;

export const archiveRetention = command({
  name: "archive retention",
  summary: "Says how long archives are kept: those of accounts, of rooms, and each for which something else was said.",
  changes: false,
  arguments: z.strictObject({ address: address.optional() }),
  run(administration, given): Promise<ArchiveRetention | { address: string; keep: number | null }> {
    const whose = given.address === undefined ? undefined : ownerOf(administration, given.address);
    return administration.archives(async (all) =>
      whose === undefined ? all.retention() : { address: whose, keep: all.kept(whose) },
    );
  },
});

export const archiveKeep = command({
  name: "archive keep",
  summary: "Changes how long the archive of an account or a room is kept, at once: 90d, 0, forever or default.",
  changes: true,
  arguments: z.strictObject({ address, keep: z.string().min(1).max(100) }),
  async run(administration, given): Promise<{ address: string; keep: Keeping }> {
    const owner = ownerOf(administration, given.address);
    const keep = keepingOf(given.keep);
    await administration.archives((all) => all.keep(owner, keep));
    return { address: owner, keep };
  },
});

export const archivePurge = command({
  name: "archive purge",
  summary: "Removes the archive of an account or a room, or what is older than a day.",
  changes: true,
  arguments: z.strictObject({ address, before: z.string().max(100).optional() }),
  async run(administration, given): Promise<{ address: string; messages: number }> {
    const owner = ownerOf(administration, given.address);
    const before = given.before === undefined ? undefined : momentOf(given.before);
    return { address: owner, messages: await administration.archives((all) => all.purge(owner, before)) };
  },
});

/** An address of any domain: rooms have one of their own, and archives stay when a domain is given up. */
function ownerOf(administration: Administration, text: string): string {
  const domain = /@([^/]*)/.exec(text)?.[1];
  const domains = domain === undefined ? administration.domains : [domain.toLowerCase()];
  return accountOf({ domains }, text).toString();
}

/** @throws CommandError usage */
function keepingOf(text: string): Keeping {
  if (text === "forever" || text === "default") return text;
  const spelled = text === "0" ? "0 days" : text.replace(/^(\d+) ?d$/, "$1 days");
  const found = duration("0 days", "").safeParse(spelled);
  if (found.success) return found.data;
  throw new CommandError("usage", `${text}: expected a time such as 90d or 12h, 0 for nothing, forever or default`);
}

/** @throws CommandError usage */
function momentOf(text: string): Date {
  const moment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : undefined;
  if (moment !== undefined && !Number.isNaN(moment.getTime())) return moment;
  throw new CommandError("usage", `${text}: expected a day such as 2026-01-31 (UTC), or 2026-01-31T18:00Z`);
}
