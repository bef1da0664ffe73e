import { group, persons, showing } from "#features/groups/institute.fixture.ts";
import { befriend } from "#features/presence/people.fixture.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { options, publication, read, reading, refused } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const juliets = "juliet@example.com";
const node = "urn:example:list";
const published = "<iq type='result' id='publish'/>";
const item = "<item id='a'/>";
const ours = { skipOn: ["prosody"], why: "it refuses everything as forbidden" };

function groups(name: string): string {
  return options({ "pubsub#access_model": "roster", "pubsub#roster_groups_allowed": name });
}

scenario("pep: contacts in a chosen group read, as long as they see the owner", ours, async ({ connect }) => {
  const juliet = await connect(`${juliets}/balcony`);
  const romeo = await connect("romeo@example.com/orchard");
  await befriend(romeo, juliet);
  const grouped = (name: string) =>
    `<iq type='set' id='group'><query xmlns='jabber:iq:roster'>
      <item jid='romeo@example.com'><group>${name}</group></item></query></iq>`;
  const result = "<iq type='result' id='group'/>";
  await juliet.exchange(grouped("Montagues"), result);
  await juliet.exchange(publication(node, item, groups("Lovers")), published);
  await romeo.exchange(reading(juliets, node), refused("read", "not-authorized", "not-in-roster-group"));
  await juliet.exchange(grouped("Lovers"), result);
  await romeo.exchange(reading(juliets, node), read(node, item));
  await juliet.sends("<presence type='unsubscribed' to='romeo@example.com'/>");
  await romeo.receives("<presence type='unavailable'/>");
  await romeo.exchange(reading(juliets, node), refused("read", "not-authorized", "presence-subscription-required"));
});

scenario(
  "pep: a group of the institution can be chosen, too",
  showing(new MemoryPeople(persons, [group("Verona", "romeo", "juliet")])),
  async ({ connect }) => {
    const juliet = await connect(`${juliets}/balcony`);
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    await juliet.exchange(publication(node, item, groups("Verona")), published);
    await romeo.exchange(reading(juliets, node), read(node, item));
  },
);
