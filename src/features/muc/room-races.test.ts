import assert from "node:assert/strict";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { parseText } from "#xml/parser.ts";
import { muc } from "./muc.ts";
import { configures, enters, listed, opens, request, room } from "./room.fixture.ts";

/** What comes at the same moment from different people, and what is left of rooms afterwards. */

const ours = { skipOn: ["prosody"], why: "needs our server from inside" };

function inside({ assembly }: Stage) {
  const host = assembly.hosts.get("conference.example.com")!.view("test");
  return { host, verona: () => host.use(muc).room(Jid.parse(room))! };
}

scenario("a ban is not undone by an invitation of the same moment", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  await stage.connect("paris@example.com/palace");
  await opens(romeo, "Romeo");
  await configures(romeo, { "muc#roomconfig_membersonly": "1" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='member'/>"));
  await romeo.receivesInAnyOrder("<iq type='result'/>", listed("juliet@example.com", "member"));
  await juliet.receives("<message/>");
  const { host, verona } = inside(stage);
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const busy = verona().change(() => held);
  const ban = host.server.router.route({
    stanza: Stanza.of(
      "iq",
      parseText(
        request("set", "admin", "<item jid='paris@example.com' affiliation='outcast'/>").replace(
          "<iq",
          "<iq xmlns='jabber:client'",
        ),
      ),
      romeo.jid,
      Jid.parse(room),
    ),
  });
  const invitation = `<message xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='paris@example.com'/></x></message>`;
  const invited = host.server.router.route({
    stanza: Stanza.of("message", parseText(invitation), juliet.jid, Jid.parse(room)),
  });
  await new Promise((done) => setTimeout(done, 20));
  resolve();
  await Promise.all([busy, ban, invited]);
  assert.equal(verona().affiliationOf(Jid.parse("paris@example.com")), "outcast");
});

scenario("nothing comes back to the disk of a room that is gone", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  const { host, verona } = inside(stage);
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const gone = verona();
  const busy = gone.change(() => held);
  const registers = `<iq xmlns='jabber:client' type='set' id='r'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
    <field var='muc#register_roomnick'><value>Juliet</value></field></x></query></iq>`;
  const registered = host.server.router.route({
    stanza: Stanza.of("iq", parseText(registers), juliet.jid, Jid.parse(room)),
  });
  await romeo.sends(request("set", "owner", "<destroy/>"));
  await romeo.receivesInAnyOrder("<presence type='unavailable'/>", "<iq type='result'/>", "<presence/>");
  resolve();
  await Promise.all([busy, registered]);
  const rows = await host.db.all(sql`select jid from muc_affiliation where room = ${room}`);
  assert.deepEqual(rows, []);
});

scenario(
  "what is told of destroyed rooms is bounded: the oldest go",
  { ...ours, settings: { muc: { tombstones: 2 } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    const rooms = ["one", "two", "three"].map((name) => `${name}@conference.example.com`);
    for (const each of rooms) {
      await opens(romeo, "Romeo", each);
      await romeo.sends(request("set", "owner", "<destroy/>", each));
      await romeo.receivesInAnyOrder("<presence type='unavailable'/>", "<iq type='result'/>");
    }
    const { host } = inside(stage);
    assert.equal((await host.db.all(sql`select room from muc_tombstone`)).length, 2);
    await enters(juliet, "Juliet", [], rooms[0]);
    await juliet.sends(
      `<presence to='${rooms[2]}/Juliet'>${parseText("<x xmlns='http://jabber.org/protocol/muc'/>")}</presence>`,
    );
    await juliet.receives("<presence type='error'/>");
  },
);

scenario(
  "a room that is locked and gone is not opened",
  { ...ours, settings: { muc: { lock: "50 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    await enters(romeo, "Romeo");
    const { host, verona } = inside(stage);
    const { promise: held, resolve } = Promise.withResolvers<void>();
    const busy = verona().change(() => held);
    await new Promise((done) => setTimeout(done, 150)); // the clock wants to open it meanwhile
    await romeo.sends(`<presence to='${room}/Romeo' type='unavailable'/>`);
    await romeo.receives("<presence type='unavailable'/>");
    resolve();
    await busy;
    await new Promise((done) => setTimeout(done, 50));
    assert.deepEqual(await host.db.all(sql`select room from muc_room where room = ${room}`), []);
  },
);
