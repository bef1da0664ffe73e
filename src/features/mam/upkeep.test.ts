import assert from "node:assert/strict";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Archive } from "./archive.ts";
import { startOf } from "./ids.ts";
import { mam } from "./mam.ts";
import { removeUnused, sweep } from "./upkeep.ts";

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };
const romeo = Jid.parse("romeo@example.com");
const nurse = Jid.parse("nurse@elsewhere.example");
const paris = Jid.parse("paris@elsewhere.example");
const room = Jid.parse("verona@conference.example.com");

function archiveOf({ assembly }: Stage): Archive {
  return assembly.hosts.get("example.com")!.view("test").use(mam).archive;
}

function archived(archive: Archive, to: Jid, text = "x"): number {
  return archive.add(Stanza.of("message", message({ type: "chat" }, body({}, text)), romeo, to), romeo, to);
}

async function addressesIn({ db }: Archive): Promise<readonly string[]> {
  return (await db.all<{ jid: string }>(sql`select jid from archive_address order by jid`)).map(({ jid }) => jid);
}

async function bodies({ db }: Archive, owner: Jid): Promise<number> {
  const row = await db.one<{ count: number }>(
    sql`select count(*) as count from archive_entry e join archive_address a on a.id = e.owner where a.jid = ${owner.toString()}`,
  );
  return row!.count;
}

scenario("addresses that no message has any more go, and can come back", ours, async (stage) => {
  const archive = archiveOf(stage);
  archived(archive, nurse);
  await archive.writer.settle();
  await archive.purge(romeo);
  archived(archive, paris);
  assert.equal(await removeUnused(archive), 1);
  assert.deepEqual(await addressesIn(archive), [paris.toString(), romeo.toString()]);
  archived(archive, nurse);
  await archive.writer.settle();
  assert.deepEqual(await addressesIn(archive), [nurse.toString(), paris.toString(), romeo.toString()]);
  assert.equal(await bodies(archive, romeo), 2);
  assert.equal(await removeUnused(archive), 0);
});

scenario("a message that comes while addresses are removed loses nothing", ours, async (stage) => {
  const archive = archiveOf(stage);
  archived(archive, nurse);
  await archive.writer.settle();
  await archive.purge(romeo);
  let count = 0;
  const removing = removeUnused(archive);
  let going = true;
  void removing.finally(() => {
    going = false;
  });
  while (going) {
    archived(archive, nurse);
    count++;
    await new Promise(setImmediate);
  }
  await removing;
  await archive.writer.settle();
  assert.ok(count > 0);
  assert.equal(await bodies(archive, romeo), count);
  assert.deepEqual(await addressesIn(archive), [nurse.toString(), romeo.toString()]);
});

scenario("what an archive holds is told; part of it or all can be removed", ours, async (stage) => {
  const archive = archiveOf(stage);
  const ids = ["one", "two", "three"].map((text) => archived(archive, nurse, text));
  const usage = await archive.usage(romeo);
  assert.deepEqual([usage.messages, usage.first, usage.last], [3, ids[0], ids[2]]);
  assert.ok(usage.characters > 100);
  assert.equal(await archive.count(), 3);
  await archive.purge(romeo, ids[1]);
  assert.equal((await archive.usage(romeo)).messages, 2);
  await archive.purge(romeo);
  assert.deepEqual(await archive.usage(romeo), { messages: 0, characters: 0, first: undefined, last: undefined });
  assert.equal(await archive.count(), 0);
  assert.equal((await archive.usage(paris)).messages, 0);
});

scenario(
  "rooms are kept for as long as is said for rooms; what a room that is gone has left goes",
  { ...ours, settings: { mam: { "keep-rooms": "1 hour" }, muc: { permanent: [{ room: "verona" }] } } },
  async (stage) => {
    const archive = archiveOf(stage);
    const add = (owner: Jid, id: number) =>
      archive.addToRoom({ id, room: owner, author: romeo, nick: "Romeo", stanza: "<message/>", body: undefined });
    const old = startOf(Date.now() - 7_200_000);
    add(room, old);
    add(Jid.parse("gone@conference.example.com"), archive.ids.next());
    add(room, archive.ids.next());
    archived(archive, nurse);
    await archive.writer.settle();
    await sweep(archive);
    assert.equal((await archive.usage(room)).messages, 1);
    assert.equal((await archive.usage(Jid.parse("gone@conference.example.com"))).messages, 0);
    assert.equal((await archive.usage(romeo)).messages, 1);
  },
);
