import assert from "node:assert/strict";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { scenario } from "#test/harness/scenario.ts";
import { acknowledged, follow, nothingPassed, push, removes } from "./people.fixture.ts";

const romeoAt = ["example.com", "example.net"] as const;

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

scenario("subscriptions: a request goes with the contact it was sent to", async ({ connect, account }) => {
  await account("romeo@example.com");
  const juliet = await connect("juliet@example.com/balcony");
  await follow(juliet);
  await juliet.sends("<presence type='subscribe' to='romeo@example.com'/>");
  await juliet.receives(push("jid='romeo@example.com' subscription='none' ask='subscribe'"));
  await acknowledged(juliet, "romeo@example.com");
  await juliet.settles();
  await removes(juliet, "romeo@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.receivesNothing();
});
