import assert from "node:assert/strict";
import { available, priority } from "#core/session.ts";
import { scenario } from "#test/harness/scenario.ts";
import { befriend, refused, subscribe } from "./people.fixture.ts";

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
