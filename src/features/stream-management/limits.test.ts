import assert from "node:assert/strict";
import { handled } from "#core/hooks.ts";
import { sending } from "#core/packet.ts";
import { acknowledging } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { Client } from "#test/harness/client.ts";
import { authenticate, type Stage, scenario } from "#test/harness/scenario.ts";

const sm = "xmlns='urn:xmpp:sm:3'";
const ours = { skipOn: ["prosody"], why: "needs our server from inside, or our limits" };

async function enable(client: Client): Promise<string> {
  return (await client.exchange(`<enable ${sm} resume='true'/>`, `<enabled ${sm} id='…'/>`)).attrs.id!;
}

/** Asks to go on over another connection. */
async function resumes(stage: Stage, jid: Jid, id: string, count: number): Promise<Client> {
  const wire = await stage.wire();
  await authenticate(wire, jid);
  wire.writes(`<resume ${sm} previd='${id}' h='${count}'/>`);
  return new Client(jid, wire);
}

function hooksOf({ assembly }: Stage) {
  return assembly.hosts.get("example.com")!.hooks;
}

function chat(to: string, id: string, text = id): string {
  return `<message to='${to}' type='chat' id='${id}'><body>${text}</body></message>`;
}

scenario(
  "requests wait for the disk, what comes behind them does not; answers keep their order",
  ours,
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    await enable(romeo);
    const disk = Promise.withResolvers<void>();
    let asked = 0;
    hooksOf(stage).on(acknowledging, "check", () => (++asked === 1 ? disk.promise : undefined));
    await romeo.sends(chat(`${juliet}`, "1"));
    await romeo.sends(`<r ${sm}/>`);
    await romeo.sends(chat(`${juliet}`, "2"));
    await romeo.sends(`<r ${sm}/>`);
    await juliet.receives("<message id='1'/>");
    await juliet.receives("<message id='2'/>");
    disk.resolve();
    await romeo.receives(`<a ${sm} h='1'/>`);
    await romeo.receives(`<a ${sm} h='2'/>`);
  },
);

scenario("what cannot be kept is not acknowledged, what comes later and can be is", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await enable(romeo);
  let asked = 0;
  hooksOf(stage).on(acknowledging, "check", () => (++asked === 1 ? handled : undefined));
  await romeo.sends("<presence/>");
  await romeo.sends(`<r ${sm}/>`);
  await romeo.sends("<presence/>");
  await romeo.sends(`<r ${sm}/>`);
  for (let next = await romeo.next(); ; next = await romeo.next()) {
    if (next.name === "presence") continue;
    assert.equal(next.attrs.h, "2");
    break;
  }
});

scenario("who comes back says again what the old connection still had, and it is handled once", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  const id = await enable(romeo);
  const gate = Promise.withResolvers<void>();
  hooksOf(stage).on(sending, "check", ({ stanza }) => (stanza.id === "1" ? gate.promise : undefined));
  await romeo.sends(chat(`${juliet}`, "1"));
  await romeo.sends(chat(`${juliet}`, "2")); // waits behind the first
  const back = await resumes(stage, romeo.jid, id, 0);
  await romeo.wire.receives("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  gate.resolve();
  await back.receives(`<resumed ${sm} h='1'/>`);
  await back.sends(chat(`${juliet}`, "2"));
  await juliet.receives("<message id='1'/>");
  await juliet.receives("<message id='2'/>");
  await back.exchange(`<r ${sm}/>`, `<a ${sm} h='2'/>`);
  await juliet.receivesNothing();
});

scenario("of two connections that want to go on with a session, the last one gets it", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  const id = await enable(romeo);
  const gate = Promise.withResolvers<void>();
  hooksOf(stage).on(sending, "check", ({ stanza }) => (stanza.id === "1" ? gate.promise : undefined));
  await romeo.sends(chat(`${juliet}`, "1"));
  const first = await resumes(stage, romeo.jid, id, 0);
  await romeo.wire.receives("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  const second = await resumes(stage, romeo.jid, id, 0);
  await juliet.sends(chat(`${romeo}`, "2"));
  await juliet.settles();
  gate.resolve();
  await first.wire.receives("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await second.receives(`<resumed ${sm} h='1'/>`);
  await second.receives("<message id='2'/>");
});

scenario("what was written over a connection before may be acknowledged over the next", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  const id = await enable(romeo);
  for (let number = 1; number < 8; number++) await juliet.sends(chat(`${romeo}`, `${number}`, "x".repeat(100_000)));
  await juliet.settles();
  const slow = await resumes(stage, romeo.jid, id, 0);
  await slow.receives(`<resumed ${sm}/>`);
  const back = await resumes(stage, romeo.jid, id, 7);
  await back.receives(`<resumed ${sm}/>`);
  await back.receivesNothing();
});

const small = { "stream-management": { "unacknowledged-size": "20 KiB" } };

scenario("what waits for a client is bounded in bytes", { ...ours, settings: small }, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  await enable(romeo);
  const text = "x".repeat(3_000);
  for (let number = 0; number < 7; number++) await juliet.sends(chat("romeo@example.com", `${number}`, text));
  await juliet.settles();
  for (;;) {
    const element = await romeo.next();
    if (element.name !== "error") continue;
    const [condition, words] = element.elements;
    assert.equal(condition!.name, "policy-violation");
    assert.match(words!.text, /^Too many stanzas were not acknowledged: 7, of 2[1-9]\d{3} bytes together$/);
    break;
  }
  const later = await stage.connect("romeo@example.com/later");
  for (let number = 0; number < 7; number++) await later.receives(`<message id='${number}'/>`);
});

for (const [name, mam] of [
  ["with an archive", {}],
  ["without one", { keep: "0 days" }],
] as const) {
  scenario(
    `what was not acknowledged is kept even where no more could be, ${name}`,
    { ...ours, settings: { mam, offline: { messages: 3 }, "stream-management": { unacknowledged: 20 } } },
    async ({ connect }) => {
      const romeo = await connect("romeo@example.com/orchard");
      const juliet = await connect("juliet@example.com/balcony");
      await enable(romeo);
      for (let number = 0; number <= 20; number++) await juliet.sends(chat("romeo@example.com", `${number}`));
      await juliet.settles();
      const later = await connect("romeo@example.com/later");
      for (let number = 0; number <= 20; number++) await later.receives(`<message id='${number}'/>`);
      await later.receivesNothing();
      await juliet.receivesNothing();
    },
  );
}
