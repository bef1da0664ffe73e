import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";

const ours = { skipOn: ["prosody"], why: "the XEP leaves a choice here" };

scenario(
  "messages written to somebody who is away are there at the next login, in order and stamped",
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (let number = 0; number < 250; number++) {
      await romeo.sends(`<message to='juliet@example.com' type='chat' id='${number}'><body>${number}</body></message>`);
    }
    await romeo.settles();
    const juliet = await connect("juliet@example.com/balcony");
    for (let number = 0; number < 250; number++) {
      const message = await juliet.receives(
        `<message from='${romeo}' id='${number}'><body>${number}</body><delay xmlns='urn:xmpp:delay' from='example.com' stamp='…'/></message>`,
      );
      const stamp = message.elements.find((child) => child.name === "delay")!.attrs.stamp!;
      assert.match(stamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
    }
    await juliet.receivesNothing();
  },
);

scenario("they come once: the login after finds nothing", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends("<message to='juliet@example.com' type='chat' id='1'><body>Hi</body></message>");
  await romeo.settles();
  const balcony = await connect("juliet@example.com/balcony");
  await balcony.receives("<message id='1'/>");
  await balcony.disconnect();
  const again = await connect("juliet@example.com/balcony");
  await again.receivesNothing();
});

scenario("a client with a negative priority does not take them", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends("<message to='juliet@example.com' type='chat' id='1'><body>Hi</body></message>");
  await romeo.settles();
  const hidden = await connect("juliet@example.com/hidden", {
    presence: "<presence><priority>-1</priority></presence>",
  });
  await hidden.receivesNothing();
  const balcony = await connect("juliet@example.com/balcony");
  await balcony.receives("<message id='1'/>");
});

scenario("a priority that becomes positive takes them", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends("<message to='juliet@example.com' type='chat' id='1'><body>Hi</body></message>");
  await romeo.settles();
  const juliet = await connect("juliet@example.com/balcony", {
    presence: "<presence><priority>-1</priority></presence>",
  });
  await juliet.receivesNothing();
  await juliet.sends("<presence><priority>5</priority></presence>");
  await juliet.receives("<message id='1'/>");
});

const fleeting: readonly [name: string, message: string][] = [
  [
    "a typing notice alone",
    "<message to='juliet@example.com' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  ],
  [
    "what its sender wants kept nowhere",
    "<message to='juliet@example.com' type='chat'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>",
  ],
  ["a headline", "<message to='juliet@example.com' type='headline'><body>x</body></message>"],
];
for (const [name, message] of fleeting) {
  scenario(`not kept: ${name}`, ours, async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.sends(message);
    await romeo.receivesNothing();
    const juliet = await connect("juliet@example.com/balcony");
    await juliet.receivesNothing();
  });
}

scenario(
  "when no more can be kept, the sender is told",
  { ...ours, settings: { offline: { messages: 3 }, mam: { keep: "0 days" } } },
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (let number = 0; number < 3; number++) {
      await romeo.sends(`<message to='juliet@example.com' type='chat' id='${number}'><body>x</body></message>`);
    }
    await romeo.receivesNothing();
    await romeo.exchange(
      "<message to='juliet@example.com' type='chat' id='one too many'><body>x</body></message>",
      "<message type='error' id='one too many'><error type='wait'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
  },
);

scenario("what was kept keeps its content to the letter", async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends(
    "<message to='juliet@example.com' type='chat' id='1' xml:lang='fr'><body>&lt;où&gt; &amp; 👋</body><x:html xmlns:x='http://jabber.org/protocol/xhtml-im'><b xmlns='urn:b'>1</b></x:html></message>",
  );
  await romeo.settles();
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.receives(
    "<message id='1' xml:lang='fr'><body>&lt;où&gt; &amp; 👋</body><html xmlns='http://jabber.org/protocol/xhtml-im'><b xmlns='urn:b'>1</b></html></message>",
  );
});

scenario(
  "a client with stream management gets the next messages when it has acknowledged the last",
  ours,
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (let number = 0; number < 120; number++)
      await romeo.sends(`<message to='juliet@example.com' type='chat' id='${number}'><body>${number}</body></message>`);
    await romeo.settles();
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", "<enabled xmlns='urn:xmpp:sm:3'/>");
    await juliet.sends("<presence/><iq type='get' id='first' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
    let handled = 0;
    const got: string[] = [];
    for (let answer = ""; answer !== "first"; ) {
      const stanza = await juliet.next();
      if (stanza.name === "r") continue;
      handled++;
      if (stanza.name === "message") got.push(stanza.attrs.id!);
      if (stanza.name === "iq") answer = stanza.attrs.id!;
    }
    assert.deepEqual([got.length, got.at(-1)], [50, "49"]);
    await juliet.sends(`<a xmlns='urn:xmpp:sm:3' h='${handled}'/>`);
    while (got.length < 120) {
      const stanza = await juliet.next();
      if (stanza.name === "r") await juliet.sends(`<a xmlns='urn:xmpp:sm:3' h='${handled}'/>`);
      else handled++;
      if (stanza.name === "message") got.push(stanza.attrs.id!);
    }
    assert.deepEqual(
      got,
      Array.from({ length: 120 }, (_, number) => `${number}`),
    );
  },
);

scenario(
  "another client takes over from one that is away in the middle; nothing comes twice",
  ours,
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (let number = 0; number < 120; number++)
      await romeo.sends(`<message to='juliet@example.com' type='chat' id='${number}'><body>${number}</body></message>`);
    await romeo.settles();
    const lost = await connect("juliet@example.com/lost", { presence: false });
    await lost.exchange("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", "<enabled xmlns='urn:xmpp:sm:3'/>");
    await lost.sends("<presence/>");
    while ((await lost.next()).attrs.id !== "49");
    await lost.drop();
    const balcony = await connect("juliet@example.com/balcony");
    for (let number = 50; number < 120; ) {
      const stanza = await balcony.next();
      if (stanza.name !== "message") continue;
      assert.equal(stanza.attrs.id, `${number}`);
      number++;
    }
    await balcony.receivesNothing();
  },
);
