import assert from "node:assert/strict";
import type { Query } from "#core/database.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import { available, closed, priority } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { scenario } from "#test/harness/scenario.ts";
import { becameAvailable, becameUnavailable, disclosing, presence } from "./index.ts";
import { befriend, follow, subscribe } from "./people.fixture.ts";

const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
const refused = (id: string, condition: string) =>
  `<presence type='error' id='${id}'><error><${condition} xmlns='${stanzas}'/></error></presence>`;

for (const domain of ["example.com", "example.net"]) {
  scenario(`presence: contacts at ${domain} see who comes, what they do, and that they go`, async ({ connect }) => {
    const romeo = await connect(`romeo@${domain}/orchard`);
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(romeo, juliet);
    await juliet.sends(
      "<presence id='p1'><show>away</show><status>Dreaming</status><x xmlns='urn:example:x'/></presence>",
    );
    await romeo.receives(
      `<presence id='p1' from='juliet@example.com/balcony' to='romeo@${domain}'><show>away</show><status>Dreaming</status><x xmlns='urn:example:x'/></presence>`,
    );
    await juliet.sends("<presence type='unavailable'><status>Good night</status></presence>");
    await romeo.receives(
      "<presence type='unavailable' from='juliet@example.com/balcony'><status>Good night</status></presence>",
    );
    await juliet.sends("<presence/>");
    await romeo.receives("<presence from='juliet@example.com/balcony'/>");
    await juliet.disconnect();
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await romeo.receivesNothing();
  });

  scenario(
    `presence: who comes sees the contacts at ${domain} that are there, as they are now`,
    async ({ connect }) => {
      const before = await connect("juliet@example.com/balcony");
      const romeo = await connect(`romeo@${domain}/orchard`);
      await subscribe(before, romeo);
      await before.disconnect();
      await romeo.sends("<presence><show>chat</show><priority>3</priority></presence>");
      const garden = await connect(`romeo@${domain}/garden`, { presence: "<presence><show>xa</show></presence>" });
      await connect(`romeo@${domain}/silent`, { presence: false });
      await garden.settles();
      const juliet = await connect("juliet@example.com/balcony");
      await juliet.receivesInAnyOrder(
        `<presence from='romeo@${domain}/orchard'><show>chat</show><priority>3</priority></presence>`,
        `<presence from='romeo@${domain}/garden'><show>xa</show></presence>`,
      );
      await juliet.sends("<presence><show>away</show></presence>");
      await juliet.receives("<presence from='juliet@example.com/balcony'/>");
      await juliet.receivesNothing();
    },
  );

  scenario(`presence: a lost connection is seen by contacts at ${domain}`, async ({ connect }) => {
    const romeo = await connect(`romeo@${domain}/orchard`);
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(romeo, juliet);
    await juliet.drop();
    await romeo.receives(`<presence type='unavailable' from='juliet@example.com/balcony' to='romeo@${domain}'/>`);
    await romeo.receivesNothing();
  });
}

scenario("presence: strangers, and contacts who may not see, see nothing", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const tybalt = await connect("tybalt@example.com/street");
  const juliet = await connect("juliet@example.com/balcony");
  await subscribe(juliet, romeo);
  await juliet.sends("<presence><show>away</show></presence>");
  await juliet.sends("<presence type='unavailable'/>");
  await juliet.settles();
  await tybalt.receivesNothing();
  await romeo.receivesNothing();
});

scenario("presence: a contact who is not there gets nothing later", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await subscribe(romeo, juliet);
  await romeo.sends("<presence type='unavailable'/>");
  await romeo.receives(`<presence type='unavailable' from='${romeo}'/>`);
  await juliet.sends("<presence><show>away</show></presence>");
  await juliet.settles();
  await romeo.receivesNothing();
});

scenario("presence: one's own clients see each other", async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony", { presence: "<presence><show>dnd</show></presence>" });
  const chamber = await connect("juliet@example.com/chamber", { presence: false });
  await chamber.sends("<presence/>");
  await chamber.receivesInAnyOrder(
    "<presence from='juliet@example.com/chamber'/>",
    "<presence from='juliet@example.com/balcony'><show>dnd</show></presence>",
  );
  await balcony.receives("<presence from='juliet@example.com/chamber'/>");
  await chamber.sends("<presence><show>away</show></presence>");
  await balcony.receives("<presence from='juliet@example.com/chamber'><show>away</show></presence>");
  await chamber.drop();
  await balcony.receives("<presence type='unavailable' from='juliet@example.com/chamber'/>");
});

scenario("presence: who has gone may come back on the same connection", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await befriend(romeo, juliet);
  await juliet.sends("<presence type='unavailable'/>");
  await juliet.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
  await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
  await romeo.sends("<presence><show>away</show></presence>");
  await romeo.receives(`<presence from='${romeo}'/>`);
  await juliet.receivesNothing();
  await juliet.sends("<presence/>");
  await juliet.receives("<presence from='juliet@example.com/balcony'/>");
  await juliet.receives("<presence from='romeo@example.com/orchard'><show>away</show></presence>");
  await romeo.receives("<presence from='juliet@example.com/balcony'/>");
});

scenario(
  "presence: who has gone is not said to go again",
  { skipOn: ["prosody"], why: "it says so" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(romeo, juliet);
    await juliet.exchange("<presence type='unavailable'/>", "<presence type='unavailable'/>");
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await juliet.sends("<presence type='unavailable'/>");
    await juliet.receivesNothing();
    await juliet.disconnect();
    await romeo.receivesNothing();
  },
);

scenario("presence: a client that takes the place of another is seen once more", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await subscribe(romeo, juliet);
  await connect("juliet@example.com/balcony");
  await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
  await romeo.receives("<presence from='juliet@example.com/balcony'/>");
  await romeo.receivesNothing();
});

scenario("presence: one may show oneself to a stranger, who learns of the end, too", async ({ connect }) => {
  const tybalt = await connect("tybalt@example.net/street");
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.sends("<presence to='tybalt@example.net'><show>dnd</show></presence>");
  await tybalt.receives(
    "<presence from='juliet@example.com/balcony' to='tybalt@example.net'><show>dnd</show></presence>",
  );
  await juliet.sends("<presence><show>away</show></presence>");
  await juliet.settles();
  await tybalt.receivesNothing();
  await juliet.sends("<presence type='unavailable'><status>Bye</status></presence>");
  await tybalt.receives(
    "<presence type='unavailable' from='juliet@example.com/balcony'><status>Bye</status></presence>",
  );
  await juliet.disconnect();
  await tybalt.receivesNothing();
});

scenario("presence: a stranger is told when the connection is lost", async ({ connect }) => {
  const tybalt = await connect("tybalt@example.com/street");
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.sends(`<presence to='${tybalt}'/>`);
  await tybalt.receives(`<presence from='juliet@example.com/balcony' to='${tybalt}'/>`);
  await juliet.drop();
  await tybalt.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
});

scenario("presence: a stranger who was told of the end is not told again", async ({ connect }) => {
  const tybalt = await connect("tybalt@example.com/street");
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.sends(`<presence to='${tybalt}'/>`);
  await tybalt.receives("<presence from='juliet@example.com/balcony'/>");
  await juliet.sends(`<presence type='unavailable' to='${tybalt}'/>`);
  await tybalt.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
  await juliet.disconnect();
  await tybalt.receivesNothing();
});

scenario("presence: a contact who was shown something special is told of the end once", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await subscribe(romeo, juliet);
  await juliet.sends("<presence to='romeo@example.com'><status>For you</status></presence>");
  await romeo.receives("<presence from='juliet@example.com/balcony'><status>For you</status></presence>");
  await juliet.disconnect();
  await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
  await romeo.receivesNothing();
});

scenario(
  "presence: who is shown a client, and then becomes a contact, is told of its end once",
  { skipOn: ["prosody"], why: "it tells twice" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.sends("<presence to='romeo@example.com'/>");
    await romeo.receives("<presence from='juliet@example.com/balcony'/>");
    await subscribe(romeo, juliet);
    await juliet.disconnect();
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await romeo.receivesNothing();
  },
);

scenario(
  "presence: one client can only be in touch with so many strangers at once",
  { settings: { presence: { directed: 2 } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const tybalt = await connect("tybalt@example.com/street");
    await juliet.sends("<presence to='a@example.net'/><presence to='b@example.net'/><presence to='a@example.net'/>");
    await juliet.exchange("<presence id='c' to='tybalt@example.com'/>", refused("c", "resource-constraint"));
    await tybalt.receivesNothing();
    await juliet.sends("<presence to='b@example.net' type='unavailable'/><presence id='c' to='tybalt@example.com'/>");
    await tybalt.receives("<presence from='juliet@example.com/balcony'/>");
  },
);

scenario("presence: to an account it reaches all available clients, to a client only that one", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber", {
    presence: "<presence><priority>-1</priority></presence>",
  });
  const silent = await connect("juliet@example.com/silent", { presence: false });
  await balcony.receives("<presence from='juliet@example.com/chamber'/>");
  await chamber.receives("<presence from='juliet@example.com/balcony'/>");
  await romeo.sends("<presence id='all' to='juliet@example.com'/>");
  await balcony.receives(`<presence id='all' from='${romeo}' to='juliet@example.com'/>`);
  await chamber.receives(`<presence id='all' from='${romeo}' to='juliet@example.com'/>`);
  await silent.receivesNothing();
  await romeo.sends("<presence id='one' to='juliet@example.com/silent'/>");
  await silent.receives(`<presence id='one' from='${romeo}' to='juliet@example.com/silent'/>`);
  await balcony.receivesNothing();
  await romeo.sends("<presence to='juliet@example.com/gone'/><presence to='nobody@example.com'/>");
  await romeo.receivesNothing();
});

scenario(
  "presence: a priority is a number from -128 to 127",
  { skipOn: ["prosody"], why: "it takes any" },
  async ({ connect, assembly }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const session = assembly.hosts.get("example.com")!.sessions.find(juliet.jid)!;
    for (const bad of ["128", "-129", "1.5", "one", "", "0x1", "1 2", "99999"]) {
      await juliet.exchange(`<presence id='p'><priority>${bad}</priority></presence>`, refused("p", "bad-request"));
    }
    const twice = "<presence id='p'><priority>1</priority><priority>2</priority></presence>";
    await juliet.exchange(twice, refused("p", "bad-request"));
    assert.equal(session.get(available), false);
    for (const [text, value] of [
      ["-128", -128],
      ["127", 127],
      [" +5 ", 5],
      ["0", 0],
    ] as const) {
      await juliet.exchange(`<presence><priority>${text}</priority></presence>`, `<presence from='${juliet}'/>`);
      assert.equal(session.get(priority), value);
      assert.equal(session.get(available), true);
    }
    await juliet.exchange("<presence><priority>7</priority></presence>", `<presence from='${juliet}'/>`);
    await juliet.exchange("<presence/>", `<presence from='${juliet}'/>`);
    assert.equal(session.get(priority), 0);
  },
);

scenario(
  "presence: of an unknown type, it is refused",
  { skipOn: ["prosody"], why: "it lets some pass" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange("<presence type='invisible' id='p'/>", refused("p", "bad-request"));
    await juliet.exchange("<presence type='invisible' id='p' to='romeo@example.com'/>", refused("p", "bad-request"));
    for (const type of ["subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"]) {
      await juliet.exchange(`<presence type='${type}' id='p'/>`, refused("p", "bad-request"));
    }
    await juliet.sends("<presence type='error'/>");
    await juliet.receivesNothing();
    await romeo.receivesNothing();
  },
);

scenario(
  "presence: a very large one is refused, and changes nothing",
  { settings: { presence: { size: "1 KiB" } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(romeo, juliet);
    await juliet.exchange(
      `<presence id='p'><status>${"x".repeat(1100)}</status></presence>`,
      refused("p", "policy-violation"),
    );
    await romeo.receivesNothing();
    await juliet.sends(`<presence type='unavailable'><status>${"x".repeat(1100)}</status></presence>`);
    const last = await romeo.receives(`<presence type='unavailable' from='${juliet}'/>`);
    assert.equal(last.elements.length, 0);
  },
);

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
  "presence: a stranger who could not be reached is not told of the end",
  { skipOn: ["prosody"], why: "the other server is played by hand" },
  async ({ connect, assembly }) => {
    const { router } = assembly.server;
    const refuse = router.remote;
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange("<presence id='p' to='romeo@elsewhere.example'/>", refused("p", "remote-server-not-found"));
    const said: string[] = [];
    router.remote = ({ stanza }) => void said.push(`${stanza.type} ${stanza.to}`);
    const chamber = await connect("juliet@example.com/chamber", { presence: false });
    await juliet.disconnect();
    await chamber.settles();
    assert.deepEqual(said, []);
    router.remote = refuse;
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
    await before.disconnect();
    await romeo.disconnect();
    await assembly.hosts.get("example.com")!.db.run(sql`delete from roster_item where account = 'romeo@example.com'`);
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
    const all = context.mock.method(assembly.hosts.get("example.com")!.db, "all");
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
    const again = await connect("juliet@example.com/balcony", { presence: false });
    await follow(again);
    await again.becomesAvailable();
    await again.receivesInAnyOrder(...contacts);
    assert.equal(rosterQueries(), 1);
  },
);

scenario(
  "presence: a client that is lost while its contact list is read never appears",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "it slows our database down" },
  async ({ connect, assembly }, context) => {
    const host = assembly.hosts.get("example.com")!;
    const romeo = await connect("romeo@example.com/orchard");
    const before = await connect("juliet@example.com/balcony");
    await befriend(romeo, before);
    await before.disconnect();
    await romeo.receives("<presence type='unavailable'/>");
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const session = host.sessions.find(juliet.jid)!;
    const read = host.db.all.bind(host.db);
    const reading = Promise.withResolvers<void>();
    const gone = new Promise<void>((resolve) => host.hooks.on(closed, "copy", () => resolve()));
    let answered: Promise<unknown> | undefined;
    const all = context.mock.method(host.db, "all", (query: Query) => {
      reading.resolve();
      answered = gone.then(() => read(query));
      return answered;
    });
    await juliet.sends("<presence/>");
    await reading.promise;
    await juliet.drop();
    await answered;
    all.mock.restore();
    await romeo.receivesNothing();
    assert.equal(session.get(available), false);
  },
);

scenario(
  "presence: other parts of the server learn who comes and goes, and what was said last",
  { skipOn: ["prosody"], why: "it looks inside" },
  async ({ connect, assembly }) => {
    const host = assembly.hosts.get("example.com")!;
    const seen: string[] = [];
    host.hooks.on(becameAvailable, "record", ({ session, stanza, initial }) => {
      seen.push(`${session.jid.resource} ${stanza.element.elements[0]?.text ?? ""} ${initial}`);
    });
    host.hooks.on(becameUnavailable, "record", ({ session }) => void seen.push(`${session.jid.resource} gone`));
    const tybalt = await connect("tybalt@example.com/street", { presence: false });
    const juliet = await connect("juliet@example.com/balcony");
    const session = host.sessions.find(juliet.jid)!;
    await juliet.exchange("<presence><show>away</show></presence>", "<presence><show>away</show></presence>");
    await juliet.exchange("<presence type='unavailable'/>", "<presence type='unavailable'/>");
    assert.equal(session.get(available), false);
    await juliet.exchange("<presence/>", "<presence/>");
    await juliet.sends(`<presence to='${tybalt}'/>`);
    await tybalt.receives(`<presence from='${juliet}'/>`);
    await juliet.drop();
    await tybalt.receives(`<presence type='unavailable' from='${juliet}'/>`);
    assert.deepEqual(seen, ["balcony  true", "balcony away false", "balcony gone", "balcony  true", "balcony gone"]);
    assert.equal(presence.name, "presence");
  },
);

scenario(
  "presence: what another part of the server holds back is not shown",
  { skipOn: ["prosody"], why: "it looks inside" },
  async ({ connect, assembly }) => {
    const host = assembly.hosts.get("example.com")!;
    const romeo = await connect("romeo@example.com/orchard");
    const nurse = await connect("nurse@example.com/room");
    const juliet = await connect("juliet@example.com/balcony");
    await befriend(romeo, juliet);
    await befriend(nurse, juliet);
    host.hooks.on(
      disclosing,
      "check",
      async ({ to }): Promise<Outcome> => (to.local === "nurse" ? handled : undefined),
    );
    host.hooks.on(disclosing, "check", ({ to }): Outcome => (to.local === "romeo" ? handled : undefined));
    await juliet.sends("<presence><show>away</show></presence>");
    await juliet.settles();
    await romeo.receivesNothing();
    await nurse.receivesNothing();
    const garden = await connect("romeo@example.com/garden");
    await garden.receives("<presence from='romeo@example.com/orchard'/>");
    await garden.receivesNothing();
  },
);
