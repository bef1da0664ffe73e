import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { scenario } from "#test/harness/scenario.ts";
import { acknowledged, befriend, follow, nothingPassed, push, subscribe } from "./people.fixture.ts";

const romeoAt = ["example.com", "example.net"] as const;

for (const domain of romeoAt) {
  const romeoJid = `romeo@${domain}`;

  scenario(`subscriptions: somebody at ${domain} asks, and is allowed`, async ({ connect }) => {
    const romeo = await connect(`${romeoJid}/orchard`);
    const juliet = await connect("juliet@example.com/balcony", { presence: "<presence><show>dnd</show></presence>" });
    await follow(romeo);
    await follow(juliet);
    await romeo.sends(
      "<presence type='subscribe' id='s1' to='juliet@example.com/balcony'><status>It is me</status></presence>",
    );
    await romeo.receives(push("jid='juliet@example.com' subscription='none' ask='subscribe'"));
    await juliet.receives(
      `<presence type='subscribe' id='s1' from='${romeoJid}' to='juliet@example.com'><status>It is me</status></presence>`,
    );
    await juliet.receivesNothing();
    await acknowledged(romeo, "juliet@example.com");
    await juliet.sends(`<presence type='subscribed' to='${romeoJid}/orchard'/>`);
    await juliet.receives(push(`jid='${romeoJid}' subscription='from'`));
    await romeo.receives(`<presence type='subscribed' from='juliet@example.com' to='${romeoJid}'/>`);
    const told = await romeo.receives(push("jid='juliet@example.com' subscription='to'"));
    assert.equal(told.elements[0]!.elements[0]!.attrs.ask, undefined);
    await romeo.receives("<presence from='juliet@example.com/balcony'><show>dnd</show></presence>");
    await romeo.receivesNothing();
    await juliet.receivesNothing();
  });

  scenario(`subscriptions: somebody at ${domain} asks, and is refused`, async ({ connect }) => {
    const romeo = await connect(`${romeoJid}/orchard`);
    const juliet = await connect("juliet@example.com/balcony");
    await follow(romeo);
    await follow(juliet);
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
    await romeo.receives(push("jid='juliet@example.com' subscription='none' ask='subscribe'"));
    await juliet.receives(`<presence type='subscribe' from='${romeoJid}'/>`);
    await acknowledged(romeo, "juliet@example.com");
    await juliet.sends(`<presence type='unsubscribed' to='${romeoJid}'/>`);
    await romeo.receives(`<presence type='unsubscribed' from='juliet@example.com'/>`);
    const told = await romeo.receives(push("jid='juliet@example.com' subscription='none'"));
    assert.equal(told.elements[0]!.elements[0]!.attrs.ask, undefined);
    await romeo.receivesNothing();
    await juliet.receivesNothing();
  });

  scenario(`subscriptions: somebody at ${domain} may not watch any longer`, async ({ connect }) => {
    const romeo = await connect(`${romeoJid}/orchard`);
    const juliet = await connect("juliet@example.com/balcony");
    await befriend(romeo, juliet);
    await follow(romeo);
    await follow(juliet);
    await juliet.sends(`<presence type='unsubscribed' to='${romeoJid}'/>`);
    await juliet.receives(push(`jid='${romeoJid}' subscription='to'`));
    await romeo.receivesInAnyOrder(
      "<presence type='unsubscribed' from='juliet@example.com'/>",
      push("jid='juliet@example.com' subscription='from'"),
      "<presence type='unavailable' from='juliet@example.com/balcony'/>",
    );
    await juliet.exchange("<presence><show>away</show></presence>", `<presence from='${juliet}'/>`);
    await romeo.receivesNothing();
    await romeo.sends("<presence><show>away</show></presence>");
    await juliet.receives(`<presence from='${romeo}'><show>away</show></presence>`);
  });

  scenario(
    `subscriptions: somebody at ${domain} does not want to watch any longer`,
    { skipOn: ["prosody"], why: "it does not hide the contact" },
    async ({ connect }) => {
      const romeo = await connect(`${romeoJid}/orchard`);
      const juliet = await connect("juliet@example.com/balcony");
      await befriend(romeo, juliet);
      await follow(romeo);
      await follow(juliet);
      await romeo.sends("<presence type='unsubscribe' to='juliet@example.com'/>");
      await juliet.receivesInAnyOrder(
        `<presence type='unsubscribe' from='${romeoJid}' to='juliet@example.com'/>`,
        push(`jid='${romeoJid}' subscription='to'`),
      );
      await romeo.receivesInAnyOrder(
        push("jid='juliet@example.com' subscription='from'"),
        "<presence type='unavailable' from='juliet@example.com/balcony'/>",
      );
      await romeo.receivesNothing();
      await juliet.receivesNothing();
    },
  );

  scenario(
    `subscriptions: who removes a contact at ${domain} is out of sight, and sees nothing more`,
    { skipOn: ["prosody"], why: "it does not hide the contact" },
    async ({ connect }) => {
      const romeo = await connect(`${romeoJid}/orchard`);
      const juliet = await connect("juliet@example.com/balcony");
      await befriend(romeo, juliet);
      await follow(romeo);
      await follow(juliet);
      await juliet.sends(
        `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${romeoJid}' subscription='remove'/></query></iq>`,
      );
      await juliet.receivesInAnyOrder(
        "<iq type='result' id='r'/>",
        push(`jid='${romeoJid}' subscription='remove'`),
        `<presence type='unavailable' from='${romeo}'/>`,
      );
      const seen = [];
      for (let count = 0; count < 5; count++) seen.push(await romeo.next());
      const presences = seen
        .filter((stanza) => stanza.name === "presence")
        .map((stanza) => `${stanza.attrs.type} ${stanza.attrs.from}`);
      assert.deepEqual(presences.sort(), [
        "unavailable juliet@example.com/balcony",
        "unsubscribe juliet@example.com",
        "unsubscribed juliet@example.com",
      ]);
      const last = seen.findLast((stanza) => stanza.name === "iq")!;
      assert.equal(last.elements[0]!.elements[0]!.attrs.subscription, "none");
      await romeo.receivesNothing();
      await juliet.receivesNothing();
    },
  );
}

scenario(
  "subscriptions: a contact who is not there finds the request at the next login, until it is answered",
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    const request =
      "<presence type='subscribe' from='romeo@example.com' to='juliet@example.com'><status>Please</status></presence>";
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'><status>Please</status></presence>");
    await romeo.settles();
    const first = await connect("juliet@example.com/balcony", { presence: false });
    await first.receivesNothing();
    await first.becomesAvailable();
    await first.receives(request);
    await first.sends("<presence><show>away</show></presence>");
    await first.receives("<presence from='juliet@example.com/balcony'/>");
    await first.receivesNothing();
    const second = await connect("juliet@example.com/chamber");
    await second.receives("<presence from='juliet@example.com/balcony'/>");
    await second.receives(request);
    await acknowledged(romeo, "juliet@example.com");
    await second.sends("<presence type='subscribed' to='romeo@example.com'/>");
    await romeo.receivesInAnyOrder(
      "<presence from='juliet@example.com/balcony'/>",
      "<presence from='juliet@example.com/chamber'/>",
    );
    const third = await connect("juliet@example.com/garden");
    await third.receivesInAnyOrder(
      "<presence from='juliet@example.com/balcony'/>",
      "<presence from='juliet@example.com/chamber'/>",
    );
    await third.receivesNothing();
  },
);

scenario("subscriptions: a request taken back is not shown any more", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await romeo.sends("<presence type='unsubscribe' to='juliet@example.com'/>");
  await romeo.settles();
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.receivesNothing();
});

scenario("subscriptions: who asks twice is shown once", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await juliet.receives("<presence type='subscribe' from='romeo@example.com'/>");
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await nothingPassed(romeo, juliet);
});

scenario("subscriptions: a request is shown by all clients that are available", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const balcony = await connect("juliet@example.com/balcony", { presence: false });
  const chamber = await connect("juliet@example.com/chamber");
  const garden = await connect("juliet@example.com/garden", {
    presence: "<presence><priority>-5</priority></presence>",
  });
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await chamber.receives("<presence from='juliet@example.com/garden'/>");
  await chamber.receives("<presence type='subscribe' from='romeo@example.com'/>");
  await garden.receives("<presence from='juliet@example.com/chamber'/>");
  await garden.receives("<presence type='subscribe' from='romeo@example.com'/>");
  await balcony.receivesNothing();
});

scenario("subscriptions: an answer to nobody's question does nothing", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await follow(romeo);
  await follow(juliet);
  for (const type of ["unsubscribed", "unsubscribe"])
    await juliet.sends(`<presence type='${type}' to='romeo@example.com'/>`);
  await juliet.receivesNothing();
  await romeo.receivesNothing();
});

scenario(
  "subscriptions: nobody becomes a contact by claiming to be allowed",
  { skipOn: ["prosody"], why: "it does not push a pre-approval at once" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await follow(romeo);
    await follow(juliet);
    await juliet.sends("<presence type='subscribed' to='romeo@example.com'/>");
    await juliet.receives(push("jid='romeo@example.com' subscription='none' approved='true'"));
    await nothingPassed(juliet, romeo);
  },
);

scenario(
  "subscriptions: who was allowed in advance gets the answer at once",
  { skipOn: ["prosody"], why: "what it pushes of it differs" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.net/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await follow(romeo);
    await follow(juliet);
    await juliet.sends("<presence type='subscribed' to='romeo@example.net'/>");
    await juliet.receives(push("jid='romeo@example.net' subscription='none' approved='true'"));
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
    const told = await juliet.receives(push("jid='romeo@example.net' subscription='from'"));
    assert.equal(told.elements[0]!.elements[0]!.attrs.approved, undefined);
    await juliet.receivesNothing();
    await romeo.receives(push("jid='juliet@example.com' subscription='none' ask='subscribe'"));
    await romeo.receives("<presence type='subscribed' from='juliet@example.com'/>");
    await romeo.receives(push("jid='juliet@example.com' subscription='to'"));
    await romeo.receives("<presence from='juliet@example.com/balcony'/>");
  },
);

scenario(
  "subscriptions: an approval given in advance can be taken back",
  { skipOn: ["prosody"], why: "it keeps it" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.net/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.sends("<presence type='subscribed' to='romeo@example.net'/>");
    await juliet.sends("<presence type='unsubscribed' to='romeo@example.net'/>");
    await juliet.settles();
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
    await juliet.receives("<presence type='subscribe' from='romeo@example.net'/>");
  },
);

scenario(
  "subscriptions: who has forgotten to be subscribed is reminded, and nobody is asked again",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "the database is changed by hand" },
  async ({ connect, assembly }) => {
    const before = await connect("romeo@example.net/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(before, juliet);
    await before.disconnect();
    await assembly.hosts.get("example.net")!.db.run(sql`delete from roster_item where account = 'romeo@example.net'`);
    const romeo = await connect("romeo@example.net/orchard");
    await follow(romeo);
    await romeo.receivesNothing();
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
    await romeo.receives(push("jid='juliet@example.com' subscription='none' ask='subscribe'"));
    await romeo.receives("<presence type='subscribed' from='juliet@example.com' to='romeo@example.net'/>");
    await romeo.receives(push("jid='juliet@example.com' subscription='to'"));
    await romeo.receives("<presence from='juliet@example.com/balcony'/>");
    await juliet.receivesNothing();
  },
);

scenario(
  "subscriptions: nobody can ask to see their own presence",
  { skipOn: ["prosody"], why: "it is silent" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await follow(juliet);
    await juliet.exchange(
      "<presence type='subscribe' id='p' to='juliet@example.com'/>",
      "<presence type='error' id='p'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
    for (const type of ["subscribed", "unsubscribe", "unsubscribed"])
      await juliet.sends(`<presence type='${type}' to='${juliet}'/>`);
    await juliet.receivesNothing();
  },
);

for (const domain of romeoAt) {
  scenario(
    `subscriptions: an address at ${domain} that nobody has does not keep one waiting`,
    { skipOn: ["prosody"], why: "it does not tell" },
    async ({ connect }) => {
      const juliet = await connect("juliet@example.com/balcony");
      await follow(juliet);
      await juliet.sends(`<presence type='subscribe' to='nobody@${domain}'/>`);
      await juliet.receives(push(`jid='nobody@${domain}' subscription='none' ask='subscribe'`));
      await juliet.receives(`<presence type='unsubscribed' from='nobody@${domain}'/>`);
      const told = await juliet.receives(push(`jid='nobody@${domain}' subscription='none'`));
      assert.equal(told.elements[0]!.elements[0]!.attrs.ask, undefined);
    },
  );
}

scenario(
  "subscriptions: outsiders get the same silence from accounts that exist and from those that do not",
  { skipOn: ["prosody"], why: "the stanzas are put in by hand" },
  async ({ connect, assembly, account }) => {
    await account("juliet@example.com");
    const { router } = assembly.server;
    const said: string[] = [];
    router.remote = ({ stanza }) => void said.push(stanza.element.toString());
    const { Stanza, presence } = await import("#stanza/stanza.ts");
    for (const type of ["subscribe", "subscribed", "unsubscribe", "unsubscribed"]) {
      for (const to of ["juliet@example.com", "nobody@example.com"]) {
        const tybalt = Jid.parse("tybalt@elsewhere.example");
        await router.route({ stanza: Stanza.of("presence", presence({ type }), tybalt, Jid.parse(to)) });
      }
    }
    assert.deepEqual(said, []);
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.receivesNothing();
    const { length } = await assembly.hosts.get("example.com")!.db.all(sql`select account from roster_request`);
    assert.equal(length, 0, "the request was taken back by the unsubscribe");
  },
);

scenario(
  "subscriptions: who asks somebody at a server that cannot be reached learns why nothing comes",
  { skipOn: ["prosody"], why: "it is configured without federation" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.exchange(
      "<presence type='subscribe' id='p' to='romeo@unknown.example'/>",
      "<presence type='error' id='p' from='romeo@unknown.example' to='juliet@example.com'><error><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
  },
);

scenario(
  "subscriptions: only so many requests wait for one person",
  { settings: { roster: { requests: 2 } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect, account }) => {
    await account("juliet@example.com");
    for (const name of ["a", "b", "c"]) {
      const client = await connect(`${name}@example.com/x`);
      await client.sends("<presence type='subscribe' to='juliet@example.com'/>");
      await client.settles();
    }
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.receivesInAnyOrder(
      "<presence type='subscribe' from='a@example.com'/>",
      "<presence type='subscribe' from='b@example.com'/>",
    );
    await juliet.receivesNothing();
  },
);

scenario(
  "subscriptions: of a very large request only the question is kept",
  { settings: { presence: { "request-size": "1 KiB" } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.sends(
      `<presence type='subscribe' to='juliet@example.com'><status>${"x".repeat(2000)}</status></presence>`,
    );
    await romeo.settles();
    const juliet = await connect("juliet@example.com/balcony");
    const request = await juliet.receives("<presence type='subscribe' from='romeo@example.com'/>");
    assert.equal(request.elements.length, 0);
  },
);

scenario(
  "subscriptions: when an account is deleted, its contacts see that it is gone",
  { skipOn: ["prosody"], why: "accounts are deleted by hand" },
  async ({ connect, assembly }) => {
    const romeo = await connect("romeo@example.net/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    const paris = await connect("paris@example.com/church");
    await befriend(romeo, juliet);
    await paris.sends("<presence type='subscribe' to='juliet@example.com'/>");
    await juliet.receives("<presence type='subscribe' from='paris@example.com'/>");
    await juliet.disconnect();
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await follow(romeo);
    await follow(paris);
    const host = assembly.hosts.get("example.com")!;
    await host.fire(removing, { account: Jid.parse("juliet@example.com") });
    await romeo.receivesInAnyOrder(
      "<presence type='unsubscribe' from='juliet@example.com'/>",
      push("jid='juliet@example.com'"),
      "<presence type='unsubscribed' from='juliet@example.com'/>",
      push("jid='juliet@example.com' subscription='none'"),
    );
    await paris.receives("<presence type='unsubscribed' from='juliet@example.com'/>");
    for (const table of [sql`roster_item`, sql`roster_request`, sql`roster_version`]) {
      assert.deepEqual(await host.db.all(sql`select * from ${table} where account = 'juliet@example.com'`), []);
    }
  },
);

scenario("subscriptions: requests and answers in a row are handled in their order", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.sends("<presence type='subscribe' to='romeo@example.com'/>");
  await romeo.receives("<presence type='subscribe' from='juliet@example.com'/>");
  await acknowledged(juliet, "romeo@example.com");
  await follow(juliet);
  await romeo.sends("<presence type='subscribed' to='juliet@example.com'/><presence><show>xa</show></presence>");
  await juliet.receives("<presence type='subscribed' from='romeo@example.com'/>");
  await juliet.receives(push("jid='romeo@example.com' subscription='to'"));
  await juliet.receives("<presence from='romeo@example.com/orchard'/>");
  await juliet.receives("<presence from='romeo@example.com/orchard'><show>xa</show></presence>");
});

scenario(
  "subscriptions: the server itself cannot be watched, and says so",
  { skipOn: ["prosody"], why: "it is silent" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    await follow(juliet);
    for (const domain of romeoAt) {
      await juliet.sends(`<presence type='subscribe' to='${domain}'/>`);
      await juliet.receives(push(`jid='${domain}' subscription='none' ask='subscribe'`));
      await juliet.receives(`<presence type='unsubscribed' from='${domain}'/>`);
      await juliet.receives(push(`jid='${domain}' subscription='none'`));
    }
  },
);

scenario(
  "subscriptions: a request to another server is repeated at the next login, without troubling the user",
  { skipOn: ["prosody"], why: "the other server is played by hand" },
  async ({ connect, assembly }) => {
    const { router } = assembly.server;
    const unreachable = router.remote;
    const said: string[] = [];
    router.remote = ({ stanza }) => void said.push(`${stanza.type} ${stanza.from} ${stanza.to}`);
    const first = await connect("juliet@example.com/balcony");
    await first.sends("<presence type='subscribe' to='romeo@elsewhere.example'/>");
    await first.settles();
    await first.disconnect();
    const second = await connect("juliet@example.com/balcony");
    const request = "subscribe juliet@example.com romeo@elsewhere.example";
    assert.deepEqual(said, [request, request]);
    const chamber = await connect("juliet@example.com/chamber");
    assert.deepEqual(said, [request, request], "the first client has done it");
    await second.receives("<presence from='juliet@example.com/chamber'/>");
    await second.disconnect();
    await chamber.disconnect();
    router.remote = (packet) => {
      said.push("failed");
      return unreachable(packet);
    };
    const third = await connect("juliet@example.com/garden");
    await third.receivesNothing();
    assert.equal(said.at(-1), "failed");
  },
);
