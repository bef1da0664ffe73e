import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { refused, subscribe } from "./people.fixture.ts";

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
  "presence: a stranger who is blocked sees one go, and hears nothing more",
  { skipOn: ["prosody"], why: "it goes on" },
  async ({ connect }) => {
    const tybalt = await connect("tybalt@example.com/street");
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.sends("<presence to='tybalt@example.com'/>");
    await tybalt.receives(`<presence from='${juliet}'/>`);
    await juliet.exchange(
      "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@example.com'/></block></iq>",
      "<iq type='result' id='b'/>",
    );
    await tybalt.receives(`<presence type='unavailable' from='${juliet}'/>`);
    await juliet.disconnect();
    await tybalt.receivesNothing();
  },
);

scenario(
  "presence: a contact who is shown a client that hides from the others is told of its end",
  { skipOn: ["prosody"], why: "it does not tell" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const balcony = await connect("juliet@example.com/balcony");
    await subscribe(romeo, balcony);
    const hidden = await connect("juliet@example.com/hidden", { presence: false });
    await hidden.sends("<presence to='romeo@example.com'/>");
    await romeo.receives("<presence from='juliet@example.com/hidden'/>");
    await hidden.drop();
    await romeo.receives("<presence type='unavailable' from='juliet@example.com/hidden'/>");
  },
);

scenario("presence: one's own clients are told of an end once", async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber");
  await balcony.receives("<presence from='juliet@example.com/chamber'/>");
  await chamber.sends("<presence to='juliet@example.com' id='d'/>");
  await balcony.receives("<presence from='juliet@example.com/chamber' id='d'/>");
  await chamber.drop();
  await balcony.receives("<presence type='unavailable' from='juliet@example.com/chamber'/>");
  await balcony.sends("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  assert.equal((await balcony.next()).name, "iq");
});
