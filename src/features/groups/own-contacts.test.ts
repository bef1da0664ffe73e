import assert from "node:assert/strict";
import type { Feature } from "#core/feature.ts";
import { presence } from "#features/presence/index.ts";
import type { SharedContact } from "#features/roster/index.ts";
import { Jid } from "#jid/jid.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Wire } from "#test/harness/wire.ts";
import { groups } from "./groups.ts";
import { group, persons, push, rosterGet, rosterIs, showing } from "./institute.fixture.ts";

const verona = group("Verona", "romeo", "juliet");
const institute = () => new MemoryPeople(persons, [verona]);
const set = (item: string) => `<iq type='set' id='s'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
const done = "<iq type='result' id='s'/>";

/** What is kept of an account's own, as texts. */
async function ownRows(assembly: Stage["assembly"], account: string): Promise<string[]> {
  const { db } = assembly.hosts.get("example.com")!;
  const text = ["select contact, name, groups from roster_item where account = ", " order by contact"];
  const rows = await db.all<{ contact: string; name: string; groups: string }>({ text, values: [account] });
  return rows.map(({ contact, name, groups }) => `${contact} "${name}" ${groups}`);
}

const mine = institute();
scenario(
  "groups: one's own name and groups of a contact stay, beside the directory's",
  showing(mine),
  async ({ connect, assembly }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(rosterGet, rosterIs("<item jid='juliet@example.com' name='Juliette Capulet'/>"));
    // Clients send back the groups that they see.
    await romeo.exchange(
      set("<item jid='juliet@example.com' name='My love'><group>Verona</group><group>Sun</group></item>"),
      done,
    );
    await romeo.receives(
      push(
        "<item jid='juliet@example.com' name='My love' subscription='both'><group>Sun</group><group>Verona</group></item>",
      ),
    );
    assert.deepEqual(await ownRows(assembly, "romeo@example.com"), ['juliet@example.com "My love" ["Sun"]']);
    mine.change({ groups: [group("Verona", "romeo")] });
    const left = await romeo.receives(push("<item jid='juliet@example.com' name='My love' subscription='none'/>"));
    assert.deepEqual(
      left.elements[0]!.elements[0]!.elements.map((one) => one.text),
      ["Sun"],
    );
    assert.deepEqual(await ownRows(assembly, "romeo@example.com"), ['juliet@example.com "My love" ["Sun"]']);
  },
);

scenario(
  "groups: the directory's name is not taken for one's own",
  showing(institute()),
  async ({ connect, assembly }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      set("<item jid='juliet@example.com' name='Juliette Capulet'><group>Verona</group></item>"),
      done,
    );
    assert.deepEqual(await ownRows(assembly, "romeo@example.com"), ['juliet@example.com "" []']);
  },
);

const friends = new MemoryPeople(persons, []);
scenario("groups: who saw a contact before a group, sees it after the group", showing(friends), async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await juliet.receives("<presence type='subscribe' from='romeo@example.com'/>");
  await juliet.sends("<presence type='subscribed' to='romeo@example.com'/>");
  await romeo.receives(`<presence from='${juliet}'/>`);
  friends.change({ groups: [verona] });
  await juliet.receives(`<presence from='${romeo}'/>`); // new; the other way it was there
  await romeo.receivesNothing();
  await juliet.sends("<presence><status>once</status></presence>");
  await romeo.receives(`<presence from='${juliet}'><status>once</status></presence>`);
  await romeo.receivesNothing();
  await juliet.settles();
  friends.change({ groups: [] });
  await juliet.receives("<presence from='juliet@example.com/balcony'><status>once</status></presence>");
  await juliet.receives(`<presence from='${romeo}' type='unavailable'/>`);
  await juliet.sends("<presence><status>again</status></presence>");
  await romeo.receives(`<presence from='${juliet}'><status>again</status></presence>`);
});

scenario("groups: no ceremony among members", showing(institute()), async ({ connect, assembly }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.receives(`<presence from='${juliet}'/>`);
  await juliet.receives(`<presence from='${romeo}'/>`);
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await romeo.sends("<presence type='subscribed' to='juliet@example.com'/>");
  await romeo.receivesNothing();
  await juliet.receivesNothing();
  assert.deepEqual(await ownRows(assembly, "romeo@example.com"), []);
  // Directed presence to somebody who sees it anyway makes no second farewell.
  await romeo.sends("<presence to='juliet@example.com'/>");
  await juliet.receives(`<presence from='${romeo}'/>`);
  await romeo.disconnect();
  await juliet.receives(`<presence from='${romeo}' type='unavailable'/>`);
  await juliet.receivesNothing();
});

/** Logs in with a language. */
async function logIn(wire: Wire, lang: string): Promise<void> {
  await wire.opens("example.com", `xml:lang='${lang}'`);
  const secret = Buffer.from("\0romeo\0pencil").toString("base64");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.opens("example.com", `xml:lang='${lang}'`);
  wire.writes("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await wire.receives("<iq type='result' id='b'/>");
}

for (const [lang, words] of [
  ["en", "directory"],
  ["fr", "annuaire"],
] as const) {
  scenario(
    `groups: a contact of a group cannot be removed, and it is said why (${lang})`,
    showing(institute()),
    async ({ account, wire, assembly }) => {
      await account("romeo@example.com");
      await account("juliet@example.com");
      const romeo = await wire();
      await logIn(romeo, lang);
      const refusal = (kind: string, id: string) =>
        `<${kind} type='error' id='${id}'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='${lang}'>…${words}…</text></error></${kind}>`;
      const removal = set("<item jid='juliet@example.com' subscription='remove'/>");
      romeo.writes(removal);
      await romeo.receives(refusal("iq", "s"));
      romeo.writes(set("<item jid='juliet@example.com' name='Ju'/>"));
      await romeo.receives(done);
      romeo.writes(removal);
      await romeo.receives(refusal("iq", "s"));
      romeo.writes("<presence type='unsubscribe' id='1' to='juliet@example.com'/>");
      await romeo.receives(refusal("presence", "1"));
      romeo.writes("<presence type='unsubscribed' id='2' to='juliet@example.com'/>");
      await romeo.receives(refusal("presence", "2"));
      assert.deepEqual(await ownRows(assembly, "romeo@example.com"), ['juliet@example.com "Ju" []']);
    },
  );
}

scenario("groups: a blocked member is seen no more, and sees no more", showing(institute()), async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.receives(`<presence from='${juliet}'/>`);
  await juliet.receives(`<presence from='${romeo}'/>`);
  const item = "<item xmlns='urn:xmpp:blocking' jid='romeo@example.com'/>";
  await juliet.exchange(
    `<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>${item}</block></iq>`,
    "<iq type='result' id='b'/>",
  );
  await romeo.receives(`<presence from='${juliet}' type='unavailable'/>`);
  await juliet.sends("<presence><status>secret</status></presence>");
  await juliet.receives("<presence from='juliet@example.com/balcony'/>");
  await romeo.receivesNothing();
  await juliet.exchange(
    `<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'>${item}</unblock></iq>`,
    "<iq type='result' id='u'/>",
  );
  await romeo.receives(`<presence from='${juliet}'><status>secret</status></presence>`);
  await juliet.receives(`<presence from='${romeo}'/>`);
});

scenario("groups: members may ask for what only contacts may", showing(institute()), async ({ connect, assembly }) => {
  await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(
    "<iq type='get' id='l' to='juliet@example.com'><query xmlns='jabber:iq:last'/></iq>",
    "<iq type='result' id='l'/>",
  );
  await romeo.exchange(
    "<presence type='probe' to='juliet@example.com'/>",
    "<presence from='juliet@example.com/balcony'/>",
  );
  const tybalt = await connect("tybalt@example.com/street", { presence: false });
  await tybalt.exchange(
    "<iq type='get' id='l' to='juliet@example.com'><query xmlns='jabber:iq:last'/></iq>",
    "<iq type='error' id='l'/>",
  );
  const account = Jid.parse("romeo@example.com");
  const found: SharedContact[] = [];
  const asking: Feature = {
    name: "asking",
    xeps: [],
    async setup(host) {
      found.push(...host.use(groups).preview(account));
      assert.equal(await host.use(presence).subscriptionOf(account, Jid.parse("juliet@example.com")), "both");
      assert.equal(await host.use(presence).subscriptionOf(account, Jid.parse("tybalt@example.com")), "none");
    },
  };
  await assembly.hosts.get("example.com")!.start(asking, undefined);
  assert.deepEqual(found, [
    {
      contact: Jid.parse("juliet@example.com"),
      name: "Juliette Capulet",
      groups: ["Verona"],
      subscription: "both",
    },
  ]);
});
