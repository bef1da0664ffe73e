import assert from "node:assert/strict";
import { Jid } from "#jid/jid.ts";
import { scenario } from "#test/harness/scenario.ts";
import { befriend, follow, offline, subscribe } from "./people.fixture.ts";

scenario("presence: who asks for it by hand gets what a login would bring", async ({ connect }) => {
  const romeo = await connect("romeo@example.net/orchard");
  const juliet = await connect("juliet@example.com/balcony", { presence: "<presence><show>dnd</show></presence>" });
  await subscribe(romeo, juliet);
  await romeo.sends("<presence type='probe' to='juliet@example.com'/>");
  await romeo.receives("<presence from='juliet@example.com/balcony'><show>dnd</show></presence>");
  await juliet.receivesNothing();
});

scenario(
  "presence: a stranger who asks for it learns nothing, and not whether there is such an account",
  { skipOn: ["prosody"], why: "the stanzas are put in by hand" },
  async ({ connect, assembly, account }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await account("nurse@example.com");
    const { router } = assembly.server;
    const said: string[] = [];
    router.remote = ({ stanza }) => void said.push(`${stanza.type} ${stanza.from} ${stanza.to}`);
    const { Stanza, presence: tag } = await import("#stanza/stanza.ts");
    for (const to of ["juliet@example.com", "juliet@example.com/balcony", "nurse@example.com", "nobody@example.com"]) {
      const from = Jid.parse("tybalt@elsewhere.example/street");
      await router.route({ stanza: Stanza.of("presence", tag({ type: "probe" }), from, Jid.parse(to)) });
    }
    const answer = (from: string) => `unsubscribed ${from} tybalt@elsewhere.example`;
    assert.deepEqual(said, [
      answer("juliet@example.com"),
      answer("juliet@example.com"),
      answer("nurse@example.com"),
      answer("nobody@example.com"),
    ]);
    await juliet.receivesNothing();
  },
);

scenario(
  "presence: contacts at other servers are asked, told, and answered",
  { skipOn: ["prosody"], why: "the other server is played by hand" },
  async ({ connect, assembly }) => {
    const { router } = assembly.server;
    const said: string[] = [];
    router.remote = ({ stanza }) => void said.push(`${stanza.type || "available"} ${stanza.from} ${stanza.to}`);
    const { Stanza, presence: tag } = await import("#stanza/stanza.ts");
    const hears = (type: string | undefined, to: string, from = "romeo@elsewhere.example") =>
      router.route({ stanza: Stanza.of("presence", tag({ type }), Jid.parse(from), Jid.parse(to)) });
    const says = (...lines: string[]) => assert.deepEqual(said.splice(0), lines);

    const juliet = await connect("juliet@example.com/balcony");
    await juliet.sends("<presence type='subscribe' to='romeo@elsewhere.example'/>");
    await juliet.settles();
    says("subscribe juliet@example.com romeo@elsewhere.example");
    await hears("subscribed", "juliet@example.com");
    await hears("subscribe", "juliet@example.com");
    await juliet.receives("<presence type='subscribe' from='romeo@elsewhere.example'/>");
    await juliet.sends("<presence type='subscribed' to='romeo@elsewhere.example'/>");
    await juliet.settles();
    says(
      "subscribed juliet@example.com romeo@elsewhere.example",
      "available juliet@example.com/balcony romeo@elsewhere.example",
    );
    const chamber = await connect("juliet@example.com/chamber");
    says(
      "available juliet@example.com/chamber romeo@elsewhere.example",
      "probe juliet@example.com/chamber romeo@elsewhere.example",
    );
    await chamber.receives("<presence from='juliet@example.com/balcony'/>");
    await juliet.receives("<presence from='juliet@example.com/chamber'/>");
    await hears(undefined, "juliet@example.com", "romeo@elsewhere.example/orchard");
    await chamber.receives("<presence from='romeo@elsewhere.example/orchard' to='juliet@example.com'/>");
    await juliet.receives("<presence from='romeo@elsewhere.example/orchard' to='juliet@example.com'/>");
    await hears("probe", "juliet@example.com", "romeo@elsewhere.example/orchard");
    says(
      "available juliet@example.com/balcony romeo@elsewhere.example/orchard",
      "available juliet@example.com/chamber romeo@elsewhere.example/orchard",
    );
    await hears("probe", "juliet@example.com/chamber");
    says("available juliet@example.com/chamber romeo@elsewhere.example");
    await chamber.drop();
    await juliet.receives("<presence type='unavailable' from='juliet@example.com/chamber'/>");
    says("unavailable juliet@example.com/chamber romeo@elsewhere.example");
    await juliet.sends("<presence type='unavailable'/>");
    await juliet.settles();
    says("unavailable juliet@example.com/balcony romeo@elsewhere.example");
    await hears("probe", "juliet@example.com");
    says("unavailable juliet@example.com romeo@elsewhere.example");
  },
);

scenario(
  "presence: a contact who does not know of the subscription any more says so at the next login",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "the database is changed by hand" },
  async ({ connect, assembly }) => {
    const { sql } = await import("#core/database.ts");
    const before = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await subscribe(before, romeo);
    const host = assembly.hosts.get("example.com")!;
    for (const client of [before, romeo]) {
      await client.disconnect();
      await offline(host, client);
    }
    await host.db.run(sql`delete from roster_item where account = 'romeo@example.com'`);
    await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await follow(juliet);
    await juliet.becomesAvailable();
    await juliet.receives("<presence type='unsubscribed' from='romeo@example.com'/>");
    await juliet.receives(
      "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='romeo@example.com' subscription='none'/></query></iq>",
    );
    await juliet.receivesNothing();
  },
);

scenario(
  "presence: a login reads the contact list once, however many contacts are there",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "it counts our queries" },
  async ({ connect, assembly }, context) => {
    const juliet = await connect("juliet@example.com/balcony");
    for (let index = 0; index < 5; index++) {
      await befriend(juliet, await connect(`contact${index}@example.com/x`));
    }
    const contacts = Array.from({ length: 5 }, (_, index) => `<presence from='contact${index}@example.com/x'/>`);
    const host = assembly.hosts.get("example.com")!;
    const all = context.mock.method(host.db, "all");
    const rosterQueries = () => {
      const texts = all.mock.calls.map((call) => call.arguments[0].text.join(" "));
      all.mock.resetCalls();
      return texts.filter((text) => text.includes("roster_item")).length;
    };
    const chamber = await connect("juliet@example.com/chamber", { presence: false });
    await follow(chamber);
    await chamber.becomesAvailable();
    await chamber.receivesInAnyOrder("<presence from='juliet@example.com/balcony'/>", ...contacts);
    assert.equal(rosterQueries(), 0);
    await juliet.disconnect();
    await chamber.receives(`<presence type='unavailable' from='${juliet}'/>`);
    await chamber.drop();
    await offline(host, chamber);
    const again = await connect("juliet@example.com/balcony", { presence: false });
    await follow(again);
    await again.becomesAvailable();
    await again.receivesInAnyOrder(...contacts);
    assert.equal(rosterQueries(), 1);
  },
);
