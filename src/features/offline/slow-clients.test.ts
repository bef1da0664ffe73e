import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { memoryPair } from "#stream/memory.ts";
import type { Transport } from "#stream/transport.ts";
import type { Client } from "#test/harness/client.ts";
import { logIn, type Stage, scenario } from "#test/harness/scenario.ts";
import { Wire } from "#test/harness/wire.ts";

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };
const juliet = "juliet@example.com";
/** What a client may leave unread before it is cut off; a page of messages alone is more. */
const unsentBytes = 100_000;
const messages = 250;
const text = "x".repeat(2_000);

async function write(stage: Stage): Promise<void> {
  await stage.account(juliet);
  const romeo = await stage.connect("romeo@example.com/orchard");
  for (let number = 0; number < messages; number++) {
    await romeo.sends(`<message to='${juliet}' type='chat' id='${number}'><body>${text}</body></message>`);
  }
  await romeo.settles();
}

/** A client whose end of the connection is in the hands of the test. */
async function connected({ assembly }: Stage, resource: string): Promise<{ client: Client; transport: Transport }> {
  const [transport, far] = memoryPair({ secure: true, unsentBytes });
  assembly.accept("c2s", far);
  const client = await logIn(new Wire(transport), Jid.parse(`${juliet}/${resource}`), "example.com");
  return { client, transport };
}

async function rows({ assembly }: Stage): Promise<number> {
  const { db } = assembly.hosts.get("example.com")!;
  return (await db.one<{ count: number }>(sql`select count(*) as count from offline_message`))!.count;
}

/** Takes the messages, in order, whatever else comes. */
async function takesAll(client: Client): Promise<void> {
  for (let number = 0; number < messages; ) {
    const stanza = await client.next();
    if (stanza.name !== "message") continue;
    assert.equal(stanza.attrs.id, `${number}`);
    number++;
  }
}

scenario(
  "a client that reads slowly gets all of a mailbox that is larger than what may wait for it",
  ours,
  async (stage) => {
    await write(stage);
    const { client, transport } = await connected(stage, "slow");
    let reading = true;
    const slowly = async () => {
      for (let turns = 0; reading; turns++) {
        if (turns % 20 === 0) transport.resume();
        else transport.pause();
        await turn();
      }
    };
    const pace = slowly();
    await client.sends("<presence/>");
    await takesAll(client);
    reading = false;
    await pace;
    transport.resume();
    await client.receivesNothing();
    while ((await rows(stage)) > 0) await turn();
    transport.destroy();
  },
);

scenario("a client that dies before it has read leaves all to the next one", ours, async (stage) => {
  await write(stage);
  const { client, transport } = await connected(stage, "dying");
  transport.pause();
  await client.sends("<presence/>");
  const { sessions } = stage.assembly.hosts.get("example.com")!;
  const session = sessions.of(Jid.parse(juliet))[0] as unknown as { connection: { unsent: number } };
  while (session.connection.unsent < 2_000) await turn();
  assert.equal(await rows(stage), messages);
  transport.destroy();
  while (sessions.of(Jid.parse(juliet)).length > 0) await turn();
  assert.equal(await rows(stage), messages);
  const next = await stage.connect(`${juliet}/next`);
  await takesAll(next);
  await next.receivesNothing();
  while ((await rows(stage)) > 0) await turn();
});
