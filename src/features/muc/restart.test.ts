import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import type { Database } from "#core/database.ts";
import { silent } from "#core/log.ts";
import { DirectoryError } from "#core/people.ts";
import type { Session } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { message, presence, Stanza } from "#stanza/stanza.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { parseText } from "#xml/parser.ts";
import { room } from "./room.fixture.ts";
import { ownerQuery } from "./tags.ts";

const enter = presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>")).toString();
/** The room is taken as it is (XEP-0045 §10.1.2). */
const instant = `<iq xmlns='jabber:client' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>
  <x xmlns='jabber:x:data' type='submit'/></query></iq>`;

/** Two servers on one database, one after the other. */
async function restarted(db: Database, settings = {}, people?: MemoryPeople) {
  const assembly = await assemble({
    domains: [{ name: "example.com" }],
    sections: new Map([["muc", settings]]),
    db,
    accounts: () => ({ hashes: [], exists: () => true, verify: async () => true }),
    log: silent,
    ...(people ? { people: () => people } : {}),
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
    const first = await restarted(db);
    await first.route("presence", `${room}/Romeo`, enter);
    await first.route("iq", room, instant);
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

test("who was made something else in a room is that after a restart, too", async () => {
  const db = await openSqlite({ file: ":memory:" });
  try {
    const enter = presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>"));
    const iq = (type: "get" | "set", what: string, content: string) =>
      `<iq xmlns='jabber:client' type='${type}' id='1'><query xmlns='http://jabber.org/protocol/muc#${what}'>${content}</query></iq>`;
    const first = await restarted(db);
    await first.route("presence", `${room}/Romeo`, enter.toString());
    await first.route("iq", room, iq("set", "owner", "<x xmlns='jabber:x:data' type='submit'/>"));
    await first.route("iq", room, iq("set", "admin", "<item jid='tybalt@example.com' affiliation='admin'/>"));
    for (const name of ["tybalt", "nurse"]) {
      const jid = Jid.parse(`${name}@example.com/x`);
      first.connects(jid, () => {});
      await first.assembly.server.router.route({
        stanza: Stanza.of("presence", enter, jid, Jid.parse(`${room}/${name}`)),
      });
    }
    await first.route("iq", room, iq("set", "admin", "<item jid='tybalt@example.com' affiliation='none'/>"));
    await first.route("iq", room, iq("set", "admin", "<item jid='nurse@example.com' affiliation='admin'/>"));
    const moderators = iq("get", "admin", "<item role='moderator'/>");
    await first.route("iq", room, moderators);
    const before = first.received.at(-1)!;
    assert.match(before, /Romeo.*nurse/i);
    await new Promise((resolve) => setImmediate(resolve));
    await first.assembly.stop();
    const second = await restarted(db);
    await second.route("iq", room, moderators);
    assert.match(second.received.at(-1)!, /nick='nurse'/);
    assert.doesNotMatch(second.received.at(-1)!, /nick='tybalt'/);
    await second.assembly.stop();
  } finally {
    await db.close();
  }
});

test("§9.9: who waits for a decision still does after a restart", async () => {
  const db = await openSqlite({ file: ":memory:" });
  const form = (type: string, fields: Readonly<Record<string, string>>) =>
    `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#${type}</value></field>${Object.entries(
      fields,
    )
      .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
      .join("")}</x>`;
  const iq = (namespace: string, content: string) =>
    `<iq xmlns='jabber:client' type='set' id='1'><query xmlns='${namespace}'>${content}</query></iq>`;
  try {
    const first = await restarted(db);
    await first.route(
      "presence",
      `${room}/Romeo`,
      presence({}, parseText("<x xmlns='http://jabber.org/protocol/muc'/>")).toString(),
    );
    const approval = form("roomconfig", { "x-muc#roomconfig_approval": "1" });
    await first.route("iq", room, iq("http://jabber.org/protocol/muc#owner", approval));
    for (const name of ["juliet", "tybalt"]) {
      const registers = iq("jabber:iq:register", form("register", { "muc#register_roomnick": name }));
      await first.assembly.server.router.route({
        stanza: Stanza.of("iq", parseText(registers), Jid.parse(`${name}@example.com/x`), Jid.parse(room)),
      });
    }
    const decides = (jid: string) =>
      message({}, parseText(form("register", { "muc#jid": jid, "muc#register_allow": "1" }))).toString();
    await first.route("message", room, decides("tybalt@example.com"));
    await first.assembly.stop();
    const second = await restarted(db);
    await second.route("message", room, decides("tybalt@example.com"));
    assert.match(second.received.at(-1)!, /item-not-found/);
    await second.route("message", room, decides("juliet@example.com"));
    assert.match(second.received.at(-1)!, /affiliation='member'/);
    await second.assembly.stop();
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

test("hats are there after a restart, on those who wear them", async () => {
  const db = await openSqlite({ file: ":memory:" });
  try {
    const command = (what: string, fields: string) =>
      `<iq xmlns='jabber:client' type='set' id='1'><command xmlns='http://jabber.org/protocol/commands'
        node='urn:xmpp:hats:commands:${what}'><x xmlns='jabber:x:data' type='submit'>${fields}
        <field var='hats#uri'><value>urn:example:hat</value></field></x></command></iq>`;
    const first = await restarted(db);
    await first.route("presence", `${room}/Romeo`, enter);
    await first.route("iq", room, instant);
    await first.route("iq", room, command("create", "<field var='hats#title'><value>Poet</value></field>"));
    await first.route("iq", room, command("assign", "<field var='hats#jid'><value>romeo@example.com</value></field>"));
    await first.assembly.stop();
    const second = await restarted(db);
    await second.route("presence", `${room}/Romeo`, enter);
    assert.match(second.received[0]!, /<hat title='Poet' uri='urn:example:hat'/);
    await second.assembly.stop();
  } finally {
    await db.close();
  }
});

test("what the directory made people holds over a restart during which it does not answer", async () => {
  const db = await openSqlite({ file: ":memory:" });
  try {
    const people = new MemoryPeople([{ user: "romeo" }], [{ id: "1", name: "Poets", members: new Set(["romeo"]) }]);
    const settings = { permanent: [{ room: "verona", "members-only": true, "member-groups": ["Poets"] }] };
    await (await restarted(db, settings, people)).assembly.stop();
    people.groups = () => Promise.reject(new DirectoryError("away"));
    const second = await restarted(db, settings, people);
    await second.route("presence", `${room}/Romeo`, enter);
    assert.match(second.received[0]!, /affiliation='member'/);
    await second.assembly.stop();
  } finally {
    await db.close();
  }
});
