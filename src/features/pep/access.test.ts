import { group, persons, showing } from "#features/groups/institute.fixture.ts";
import { befriend } from "#features/presence/people.fixture.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { interested, notified, options, publication, read, reading, refused } from "#test/harness/personal-nodes.ts";
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

scenario("pep: a blocked contact is told nothing, and reads nothing", ours, async ({ connect }) => {
  const juliet = await connect(`${juliets}/balcony`);
  const romeo = await connect("romeo@example.com/orchard");
  await befriend(romeo, juliet);
  const quiet = await connect(`${juliets}/quiet`, { presence: false });
  const watching = await connect("romeo@example.com/watching", { presence: false });
  await interested(watching, node);
  await quiet.exchange(publication(node, item, options({ "pubsub#access_model": "open" })), published);
  await watching.receives(notified(juliets, node, item));
  await watching.exchange(
    `<iq type='set' id='sub' to='${juliets}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>
      <subscribe node='${node}' jid='${watching}'/></pubsub></iq>`,
    "<iq type='result' id='sub'/>",
  );
  await watching.receives(notified(juliets, node, item));
  await quiet.exchange(
    "<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'><item jid='romeo@example.com'/></block></iq>",
    "<iq type='result' id='block'/>",
  );
  await watching.receives("<presence type='unavailable'/>");
  await quiet.exchange(publication(node, "<item id='b'/>"), published);
  await quiet.settles();
  await watching.receivesNothing();
  await watching.exchange(
    reading(juliets, node),
    "<iq type='error' id='read'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("pep: the list of those who are treated otherwise has an end", ours, async ({ connect }) => {
  const juliet = await connect(`${juliets}/balcony`);
  await juliet.exchange(publication(node, item), published);
  const treating = (first: number) => {
    const some = Array.from({ length: 40 }, (_, at) => `${first + at}`.padEnd(1000, "x"));
    const list = some.map((name) => `<affiliation jid='${name}@example.com' affiliation='member'/>`);
    return `<iq type='set' id='set'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>
      <affiliations node='${node}'>${list.join("")}</affiliations></pubsub></iq>`;
  };
  await juliet.exchange(treating(100), "<iq type='result' id='set'/>");
  await juliet.exchange(
    treating(200),
    "<iq type='error' id='set'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  await juliet.exchange(treating(100), "<iq type='result' id='set'/>");
});
