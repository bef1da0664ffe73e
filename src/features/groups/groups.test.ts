import assert from "node:assert/strict";
import type { Group } from "#core/people.ts";
import type { Client } from "#test/harness/client.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { group, persons, push, rosterGet, rosterIs, showing } from "./institute.fixture.ts";

const institute = (...groups: Group[]) => new MemoryPeople(persons, groups);
const julietItem =
  "<item jid='juliet@example.com' name='Juliette Capulet' subscription='both'><group>Verona</group></item>";
const verona = group("Verona", "romeo", "juliet", "ghost");

/** The items of a roster, as texts. */
async function items(client: Client): Promise<string[]> {
  const answer = await client.exchange(rosterGet, rosterIs());
  return answer.elements[0]!.elements.map(line);
}

function line(item: Element): string {
  const { jid, name = "", subscription } = item.attrs;
  return `${jid} "${name}" ${subscription} [${item.elements.map((one) => one.text).join(", ")}]`;
}

scenario(
  "groups: members are in each other's roster, under their names, and see each other",
  showing(institute(verona, group("Choir", "juliet", "romeo"), group("Guard", "tybalt"))),
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.receives(`<presence from='${juliet}'/>`);
    await juliet.receives(`<presence from='${romeo}'/>`);
    assert.deepEqual(await items(romeo), ['juliet@example.com "Juliette Capulet" both [Choir, Verona]']);
    await romeo.disconnect();
    await juliet.receives(`<presence from='${romeo}' type='unavailable'/>`);
    await juliet.receivesNothing();
  },
);

scenario(
  "groups: nothing is shown as long as it is not enabled",
  { ...showing(institute(verona)), settings: {} },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    assert.deepEqual(await items(romeo), []);
    await juliet.receivesNothing();
  },
);

scenario("groups: who is hidden sees, and is not seen", showing(institute(verona)), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const ghost = await connect("ghost@example.com/tower");
  await ghost.receives(`<presence from='${romeo}'/>`);
  assert.deepEqual(await items(ghost), [
    'romeo@example.com "Roméo Montaigu" to [Verona]',
    'juliet@example.com "Juliette Capulet" to [Verona]',
  ]);
  assert.deepEqual(await items(romeo), ['juliet@example.com "Juliette Capulet" both [Verona]']);
  await romeo.sends("<presence type='probe' to='ghost@example.com'/>");
  await romeo.sends("<presence type='probe' to='ghost@example.com/tower'/>");
  await romeo.receivesNothing();
});

const all = showing(institute(group("Guard", "tybalt", "nurse"), group("Hidden", "juliet")), {
  see: "all",
  exclude: ["hidden"],
  names: { Guard: "La garde" },
});
scenario("groups: everybody may see all groups; chosen, and called as the operator likes", all, async ({ connect }) => {
  const tybalt = await connect("tybalt@example.com/street");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.receives(`<presence from='${tybalt}'/>`);
  assert.deepEqual(await items(romeo), [
    'tybalt@example.com "Tybalt" to [La garde]',
    'nurse@example.com "Nourrice" to [La garde]',
  ]);
  assert.deepEqual(await items(tybalt), ['nurse@example.com "Nourrice" both [La garde]']);
  await tybalt.receivesNothing();
});

const chosen = showing(institute(verona, group("Guard", "romeo", "tybalt")), { include: ["VERONA"] });
scenario("groups: only those that are named, if any are", chosen, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  assert.deepEqual(await items(romeo), ['juliet@example.com "Juliette Capulet" both [Verona]']);
});

const growing = institute(verona);
scenario(
  "groups: who comes into a group, and who goes, is pushed, and presence with it",
  showing(growing),
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const nurse = await connect("nurse@example.com/kitchen");
    assert.deepEqual(await items(nurse), []);
    assert.equal((await items(romeo)).length, 1);
    growing.change({ groups: [group("Verona", "romeo", "juliet", "nurse")] });
    await romeo.receives(
      push("<item jid='nurse@example.com' name='Nourrice' subscription='both'><group>Verona</group></item>"),
    );
    await romeo.receives(`<presence from='${nurse}' to='romeo@example.com'/>`);
    await nurse.receivesInAnyOrder(
      push("<item jid='romeo@example.com' name='Roméo Montaigu' subscription='both'/>"),
      push(julietItem),
      `<presence from='${romeo}'/>`,
    );
    await romeo.sends("<presence><show>away</show></presence>");
    await nurse.receives(`<presence from='${romeo}'><show>away</show></presence>`);
    growing.change({ groups: [verona] });
    await romeo.receives("<presence from='romeo@example.com/orchard'><show>away</show></presence>");
    await romeo.receives(push("<item jid='nurse@example.com' subscription='remove'/>"));
    await romeo.receives(`<presence from='${nurse}' type='unavailable'/>`);
    await nurse.receivesInAnyOrder(
      push("<item jid='romeo@example.com' subscription='remove'/>"),
      push("<item jid='juliet@example.com' subscription='remove'/>"),
      `<presence from='${romeo}' type='unavailable'/>`,
    );
    await romeo.sends("<presence/>");
    await romeo.receives("<presence from='romeo@example.com/orchard'/>");
    await romeo.receivesNothing();
    await nurse.receivesNothing();
  },
);

const renamed = institute(verona);
scenario("groups: new names of people and groups are pushed", showing(renamed), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await items(romeo);
  renamed.change({ persons: [{ user: "juliet", displayName: "Juliette Montaigu" }] });
  await romeo.receives(push("<item jid='juliet@example.com' name='Juliette Montaigu'><group>Verona</group></item>"));
  renamed.change({ groups: [{ ...verona, name: "Vérone" }] });
  await romeo.receives(push("<item jid='juliet@example.com' name='Juliette Montaigu'><group>Vérone</group></item>"));
  renamed.change({ ended: ["juliet"] });
  await romeo.receives(push("<item jid='juliet@example.com' subscription='remove'/>"));
  renamed.change({ persons: [{ user: "tybalt", displayName: "T." }] });
  await romeo.receivesNothing();
});

const unreachable = institute(verona);
scenario("groups: they stay as they are while the directory is down", showing(unreachable), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  assert.equal((await items(romeo)).length, 1);
  unreachable.fail = true;
  unreachable.change({ groups: [group("Verona", "romeo", "tybalt")] });
  await romeo.receivesNothing();
  assert.deepEqual(await items(romeo), ['juliet@example.com "Juliette Capulet" both [Verona]']);
  unreachable.fail = false;
  unreachable.change({}); // the next look of the directory's own
  await romeo.receives(push("<item jid='juliet@example.com' subscription='remove'/>"));
  await romeo.receives(push("<item jid='tybalt@example.com'/>"));
});

const versions = institute(verona, group("Guard", "tybalt", "nurse"));
scenario("groups: the version of a roster changes with what its owner sees", showing(versions), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const query = (ver: string) => `<iq type='get' id='r'><query xmlns='jabber:iq:roster' ver='${ver}'/></iq>`;
  const versionOf = (stanza: Element) => stanza.elements[0]!.attrs.ver!;
  const first = versionOf(await romeo.exchange(rosterGet, rosterIs(julietItem)));
  assert.equal((await romeo.exchange(query(first), rosterIs().replace(/<query.*<\/query>/, ""))).elements.length, 0);
  versions.change({ groups: [verona, group("Guard", "tybalt")] });
  assert.equal((await romeo.exchange(query(first), "<iq type='result' id='r'/>")).elements.length, 0);
  versions.change({ groups: [group("Verona", "romeo", "juliet", "nurse", "tybalt")] });
  const pushes = [await romeo.receives(push("<item/>")), await romeo.receives(push("<item/>"))];
  const halfway = await romeo.exchange(query(versionOf(pushes[0]!)), "<iq type='result' id='r'/>");
  assert.equal(halfway.elements.length, 1, "cut off between the pushes, a client gets all");
  assert.equal((await romeo.exchange(query(versionOf(pushes[1]!)), "<iq type='result' id='r'/>")).elements.length, 0);
  const late = await romeo.exchange(query(first), "<iq type='result' id='r'/>");
  assert.equal(late.elements[0]!.elements.length, 3);
  assert.equal(versionOf(late), versionOf(pushes[1]!));
  // One's own changes are still told by pushes to those who know the groups.
  await romeo.sends(
    "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='mab@example.net' name='Mab'/></query></iq>",
  );
  await romeo.receives("<iq type='result' id='s'/>");
  const own = await romeo.receives(push("<item jid='mab@example.net'/>"));
  assert.match(versionOf(own), /^\d+-[0-9a-f]{16}$/);
  assert.equal((await romeo.exchange(query(versionOf(own)), "<iq type='result' id='r'/>")).elements.length, 0);
});
