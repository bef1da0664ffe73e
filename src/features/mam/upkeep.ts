import type { ServerFeature } from "#core/feature.ts";
import { background } from "#core/log.ts";
import { Jid } from "#jid/jid.ts";
import type { Archive } from "./archive.ts";
import { mam } from "./mam.ts";
import { addressesAfter, indexedTo, nextOwner, peersOf } from "./store.ts";

const everyMs = 3_600_000;
/** So often addresses are looked through. */
const addressesEveryMs = 86_400_000;
/** Addresses that are looked at in one go. */
const batch = 500;

/** Care of the archive (XEP-0313 §3.2): old messages are forgotten in the background, and a stop loses nothing. */
// Listed before those who accept connections, so that it is stopped after them.
export const archiveUpkeep: ServerFeature = {
  name: "archive-upkeep",
  xeps: [],
  setup({ router, log }) {
    const [host] = [...router.hosts.values()].filter(({ where }) => where === "accounts");
    if (host === undefined) return;
    const { archive } = host.view("archive-upkeep").use(mam);
    const stopped = new AbortController();
    const work = () => background(log, sweep(archive, stopped.signal), "old messages not forgotten");
    const first = setTimeout(work, 60_000).unref();
    const timer = setInterval(work, everyMs).unref();
    const tidy = () => background(log, removeUnused(archive, stopped.signal), "old addresses not forgotten");
    const tidying = setInterval(tidy, addressesEveryMs).unref();
    return async () => {
      clearTimeout(first);
      clearInterval(timer);
      clearInterval(tidying);
      stopped.abort();
      await archive.writer.close();
    };
  },
};

/** Forgets what is no longer kept in all archives, a little at a time. */
export async function sweep(archive: Archive, signal?: AbortSignal): Promise<void> {
  let owner = await nextOwner(archive.db, 0);
  while (owner !== undefined && !signal?.aborted) {
    await archive.tidy(Jid.parse(owner.jid), signal);
    owner = await nextOwner(archive.db, owner.id);
  }
}

/** Removes addresses that no message has any more, a few at a time; gives how many. */
export async function removeUnused({ db, addresses, writer }: Archive, signal?: AbortSignal): Promise<number> {
  await writer.settle();
  const indexed = await indexedTo(db);
  const used = new Set<number>();
  for (let owner = await nextOwner(db, 0); owner !== undefined; owner = await nextOwner(db, owner.id)) {
    if (signal?.aborted) return 0;
    used.add(owner.id);
    for (const peer of await peersOf(db, owner.id)) used.add(peer);
  }
  let removed = 0;
  let last = 0;
  while (!signal?.aborted) {
    const rows = await addressesAfter(db, last, batch);
    if (rows.length === 0) break;
    last = rows.at(-1)!.id;
    const unused = rows.filter(({ id }) => !used.has(id));
    if (unused.length > 0) removed += await addresses.remove(unused, indexed);
  }
  return removed;
}
