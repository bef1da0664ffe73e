import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { scenario } from "#test/harness/scenario.ts";
import { acknowledged, befriend, follow, nothingPassed, offline, push, removes, subscribe } from "./people.fixture.ts";

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
    await offline(assembly.hosts.get("example.net")!, before);
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
    const left = sql`select subscription from roster_item where account = 'romeo@example.net'`;
    assert.deepEqual(
      (await host.db.all<{ subscription: string }>(left)).map(({ subscription }) => subscription),
      ["none"],
      "on disk by now",
    );
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

scenario("subscriptions: a contact who was not watching learns nothing of being removed", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await follow(juliet);
  await juliet.sends(
    "<iq type='set' id='add'><query xmlns='jabber:iq:roster'><item jid='romeo@example.com'/></query></iq>",
  );
  await juliet.receivesInAnyOrder("<iq type='result' id='add'/>", push("jid='romeo@example.com'"));
  await removes(juliet, "romeo@example.com");
  await nothingPassed(juliet, romeo);
});

scenario(
  "subscriptions: an approval that is given twice changes nothing",
  { skipOn: ["prosody"], why: "it pushes" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await subscribe(romeo, juliet);
    await follow(juliet);
    await juliet.sends("<presence type='subscribed' to='romeo@example.com'/>");
    await juliet.receivesNothing();
    await nothingPassed(juliet, romeo);
  },
);

scenario(
  "subscriptions: who may not watch any longer does not learn of clients that never showed themselves",
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await connect("juliet@example.com/silent", { presence: false });
    await subscribe(romeo, juliet);
    await juliet.sends("<presence type='unsubscribed' to='romeo@example.com'/>");
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await nothingPassed(juliet, romeo);
  },
);
