import { type Archive, mam, startOf, timeOf } from "#features/mam/index.ts";
import { Jid } from "#jid/jid.ts";
import type { Assembly } from "../assemble.ts";
import type { ArchiveAdministration, ArchiveUsage } from "./archives.ts";
import { CommandError } from "./command.ts";

/** The archives of an assembly, for commands. */
export function archiveAdministration({ hosts }: Pick<Assembly, "hosts">): ArchiveAdministration {
  const host = [...hosts.values()].find(({ where }) => where === "accounts");
  if (host === undefined) throw new CommandError("not-found", "no archives are kept here");
  const { archive } = host.view("administration").use(mam);
  const { retention } = archive;
  return {
    async list(after, limit) {
      const owners = await archive.owners(after, limit);
      const archives: ArchiveUsage[] = [];
      for (const { jid } of owners) archives.push(await usageOf(archive, jid));
      return owners.length < limit ? { archives } : { archives, next: owners.at(-1)!.id };
    },
    usage: (address) => usageOf(archive, address),
    retention() {
      const { keepMs, keepRoomsMs, most } = retention.terms;
      const exceptions = retention.exceptions.map(({ address, keepMs: keep }) => ({ address, keep: finite(keep) }));
      return { accounts: keepMs, rooms: keepRoomsMs, quota: most, exceptions };
    },
    kept(address) {
      const owner = Jid.parse(address);
      const { keepMs, keepRoomsMs } = retention.terms;
      return finite(retention.of(owner) ?? (hosts.get(owner.domain)?.where === "service" ? keepRoomsMs : keepMs));
    },
    async keep(address, keeping) {
      const owner = Jid.parse(address);
      if (keeping !== "default" && !hosts.has(owner.domain)) {
        throw new CommandError("not-found", `${owner.domain} is not a domain of this server`);
      }
      await archive.keep(owner, keeping === "default" ? undefined : keeping === "forever" ? Infinity : keeping);
    },
    async purge(address, before) {
      const owner = Jid.parse(address);
      const { messages } = await archive.usage(owner);
      await archive.purge(owner, before === undefined ? undefined : startOf(before.getTime()));
      return messages - (await archive.usage(owner)).messages;
    },
  };
}

/** JSON knows no infinity. */
function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

async function usageOf(archive: Archive, address: string): Promise<ArchiveUsage> {
  const { messages, characters, first, last } = await archive.usage(Jid.parse(address));
  const at = (id: number | undefined) => (id === undefined ? null : timeOf(id).toISOString());
  return { address, messages, bytes: characters, oldest: at(first), newest: at(last) };
}
