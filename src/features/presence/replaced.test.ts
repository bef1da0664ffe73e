import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "#test/harness/client.ts";
import { Installation } from "#test/restart/installation.ts";

/** A client that does not go on with its session, but takes its resource anew: profanity after a restart of the server. */

const room = "test@conference.example.com";
const enter = (nick: string) => `<presence to='${room}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;

/** What a client gets until it has entered, as far as it is about itself. */
async function entering(client: Client, nick: string): Promise<string[]> {
  const own: string[] = [];
  for (;;) {
    const stanza = await client.next();
    if (stanza.attrs.from === `${room}/${nick}`) own.push(stanza.attrs.type ?? "available");
    if (stanza.elements.some((element) => element.name === "subject")) return own;
  }
}

test("the end of the session before is told before the next one begins", { timeout: 30_000 }, async () => {
  const server = await Installation.open();
  try {
    const { client } = await server.connectManaged("romeo@example.com/orchard");
    await client.sends(enter("Romeo"));
    assert.deepEqual(await entering(client, "Romeo"), ["available"]);
    await server.restart();
    const again = await server.connect("romeo@example.com/orchard", "");
    await again.sends(enter("Romeo"));
    assert.deepEqual(await entering(again, "Romeo"), ["available"]);
    await again.exchange(
      `<message to='${room}' type='groupchat' id='m1'><body>Here</body></message>`,
      `<message from='${room}/Romeo' type='groupchat' id='m1'><body>Here</body></message>`,
    );
  } finally {
    await server.close();
  }
});
