import assert from "node:assert/strict";
import { presence, Stanza } from "#stanza/stanza.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { group, persons, push, rosterGet, rosterIs, showing } from "./institute.fixture.ts";

const verona = group("Verona", "romeo", "juliet");
const set = (item: string) => `<iq type='set' id='s'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
const done = "<iq type='result' id='s'/>";
const query = (ver: string) => `<iq type='get' id='r'><query xmlns='jabber:iq:roster' ver='${ver}'/></iq>`;
const versionOf = (stanza: Element) => stanza.elements[0]!.attrs.ver!;
const groupsOf = (stanza: Element) => stanza.elements[0]!.elements[0]!.elements.map((one) => one.text);

const aliased = { ...showing(new MemoryPeople(persons, [verona])), aliases: { "example.com": ["jabber.example.com"] } };
scenario(
  "groups: contacts have the face of the domain that a client has connected to",
  aliased,
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard", { face: "jabber.example.com" });
    await romeo.receives("<presence from='juliet@jabber.example.com/balcony'/>");
    await juliet.receives("<presence from='romeo@example.com/orchard'/>");
    await romeo.exchange(rosterGet, rosterIs("<item jid='juliet@jabber.example.com' subscription='both'/>"));
    await romeo.exchange(
      set("<item jid='juliet@jabber.example.com' subscription='remove'/>"),
      "<iq type='error' id='s'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
  },
);

scenario(
  "groups: a namesake at another domain is somebody else",
  showing(new MemoryPeople(persons, [verona])),
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const namesake = await connect("romeo@example.net/orchard");
    assert.equal((await namesake.exchange(rosterGet, rosterIs())).elements[0]!.elements.length, 0);
    await namesake.sends("<presence type='probe' to='juliet@example.com'/>");
    await namesake.receivesNothing();
    await juliet.receivesNothing();
  },
);

const before = new MemoryPeople(persons, []);
scenario("groups: a group that one had oneself stays one's own", showing(before), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(rosterGet, rosterIs());
  await romeo.exchange(set("<item jid='juliet@example.com'><group>Verona</group></item>"), done);
  await romeo.receives(push("<item jid='juliet@example.com'/>"));
  before.change({ groups: [verona] });
  assert.deepEqual(groupsOf(await romeo.receives(push("<item name='Juliette Capulet' subscription='both'/>"))), [
    "Verona",
  ]);
  await romeo.exchange(set("<item jid='juliet@example.com' name='Ju'><group>Verona</group></item>"), done);
  await romeo.receives(push("<item name='Ju'/>"));
  before.change({ groups: [] });
  assert.deepEqual(groupsOf(await romeo.receives(push("<item name='Ju' subscription='none'/>"))), ["Verona"]);
});

const asking = new MemoryPeople(persons, []);
scenario("groups: a request is no question any more while a group answers it", showing(asking), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(rosterGet, rosterIs());
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await romeo.receives(push("<item jid='juliet@example.com' subscription='none' ask='subscribe'/>"));
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.receives("<presence type='subscribe' from='romeo@example.com'/>");
  asking.change({ groups: [verona] });
  const both = await romeo.receives(push("<item jid='juliet@example.com' subscription='both'/>"));
  assert.equal(both.elements[0]!.elements[0]!.attrs.ask, undefined);
  await romeo.receives(`<presence from='${juliet}'/>`);
  await juliet.receives(`<presence from='${romeo}'/>`);
  // The request may still be answered; what was said then holds after the group.
  await juliet.sends("<presence type='subscribed' to='romeo@example.com'/>");
  await romeo.receives("<presence type='subscribed' from='juliet@example.com'/>");
  await romeo.receives(push("<item jid='juliet@example.com' subscription='both'/>"));
  await juliet.settles();
  asking.change({ groups: [] });
  await romeo.receives(push("<item jid='juliet@example.com' subscription='to'/>"));
  await juliet.receives(`<presence from='${romeo}' type='unavailable'/>`);
  await romeo.receivesNothing();
});

scenario(
  "groups: what one has changed oneself is told by pushes, with the groups",
  showing(new MemoryPeople(persons, [verona])),
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    for (const jid of ["mab@example.net", "puck@example.net"]) await romeo.exchange(set(`<item jid='${jid}'/>`), done);
    const known = versionOf(await romeo.exchange(rosterGet, rosterIs()));
    await romeo.exchange(set("<item jid='juliet@example.com' name='Ju'/>"), done);
    const live = await romeo.receives(push("<item jid='juliet@example.com' name='Ju' subscription='both'/>"));
    const late = await connect("romeo@example.com/home", { presence: false });
    assert.equal((await late.exchange(query(known), "<iq type='result' id='r'/>")).elements.length, 0);
    const pushed = await late.receives(push("<item jid='juliet@example.com' name='Ju' subscription='both'/>"));
    assert.deepEqual(groupsOf(pushed), ["Verona"]);
    assert.equal(versionOf(pushed), versionOf(live));
    await late.receivesNothing();
  },
);

const both = new MemoryPeople(persons, [verona]);
scenario("groups: with changes of both kinds a client gets all", showing(both), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  for (const jid of ["mab@example.net", "puck@example.net"]) await romeo.exchange(set(`<item jid='${jid}'/>`), done);
  const known = versionOf(await romeo.exchange(rosterGet, rosterIs()));
  await romeo.exchange(set("<item jid='mab@example.net' name='Mab'/>"), done);
  await romeo.receives(push("<item jid='mab@example.net' name='Mab'/>"));
  both.change({ groups: [group("Verona", "romeo", "juliet", "nurse")] });
  await romeo.receives(push("<item jid='nurse@example.com'/>"));
  const all = await romeo.exchange(query(known), rosterIs());
  assert.equal(all.elements[0]!.elements.length, 4);
});

const open = new MemoryPeople(persons, [group("Guard", "nurse")]);
scenario(
  "groups: who comes to be seen by everybody learns who of its own contacts sees it",
  showing(open, { see: "all" }),
  async ({ connect }) => {
    const tybalt = await connect("tybalt@example.com/street", { presence: false });
    await tybalt.exchange(rosterGet, rosterIs());
    await tybalt.exchange(set("<item jid='romeo@example.com' name='Villain'/>"), done);
    await tybalt.receives(push("<item jid='romeo@example.com' subscription='none'/>"));
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(rosterGet, rosterIs("<item jid='nurse@example.com' subscription='to'/>"));
    open.change({ groups: [group("Guard", "nurse", "tybalt", "romeo")] });
    await tybalt.receivesInAnyOrder(
      push("<item jid='romeo@example.com' name='Villain' subscription='both'><group>Guard</group></item>"),
      push("<item jid='nurse@example.com' subscription='both'/>"),
    );
    await romeo.receivesInAnyOrder(
      push("<item jid='tybalt@example.com' subscription='both'/>"),
      push("<item jid='nurse@example.com' subscription='both'/>"),
    );
    open.change({ groups: [group("Guard", "nurse", "tybalt")] });
    await tybalt.receives(push("<item jid='romeo@example.com' name='Villain' subscription='from'/>"));
    await tybalt.receivesNothing();
  },
);

const removal = new MemoryPeople(persons, []);
scenario(
  "groups: a contact that was removed before a group is seen as a member",
  showing(removal),
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    await romeo.exchange(set("<item jid='juliet@example.com' name='Ju'/>"), done);
    await romeo.exchange(set("<item jid='juliet@example.com' subscription='remove'/>"), done);
    removal.change({ groups: [verona] });
    await romeo.exchange(rosterGet, rosterIs("<item jid='juliet@example.com' name='Juliette Capulet'/>"));
  },
);

scenario("groups: one farewell is enough", showing(new MemoryPeople(persons, [verona])), async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.sends("<presence to='juliet@example.com/balcony'/>");
  await juliet.receives(`<presence from='${romeo}' to='${juliet}'/>`);
  await romeo.becomesAvailable();
  await juliet.receives(`<presence from='${romeo}'/>`);
  await romeo.disconnect();
  await juliet.receives(`<presence from='${romeo}' type='unavailable'/>`);
  await juliet.receivesNothing();
});

scenario(
  "groups: a request that comes another way is granted",
  showing(new MemoryPeople(persons, [verona])),
  async ({ connect, assembly }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.receives(`<presence from='${juliet}'/>`);
    await juliet.receives(`<presence from='${romeo}'/>`);
    const request = presence({ type: "subscribe" });
    await assembly.server.router.route({ stanza: Stanza.of("presence", request, romeo.jid.bare, juliet.jid.bare) });
    await romeo.receives(`<presence from='${juliet}'/>`);
    await juliet.receivesNothing();
  },
);

const failing = new MemoryPeople(persons, [verona]);
scenario("groups: what could not be read is read the next time", showing(failing), async ({ connect }, context) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(rosterGet, rosterIs("<item jid='juliet@example.com' name='Juliette Capulet'/>"));
  failing.fail = true;
  failing.change({ persons: [{ user: "juliet", displayName: "Ju" }] });
  await romeo.receivesNothing();
  failing.fail = false;
  failing.change({});
  await romeo.receives(push("<item jid='juliet@example.com' name='Ju'/>"));
  failing.fail = true;
  failing.change({ groups: [] });
  await romeo.receivesNothing();
  failing.fail = false;
  // Long after, the next who comes is a reason to ask again.
  const now = performance.now.bind(performance);
  context.mock.method(performance, "now", () => now() + 60_000);
  await connect("tybalt@example.com/street");
  await romeo.receives(push("<item jid='juliet@example.com' subscription='remove'/>"));
});

const quarrel = new MemoryPeople(persons, [verona]);
scenario("groups: who is blocked hears nothing of a group's end", showing(quarrel), async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.receives(`<presence from='${juliet}'/>`);
  await juliet.receives(`<presence from='${romeo}'/>`);
  await juliet.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@example.com'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  await romeo.receives(`<presence from='${juliet}' type='unavailable'/>`);
  await romeo.exchange(rosterGet, rosterIs());
  await juliet.exchange(rosterGet, rosterIs());
  quarrel.change({ groups: [] });
  await romeo.receives(push("<item jid='juliet@example.com' subscription='remove'/>"));
  await romeo.receivesNothing();
  await juliet.receives(push("<item jid='romeo@example.com' subscription='remove'/>"));
  await juliet.receivesNothing();
});

const haunted = new MemoryPeople(persons, [verona]);
scenario("groups: one's own list says who sees one because of a group", showing(haunted), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(rosterGet, rosterIs());
  await romeo.exchange(set("<item jid='ghost@example.com' name='Father'/>"), done);
  await romeo.receives(push("<item jid='ghost@example.com' subscription='none'/>"));
  haunted.change({ groups: [group("Verona", "romeo", "juliet", "ghost", "tybalt")] });
  await romeo.receivesInAnyOrder(
    push("<item jid='ghost@example.com' name='Father' subscription='from'/>"),
    push("<item jid='tybalt@example.com' subscription='both'/>"),
  );
  haunted.change({ groups: [verona] });
  await romeo.receivesInAnyOrder(
    push("<item jid='ghost@example.com' name='Father' subscription='none'/>"),
    push("<item jid='tybalt@example.com' subscription='remove'/>"),
  );
  await romeo.receivesNothing();
});
