import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { message } from "#stanza/stanza.ts";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";
import { hold, learn } from "./store.ts";

const two = { domains: ["two.example"] };
const servers = (choice: string) => [{ domains: ["one.example"], settings: { strangers: { default: choice } } }, two];
const says = (to: string, id: string) => `<message type='chat' to='${to}' id='${id}'><body>Hi</body></message>`;
const commands = "http://jabber.org/protocol/commands";

scenario("strangers: by default everybody may write", { servers: servers("accept") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.sends(says("romeo@one.example", "1"));
  await romeo.receives("<message id='1'/>");
});

scenario(
  "strangers: refused with the reason; colleagues and answers pass",
  { servers: servers("refuse") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const paris = await connect("paris@one.example/tomb");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.exchange(
      says("romeo@one.example", "1"),
      "<message type='error' id='1'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…contacts only…</text></error></message>",
    );
    await paris.sends(says("romeo@one.example", "2"));
    await romeo.receives("<message id='2'/>");
    await romeo.sends(says(`${juliet}`, "3"));
    await juliet.receives("<message id='3'/>");
    await juliet.sends(says(`${romeo}`, "4"));
    await romeo.receives("<message id='4'/>");
  },
);

scenario(
  "strangers: held, announced once, and released when the contact is accepted",
  { servers: servers("hold") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(
      "<message type='chat' to='romeo@one.example'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    await juliet.sends(says("romeo@one.example", "1"));
    await juliet.sends(says("romeo@one.example", "2"));
    await romeo.receives("<message from='one.example'><body>juliet@two.example…</body></message>");
    await juliet.sends("<presence type='subscribe' to='romeo@one.example'/>");
    await romeo.receives("<presence type='subscribe' from='juliet@two.example'/>");
    await romeo.sends("<presence type='subscribed' to='juliet@two.example'/>");
    await romeo.receives(
      `<message from='${juliet}' id='1'><delay xmlns='urn:xmpp:delay' from='one.example'/></message>`,
    );
    await romeo.receives(`<message from='${juliet}' id='2'/>`);
    await juliet.sends(says("romeo@one.example", "3"));
    await romeo.receives("<message id='3'/>");
  },
);

scenario("strangers: refusing the contact drops what is held", { servers: servers("hold") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.sends(says("romeo@one.example", "1"));
  await romeo.receives("<message from='one.example'/>");
  await romeo.sends("<presence type='unsubscribed' to='juliet@two.example'/>");
  await romeo.sends(says(`${juliet}`, "2"));
  await juliet.receives("<message id='2'/>");
  await romeo.receivesNothing();
});

scenario(
  "strangers: only so many are held",
  { servers: [{ domains: ["one.example"], settings: { strangers: { default: "hold", "held-each": 1 } } }, two] },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(says("romeo@one.example", "1"));
    await romeo.receives("<message from='one.example'/>");
    await juliet.exchange(says("romeo@one.example", "2"), "<message type='error' id='2'/>");
  },
);

/** Executes the command; `passing`: stanzas that come before its end is told. */
async function chooses(client: Client, choice: string, ...passing: string[]): Promise<void> {
  const to = client.jid.bare;
  const first = await client.exchange(
    `<iq type='set' id='c' to='${to}'><command xmlns='${commands}' node='urn:parloir:strangers'/></iq>`,
    `<iq type='result' id='c'><command xmlns='${commands}' status='executing'/></iq>`,
  );
  const { sessionid } = first.elements[0]!.attrs;
  await client.sends(
    `<iq type='set' id='d' to='${to}'><command xmlns='${commands}' node='urn:parloir:strangers' sessionid='${sessionid}' action='complete'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:parloir:strangers</value></field><field var='choice'><value>${choice}</value></field></x></command></iq>`,
  );
  for (const one of passing) await client.receives(one);
  await client.receives(`<iq type='result' id='d'><command xmlns='${commands}' status='completed'/></iq>`);
}

scenario("strangers: everybody chooses", { servers: servers("accept") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await chooses(romeo, "refuse");
  await juliet.exchange(says("romeo@one.example", "1"), "<message type='error' id='1'/>");
  await juliet.exchange(
    `<iq type='set' id='c' to='romeo@one.example'><command xmlns='${commands}' node='urn:parloir:strangers'/></iq>`,
    "<iq type='error' id='c'/>",
  );
});

scenario(
  "strangers: who takes messages of everybody gets those that are held, once",
  { servers: servers("hold") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(says("romeo@one.example", "1"));
    await romeo.receives("<message from='one.example'/>");
    await chooses(romeo, "accept", `<message from='${juliet}' id='1'><delay xmlns='urn:xmpp:delay'/></message>`);
    await juliet.sends(says("romeo@one.example", "2"));
    await romeo.receives("<message id='2'/>");
    await romeo.sends(says(`${juliet}`, "3"));
    await juliet.receives("<message id='3'/>");
    await romeo.receivesNothing();
  },
);

scenario(
  "strangers: encrypted messages have no text, and are held",
  { servers: servers("hold") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    const secret = "<encrypted xmlns='urn:xmpp:omemo:2'/>";
    await juliet.sends(`<message type='chat' to='romeo@one.example' id='1'>${secret}</message>`);
    await romeo.receives("<message from='one.example'/>");
    await romeo.sends(says(`${juliet}`, "2"));
    await romeo.receives(`<message from='${juliet}' id='1'>${secret}</message>`);
  },
);

scenario(
  "strangers: what a crash left behind arrives when one writes again",
  { servers: servers("hold") },
  async ({ connect, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(says("romeo@one.example", "1"));
    await romeo.receives("<message from='one.example'/>");
    const { db } = one!.target.assembly!.hosts.get("one.example")!;
    await db.run(
      sql`insert into stranger_known (account, contact) values (${"romeo@one.example"}, ${"juliet@two.example"})`,
    );
    await romeo.sends(says(`${juliet}`, "2"));
    await romeo.receives("<message id='1'/>");
    await romeo.receivesNothing();
  },
);

scenario(
  "strangers: who gets the name of an account that is gone knows nobody",
  { servers: servers("refuse") },
  async ({ connect, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await romeo.sends(says(`${juliet}`, "1"));
    await juliet.receives("<message id='1'/>");
    const host = one!.target.assembly!.hosts.get("one.example")!;
    await host.fire(removing, { account: romeo.jid.bare });
    await juliet.exchange(says("romeo@one.example", "2"), "<message type='error' id='2'/>");
  },
);

scenario(
  "strangers: nothing is held of somebody who has just become known",
  { servers: servers("hold") },
  async ({ connect, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const { db } = one!.target.assembly!.hosts.get("one.example")!;
    const relation = { account: romeo.jid.bare, contact: Jid.parse("juliet@two.example") };
    const room = { element: message({ type: "chat" }), most: 10, mostEach: 10 };
    // One of them is the first, and announced.
    assert.deepEqual(await Promise.all([hold(db, relation, room), hold(db, relation, room)]), [1, 2]);
    await learn(db, relation);
    assert.equal(await hold(db, relation, room), 0);
  },
);
