import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";

const carbons = "urn:xmpp:carbons:2";
const enable = async (client: Client) => {
  await client.exchange(
    `<iq type='set' id='carbons'><enable xmlns='${carbons}'/></iq>`,
    "<iq type='result' id='carbons'/>",
  );
};
const copyOf = (way: "sent" | "received", message: string, of = "romeo@example.com") =>
  `<message from='${of}'><${way} xmlns='${carbons}'><forwarded xmlns='urn:xmpp:forward:0'>${message}</forwarded></${way}></message>`;

scenario("carbons: the other client gets a copy of what was sent", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(home);
  await orchard.sends(`<message to='${juliet}' type='chat'><body>Hi</body></message>`);
  await juliet.receives(`<message from='${orchard}' type='chat'><body>Hi</body></message>`);
  const copy = await home.receives(
    copyOf(
      "sent",
      `<message xmlns='jabber:client' from='${orchard}' to='${juliet}' type='chat'><body>Hi</body></message>`,
    ),
  );
  assert.equal(copy.attrs.type, "chat");
  assert.equal(copy.attrs.to, home.toString());
  await orchard.receivesNothing();
  await home.receivesNothing();
});

scenario("carbons: the other client gets a copy of what came to a full address", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(home);
  await enable(orchard);
  await juliet.sends(`<message to='${orchard}' type='chat'><body>Hi</body></message>`);
  await orchard.receives(`<message from='${juliet}'><body>Hi</body></message>`);
  await home.receives(
    copyOf("received", `<message xmlns='jabber:client' from='${juliet}' to='${orchard}'><body>Hi</body></message>`),
  );
  await orchard.receivesNothing();
  await home.receivesNothing();
});

scenario("carbons: a client that gets the message itself gets no copy", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(home);
  await enable(orchard);
  await juliet.sends("<message to='romeo@example.com' type='chat' id='1'><body>Hi</body></message>");
  await orchard.receives("<message id='1'><body>Hi</body></message>");
  await home.receives("<message id='1'><body>Hi</body></message>");
  await home.receivesNothing();
  await orchard.receivesNothing();
});

scenario("carbons: a client with a negative priority sees the conversation all the same", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home", { presence: "<presence><priority>-1</priority></presence>" });
  const juliet = await connect("juliet@example.com/balcony");
  await enable(home);
  await juliet.sends("<message to='romeo@example.com' type='chat'><body>Hi</body></message>");
  await orchard.receives("<message><body>Hi</body></message>");
  await home.receives(copyOf("received", "<message xmlns='jabber:client'><body>Hi</body></message>"));
});

scenario("carbons: none after they are disabled, and none unless asked for", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  await orchard.sends(`<message to='${juliet}' type='chat'><body>1</body></message>`);
  await juliet.receives("<message><body>1</body></message>");
  await home.receivesNothing();
  await enable(home);
  await home.exchange(`<iq type='set' id='2'><disable xmlns='${carbons}'/></iq>`, "<iq type='result' id='2'/>");
  await orchard.sends(`<message to='${juliet}' type='chat'><body>2</body></message>`);
  await juliet.receives("<message><body>2</body></message>");
  await home.receivesNothing();
});

scenario("carbons: no copies of what is private, and the mark does not travel", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber");
  await enable(home);
  await enable(chamber);
  await orchard.sends(
    `<message to='${juliet}' type='chat'><body>Hi</body><private xmlns='${carbons}'/><no-copy xmlns='urn:xmpp:hints'/></message>`,
  );
  await juliet.receives("<message><body>Hi</body></message>");
  await home.receivesNothing();
  await chamber.receivesNothing();
});

const never: readonly [name: string, message: string][] = [
  ["headlines", "<message to='JULIET' type='headline'><body>News</body></message>"],
  ["messages without a conversation", "<message to='JULIET'><x xmlns='urn:other'/></message>"],
  [
    "copies of copies",
    `<message to='JULIET' type='chat'><sent xmlns='${carbons}'><forwarded xmlns='urn:xmpp:forward:0'/></sent></message>`,
  ],
];
for (const [name, message] of never) {
  scenario(
    `carbons: none of ${name}`,
    { skipOn: ["prosody"], why: "version 0.12 has other rules" },
    async ({ connect }) => {
      const orchard = await connect("romeo@example.com/orchard");
      const home = await connect("romeo@example.com/home");
      const juliet = await connect("juliet@example.com/balcony");
      await enable(home);
      await orchard.sends(message.replace("JULIET", juliet.toString()));
      await juliet.receives("<message/>");
      await home.receivesNothing();
    },
  );
}

scenario("carbons: receipts and typing notices are part of the conversation", async ({ connect }) => {
  const orchard = await connect("romeo@example.com/orchard");
  const home = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(home);
  await orchard.sends(
    `<message to='${juliet}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  await home.receives(
    copyOf(
      "sent",
      "<message xmlns='jabber:client'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    ),
  );
});
