import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { Jid } from "#jid/jid.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { ask, write } from "./archive.fixture.ts";
import type { Archive } from "./archive.ts";
import { startOf } from "./ids.ts";
import { mam } from "./mam.ts";
import { sweep } from "./upkeep.ts";

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };
const day = 86_400_000;
const later = Date.UTC(2026, 0, 1);
const romeo = Jid.parse("romeo@example.com");
const juliet = Jid.parse("juliet@example.com");
const nurse = Jid.parse("nurse@elsewhere.example");
const room = Jid.parse("verona@conference.example.com");

function archiveOf({ assembly }: Stage): Archive {
  return assembly.hosts.get("example.com")!.view("test").use(mam).archive;
}

/** Something that was said in an archive so many days ago, or now. */
function addTo(archive: Archive, owner: Jid, days = 0): void {
  const id = archive.ids.next() - days * (startOf(later + day) - startOf(later));
  archive.addToRoom({ id, room: owner, author: nurse, nick: "Nurse", stanza: "<message/>", body: undefined });
}

async function kept(archive: Archive, owner: Jid): Promise<number> {
  return (await archive.usage(owner)).messages;
}

scenario(
  "an archive is kept for as long as an operator said of it, others as the settings say",
  ours,
  async (stage) => {
    const archive = archiveOf(stage);
    for (const days of [100, 60, 10]) for (const owner of [romeo, juliet, nurse]) addTo(archive, owner, days);
    await archive.writer.settle();
    await archive.retention.set(romeo, 90 * day);
    await archive.retention.set(juliet, Number.POSITIVE_INFINITY);
    await sweep(archive);
    assert.deepEqual([await kept(archive, romeo), await kept(archive, juliet), await kept(archive, nurse)], [2, 3, 1]);
    await archive.retention.set(juliet, 5 * day);
    await archive.retention.set(romeo, undefined);
    await sweep(archive);
    assert.deepEqual([await kept(archive, romeo), await kept(archive, juliet), await kept(archive, nurse)], [1, 0, 1]);
    assert.deepEqual(archive.retention.exceptions, [{ address: "juliet@example.com", keepMs: 5 * day }]);
  },
);

const permanent = { muc: { permanent: [{ room: "verona" }] } };

scenario(
  "a room is kept for longer than others: who may read it reads what is older; nothing is of a room before it",
  { ...ours, settings: permanent },
  async (stage) => {
    const archive = archiveOf(stage);
    const reader = await stage.connect("romeo@example.com/orchard");
    for (const days of [60, 0]) addTo(archive, room, days);
    const read = async () => (await ask(reader, "", "", `${room}`)).ids.length;
    assert.equal(await read(), 1);
    await archive.retention.set(room, 90 * day);
    const yesterday = startOf(Date.now() - day);
    assert.equal(archive.retention.lowest(room, yesterday), yesterday, "a room that is a day old begins there");
    await sweep(archive);
    assert.equal(await read(), 2);
    await archive.retention.set(room, undefined);
    await sweep(archive);
    assert.equal(await read(), 1);
  },
);

scenario("whoever is to keep nothing keeps nothing; the other end's copy is its own", ours, async (stage) => {
  const archive = archiveOf(stage);
  const orchard = await stage.connect("romeo@example.com/orchard");
  const balcony = await stage.connect("juliet@example.com/balcony");
  await write(orchard, "juliet@example.com", "before");
  await archive.keep(juliet, 0);
  await write(orchard, "juliet@example.com", "after");
  await balcony.receives("<message><body>before</body></message>");
  await balcony.receives("<message><body>after</body></message>");
  assert.deepEqual((await ask(balcony)).bodies, []);
  assert.deepEqual((await ask(orchard)).bodies, ["before", "after"]);
  await archive.keep(juliet, undefined);
  await write(orchard, "juliet@example.com", "again");
  await balcony.receives("<message><body>again</body></message>");
  assert.deepEqual((await ask(balcony)).bodies, ["again"]);
});

scenario(
  "beyond its quota an archive loses the oldest; one that is held for ever does not",
  { ...ours, settings: { mam: { quota: 1_200 } } },
  async (stage) => {
    const archive = archiveOf(stage);
    const ids: number[] = [];
    for (let count = 0; count < 2_500; count++) {
      const stanza = Stanza.of("message", message({ type: "chat" }, body({}, "x")), romeo, juliet);
      ids.push(archive.add(stanza, romeo, juliet));
      archive.add(stanza, juliet, romeo);
    }
    for (let count = 0; count < 1_200; count++) addTo(archive, nurse);
    await archive.writer.settle();
    await archive.retention.set(juliet, Number.POSITIVE_INFINITY);
    await sweep(archive);
    const left = await archive.usage(romeo);
    assert.deepEqual([left.messages, left.first, left.last], [1_200, ids.at(-1_200), ids.at(-1)]);
    assert.equal(await kept(archive, juliet), 2_500);
    assert.equal(await kept(archive, nurse), 1_200);
  },
);

scenario("while an old archive is forgotten, a new one of the same address begins", ours, async (stage) => {
  const archive = archiveOf(stage);
  for (let count = 0; count < 1_200; count++) addTo(archive, room, 1);
  await archive.writer.settle();
  const tidying = archive.tidy(room); // there is no such room
  await new Promise((resolve) => setTimeout(resolve, 5));
  addTo(archive, room);
  await archive.writer.settle();
  await tidying;
  assert.equal(await kept(archive, room), 1);
});

scenario("what an operator said of an account goes with the account", ours, async (stage) => {
  const archive = archiveOf(stage);
  await archive.retention.set(romeo, Number.POSITIVE_INFINITY);
  addTo(archive, romeo);
  await stage.assembly.hosts.get("example.com")!.fire(removing, { account: romeo });
  assert.deepEqual(archive.retention.exceptions, []);
  assert.equal(await kept(archive, romeo), 0);
});
