import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import { removing } from "#core/account.ts";
import type { Database } from "#core/database.ts";
import { silent } from "#core/log.ts";
import type { Session } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { message, presence, Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { parseText } from "#xml/parser.ts";
import {
  configures,
  entering,
  enters,
  failed,
  listed,
  opens,
  outside,
  refusal,
  request,
  room,
  seen,
  subject,
} from "./room.fixture.ts";
import { ownerQuery } from "./tags.ts";

const ours = { skipOn: ["prosody"] };
const leaving = (nick: string) => `<presence to='${room}/${nick}' type='unavailable'/>`;

async function alone({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  return { romeo, juliet };
}

scenario("the room of the guide is there, and stays", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await enters(romeo, "Romeo", [], "test@conference.example.com");
  await romeo.exchange(request("get", "owner", "", "test@conference.example.com"), refusal("forbidden"));
});

scenario(
  "owners of permanent rooms configure them, and cannot destroy them",
  { settings: { muc: { permanent: [{ room: "hall", name: "The hall", owners: ["romeo"] }] } }, ...ours },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const hall = "hall@conference.example.com";
    const self = await enters(romeo, "Romeo", [], hall);
    assert.match(self.toString(), /affiliation='owner'/);
    await romeo.exchange(request("set", "owner", "<destroy/>", hall), refusal("not-allowed"));
    await romeo.exchange(request("get", "owner", "", hall), "<iq type='result' id='q'/>");
  },
);

scenario("an empty room waits for those who come back", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  const self = await enters(juliet, "Juliet");
  assert.match(self.toString(), /affiliation='none'/);
});

scenario(
  "a temporary room that stays empty is no more",
  { settings: { muc: { grace: "0 s" } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
    const self = await enters(juliet, "Juliet");
    assert.match(self.toString(), /code='201'/);
  },
);

scenario("after the grace period, too", { settings: { muc: { grace: "60 ms" } }, ...ours }, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  for (;;) {
    const info = `<iq type='get' id='q' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
    await juliet.sends(info);
    if ((await juliet.next()).attrs.type === "error") break;
  }
});

scenario("a persistent room stays", { settings: { muc: { grace: "0 s" } }, ...ours }, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await configures(romeo, { "muc#roomconfig_persistentroom": "1" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  const self = await enters(juliet, "Juliet");
  assert.match(self.toString(), /affiliation='none'/);
});

scenario(
  "a room that becomes temporary while nobody is there goes as others do",
  { settings: { muc: { grace: "60 ms" } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    await configures(romeo, { "muc#roomconfig_persistentroom": "1" });
    await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
    await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
    await configures(romeo, { "muc#roomconfig_persistentroom": "0" });
    await romeo.receives("<iq type='result' id='configure'/>");
    for (;;) {
      await juliet.sends(
        `<iq type='get' id='q' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      );
      if ((await juliet.next()).attrs.type === "error") break;
    }
  },
);

/** Two servers on one database, one after the other. */
async function restarted(db: Database, settings = {}) {
  const assembly = await assemble({
    domains: [{ name: "example.com" }],
    sections: new Map([["muc", settings]]),
    db,
    accounts: () => ({ hashes: [], exists: () => true, verify: async () => true }),
    log: silent,
    version: "0.0.0-test",
  });
  const parent = assembly.hosts.get("example.com")!;
  const received: string[] = [];
  const romeo = Jid.parse("romeo@example.com/orchard");
  const connects = (jid: Jid, send: Session["send"]) =>
    parent.sessions.add({ jid, get: (fact) => fact.initial as never, set: () => {}, send });
  connects(romeo, (stanza) => void received.push(stanza.element.toString()));
  const route = (kind: "message" | "presence" | "iq", to: string, xml: string) =>
    assembly.server.router.route({ stanza: Stanza.of(kind, parseText(xml), romeo, Jid.parse(to)) });
  return { assembly, received, route, connects };
}

test("rooms, affiliations, configuration, subject and history are there after a restart", async () => {
  const db = await openSqlite({ file: ":memory:" });
  const client = "xmlns='jabber:client'";
  try {
    const first = await restarted(db);
    await first.route(
      "presence",
      `${room}/Romeo`,
      `<presence ${client}><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
    );
    const config = `<iq ${client} type='set' id='1'>${ownerQuery({}, parseText("<x xmlns='jabber:x:data' type='submit'/>"))}</iq>`;
    await first.route("iq", room, config);
    await first.route(
      "iq",
      room,
      `<iq ${client} type='set' id='2'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item jid='juliet@example.com' affiliation='member' nick='Juliet'/><item jid='paris@example.com' affiliation='outcast'/></query></iq>`,
    );
    await first.route(
      "message",
      room,
      message({ type: "groupchat" }, parseText("<subject xmlns='jabber:client'>Love</subject>")).toString(),
    );
    await first.route(
      "message",
      room,
      message({ type: "groupchat" }, parseText("<body xmlns='jabber:client'>Hello</body>")).toString(),
    );
    assert.match(first.received.at(-1)!, /Hello/);
    await first.route("presence", `${room}/Romeo`, presence({ type: "unavailable" }).toString());
    // What need not be on disk before an answer is written in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    await first.assembly.stop();

    const second = await restarted(db);
    await second.route(
      "presence",
      `${room}/Romeo`,
      presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>")).toString(),
    );
    assert.match(second.received[0]!, /affiliation='owner'/);
    assert.doesNotMatch(second.received[0]!, /201/);
    assert.match(second.received[1]!, /Hello<.*<delay/);
    assert.match(second.received[2]!, /<subject.*>Love</);
    await second.route(
      "iq",
      room,
      `<iq ${client} type='get' id='3'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query></iq>`,
    );
    assert.match(second.received[3]!, /paris@example.com/);
    await second.route(
      "iq",
      room,
      `<iq ${client} type='get' id='3'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query></iq>`,
    );
    assert.match(second.received[4]!, /nick='Juliet'/);
    await second.assembly.stop();
  } finally {
    await db.close();
  }
});

test("who was in a room at a crash is in it still; who does not come back leaves", async () => {
  const db = await openSqlite({ file: ":memory:" });
  try {
    const enter = presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>")).toString();
    const first = await restarted(db);
    await first.route("presence", `${room}/Romeo`, enter);
    await first.route(
      "iq",
      room,
      `<iq xmlns='jabber:client' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'/></query></iq>`,
    );
    const tybalt = Jid.parse("tybalt@example.com/street");
    first.connects(tybalt, () => {});
    await first.assembly.server.router.route({
      stanza: Stanza.of("presence", parseText(enter), tybalt, Jid.parse(`${room}/Tybalt`)),
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.match(first.received.at(-1)!, /Tybalt/);

    // The first server is not stopped: it has crashed. Romeo's session is there again, Tybalt's is not.
    const second = await restarted(db, { resumption: "50 ms" });
    await second.route(
      "message",
      room,
      message({ type: "groupchat" }, parseText("<body xmlns='jabber:client'>Hello</body>")).toString(),
    );
    assert.match(second.received[0]!, /type='groupchat'.*Hello/);
    assert.equal(second.received.length, 1);
    while (second.received.length === 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(second.received[1]!, /Tybalt' .*type='unavailable'|type='unavailable'.*Tybalt'/);
    assert.match(second.received[1]!, /code='333'/);
    await second.assembly.stop();
    await first.assembly.stop();
  } finally {
    await db.close();
  }
});

test("§11.2: a restart is no end: nobody is sent out, all are in it still", async () => {
  const db = await openSqlite({ file: ":memory:" });
  try {
    const first = await restarted(db);
    const owner = (content: string) =>
      `<iq xmlns='jabber:client' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>${content}</query></iq>`;
    await first.route(
      "presence",
      `${room}/Romeo`,
      presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>")).toString(),
    );
    await first.route("iq", room, owner("<x xmlns='jabber:x:data' type='submit'/>"));
    const juliet = Jid.parse("juliet@example.com/balcony");
    const heard: string[] = [];
    const join = presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>"));
    first.connects(juliet, (stanza) => void heard.push(stanza.element.toString()));
    await first.assembly.server.router.route({
      stanza: Stanza.of("presence", join, juliet, Jid.parse(`${room}/Juliet`)),
    });
    await new Promise((resolve) => setImmediate(resolve));
    await first.assembly.stop();
    // Sessions that are taken up again notice nothing: they are not told to leave, nor that anybody has left.
    assert.ok(![...first.received, ...heard].some((text) => /unavailable|332/.test(text)), heard.join("\n"));
    const second = await restarted(db);
    second.connects(juliet, () => {});
    await second.route(
      "message",
      room,
      message({ type: "groupchat" }, parseText("<body xmlns='jabber:client'>Hello</body>")).toString(),
    );
    assert.match(second.received[0]!, /type='groupchat'.*Hello/);
    await second.route(
      "iq",
      room,
      "<iq xmlns='jabber:client' type='get' id='2'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    );
    for (const nick of ["Romeo", "Juliet"]) assert.ok(second.received.at(-1)!.includes(`${room}/${nick}'`));
    await second.assembly.stop();
  } finally {
    await db.close();
  }
});

scenario("§18.1.2: nothing is left of who is gone", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.disconnect();
  await romeo.receives(seen("Juliet", "role='none'", [], "unavailable"));
  const back = await stage.connect("juliet@example.com/balcony");
  await enters(back, "Juliet", ["Romeo"]);
});

scenario("a room that nobody may enter is not made", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(entering("x".repeat(65)), failed("presence", "not-acceptable"));
  await enters(romeo, "Romeo");
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  await romeo.sends(entering("Romeo"));
  await romeo.receives(seen("Romeo", "affiliation='owner'", [110, 201]));
  await romeo.receives(subject());
});

scenario("§17.2: a room that is not open yet has no messages from outside", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enters(romeo, "Romeo");
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>Hi</body></message>`,
    failed("message", "item-not-found"),
  );
});

scenario(
  "who enters and leaves all the time is told to wait",
  { settings: { muc: { "presence-rate": 2 } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    for (let round = 0; round < 2; round++) {
      await enters(juliet, "Juliet", ["Romeo"]);
      await juliet.exchange(leaving("Juliet"), "<presence type='unavailable'/>");
      await romeo.receives(`<presence from='${room}/Juliet'/>`);
      await romeo.receives(`<presence from='${room}/Juliet' type='unavailable'/>`);
    }
    await juliet.exchange(entering("Juliet"), failed("presence", "policy-violation"));
  },
);

scenario("an account that is deleted owns no room any more", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='owner'/>"));
  await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", listed("juliet@example.com", "owner"));
  await juliet.receives(outside("owner"));
  await juliet.exchange(request("get", "owner", ""), "<iq type='result' id='q'/>");
  const host = stage.assembly.hosts.get("example.com")!;
  await host.fire(removing, { account: juliet.jid.bare });
  await juliet.receives(outside("none"));
  await juliet.exchange(request("get", "owner", ""), refusal("forbidden"));
});
