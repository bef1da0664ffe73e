import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import { type Database, sql } from "#core/database.ts";
import { silent } from "#core/log.ts";
import { acknowledging, type LocalSession } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";

const room = "verona@conference.example.com";
const romeo = Jid.parse("romeo@example.com/orchard");
const enter = "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
const instant = `<iq xmlns='jabber:client' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>
  <x xmlns='jabber:x:data' type='submit'/></query></iq>`;
const query = "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>";

/** A server on a database, which others may have left; Romeo is connected. */
async function server(db: Database, settings: object = {}) {
  const assembly = await assemble({
    domains: [{ name: "example.com" }],
    sections: new Map([["muc", settings]]),
    db,
    accounts: () => ({ hashes: [], exists: () => true, verify: async () => true }),
    log: silent,
    version: "0.0.0-test",
  });
  const host = assembly.hosts.get("example.com")!;
  const received: string[] = [];
  const send = (stanza: Stanza) => void received.push(stanza.element.toString());
  host.sessions.add({ jid: romeo, get: (fact) => fact.initial as never, set: () => {}, send });
  return {
    assembly,
    received,
    route: (kind: Stanza["kind"], to: string, xml: string) =>
      assembly.server.router.route({ stanza: Stanza.of(kind, parseText(xml), romeo, Jid.parse(to)) }),
    says: (text: string) =>
      assembly.server.router.route({
        stanza: Stanza.of("message", message({ type: "groupchat" }, body({}, text)), romeo, Jid.parse(room)),
      }),
    acknowledges: () => host.fire(acknowledging, undefined as unknown as LocalSession),
    /** What matches in all that came since it was asked last. */
    came: (pattern: RegExp) => received.splice(0).filter((one) => pattern.test(one)),
  };
}

async function withDatabase(run: (db: Database) => Promise<void>): Promise<void> {
  const db = await openSqlite({ file: ":memory:" });
  try {
    await run(db);
  } finally {
    await db.close();
  }
}

test("what was said and acknowledged before a crash is in the archive, and newcomers get it", () =>
  withDatabase(async (db) => {
    const first = await server(db);
    await first.route("presence", `${room}/Romeo`, enter);
    await first.route("iq", room, instant);
    await first.says("Hello");
    assert.equal(await first.acknowledges(), false);
    const [row] = await db.all<{ count: number }>(sql`select count(*) as count from archive_message`);
    assert.equal(row!.count, 1);

    // The first server is not stopped: it was killed.
    const second = await server(db);
    await second.route("presence", `${room}/Romeo`, enter);
    const [past, ...more] = second.came(/<message/);
    assert.match(past!, /Hello<.*<delay/);
    assert.doesNotMatch(past!, /muc#user/);
    assert.equal(more.length, 1); // the subject
    await second.route("iq", room, query);
    const [result] = second.came(/<result /);
    assert.match(result!, new RegExp(/<stanza-id [^>]*>/.exec(past!)![0]));
    await second.assembly.stop();
    await first.assembly.stop();
  }));

test("the history of a room that empties is read again, with what was taken back", () =>
  withDatabase(async (db) => {
    const { assembly, route, says, came } = await server(db, { history: 3 });
    await route("presence", `${room}/Romeo`, enter);
    await route("iq", room, instant);
    for (let number = 0; number < 5; number++) await says(`m${number}`);
    const id = /<stanza-id [^>]*id='([^']+)'/.exec(came(/<body>m3/)[0]!)![1]!;
    await route("presence", `${room}/Romeo`, "<presence xmlns='jabber:client' type='unavailable'/>");
    const rejoin = async () => {
      came(/./);
      await route("presence", `${room}/Romeo`, enter);
      return came(/<body|<retracted/).map((one) => /(?<=<body>)m\d|<retracted/.exec(one)![0]);
    };
    assert.deepEqual(await rejoin(), ["m2", "m3", "m4"]);
    const moderate = `<iq xmlns='jabber:client' type='set' id='2'><moderate id='${id}' xmlns='urn:xmpp:message-moderate:1'>
      <retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>`;
    await route("iq", room, moderate);
    assert.equal(came(/type='result'/).length, 1);
    await route("presence", `${room}/Romeo`, "<presence xmlns='jabber:client' type='unavailable'/>");
    assert.deepEqual(await rejoin(), ["m2", "<retracted", "m4"]);
    await assembly.stop();
  }));

test("what was said in a room of the same name before is nobody's, even if a crash kept it from being removed", () =>
  withDatabase(async (db) => {
    const first = await server(db);
    await first.route("presence", `${room}/Romeo`, enter);
    await first.route("iq", room, instant);
    await first.says("old");
    await first.acknowledges();
    // What a crash in the middle of the destruction leaves.
    for (const table of [sql`muc_room`, sql`muc_affiliation`, sql`muc_occupant`])
      await db.run(sql`delete from ${table}`);

    const second = await server(db);
    await second.route("presence", `${room}/Romeo`, enter);
    await second.route("iq", room, instant);
    await second.says("new");
    assert.equal(second.came(/old/).length, 0);
    await second.route("iq", room, query);
    assert.deepEqual(
      second.came(/<result /).map((one) => /<body>([^<]*)/.exec(one)![1]),
      ["new"],
    );
    await second.assembly.stop();
    await first.assembly.stop();
  }));
