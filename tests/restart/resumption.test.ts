import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { removeData } from "#app/admin/removal.ts";
import { sql } from "#core/database.ts";
import { sending } from "#core/packet.ts";
import type { Client } from "#test/harness/client.ts";
import { parseText } from "#xml/parser.ts";
import { Installation, sm } from "./installation.ts";

/** Sessions over a stop and the next start of the server (XEP-0198 §5; docs/adr/0017). */

type Body = (server: Installation) => Promise<void>;

function restarting(name: string, ...rest: [Body] | [Readonly<Record<string, unknown>>, Body]): void {
  const [settings, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  test(name, { timeout: 30_000 }, async () => {
    const server = await Installation.open(settings);
    try {
      await body(server);
    } finally {
      await server.close();
    }
  });
}

const chat = (to: string | Client, id: string, text = id) =>
  `<message to='${to}' type='chat' id='${id}'><body>${text}</body></message>`;
const gone = { "stream-management": { resumable: "200 ms" } };

/** The next stanzas, acknowledgements aside, until the answer to a ping. */
async function everything(client: Client): Promise<string[]> {
  await client.sends("<iq type='get' id='done' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
  const found: string[] = [];
  for (;;) {
    const element = await client.next();
    if (element.attrs.id === "done") return found;
    if (element.name !== "r" && element.name !== "a") found.push(element.toString());
  }
}

/** They subscribe to each other, and see each other. */
async function befriend(one: Client, other: Client): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    await from.sends(`<presence to='${to.jid.bare}' type='subscribe'/>`);
    await to.sends(`<presence to='${from.jid.bare}' type='subscribed'/>`);
    await from.settles();
    await to.settles();
  }
  for (const client of [one, other, one, other]) await client.settles();
  for (const client of [one, other]) await everything(client);
}

/** Stanzas that a client has got since it enabled stream management, or resumed. */
function handledBy({ wire: { received } }: Client): number {
  const start = Math.max(received.lastIndexOf("<enabled "), received.lastIndexOf("<resumed "));
  const [stanzas = ""] = received.slice(received.indexOf(">", start) + 1).split("<stream:error");
  return parseText(`<all>${stanzas}</all>`).elements.filter(({ name }) => /^(message|presence|iq)$/.test(name)).length;
}

async function enterRoom(client: Client, nick: string, fresh = false): Promise<void> {
  await client.sends(
    `<presence to='garden@conference.example.com/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
  );
  for (;;) if ((await client.next()).elements.some(({ name }) => name === "subject")) break;
  if (!fresh) return;
  await client.sends(
    "<iq type='set' id='open' to='garden@conference.example.com'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>",
  );
  assert.match(
    (await everything(client)).join(),
    /<iq [^>]*id=['"]open['"][^>]* type=['"]result|type=['"]result['"][^>]*id=['"]open/,
  );
}

restarting(
  "the stream ends with system-shutdown; a resumed client misses nothing and gets nothing twice",
  async (server) => {
    const romeo = await server.connectManaged("romeo@example.com/orchard");
    const juliet = await server.connectManaged("juliet@example.com/balcony");
    await juliet.client.sends(chat(romeo.client, "1"));
    await romeo.client.receives("<message id='1'/>");
    await juliet.client.sends(chat(romeo.client, "2"));
    await juliet.client.settles();
    await server.restart();
    await juliet.client.receives(
      `<stream:error xmlns:stream='http://etherx.jabber.org/streams'><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
    );
    // Before its recipient is back, and after.
    const again = await server.resume(juliet, 1);
    await again.receives(`<resumed ${sm} previd='${juliet.id}' h='3'/>`);
    await again.sends(chat(romeo.client, "3"));
    await again.sends(chat("romeo@example.com", "4"));
    await again.receivesNothing();
    const back = await server.resume(romeo, 1);
    await back.receives(`<resumed ${sm} previd='${romeo.id}' h='0'/>`);
    for (const id of ["2", "3", "4"])
      await back.receives(`<message id='${id}' from='${juliet.client}'><delay xmlns='urn:xmpp:delay'/></message>`);
    await back.sends(`<a ${sm} h='4'/>`);
    await again.sends(chat(romeo.client, "5"));
    await back.receives(`<r ${sm}/>`);
    const fifth = await back.receives("<message id='5'/>");
    assert.ok(!fifth.elements.some(({ name }) => name === "delay"));
    await back.sends(chat(juliet.client, "6"));
    await again.receives(`<message id='6' from='${romeo.client}'/>`);
  },
);

restarting("a second restart, with the first not noticed by a client that sleeps", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await server.restart();
  const juliet = await server.connect("juliet@example.com/balcony");
  await juliet.sends(chat(romeo.client, "1"));
  await juliet.settles();
  await server.restart();
  const later = await server.connect("juliet@example.com/balcony");
  await later.sends(chat(romeo.client, "2"));
  await later.settles();
  const back = await server.resume(romeo, 0);
  await back.receives(`<resumed ${sm} h='0'/>`);
  await back.receives("<message id='1'/>");
  await back.receives("<message id='2'/>");
  await back.receives(`<r ${sm}/>`);
  await back.receivesNothing();
});

restarting("contacts who come back see no one leave but those who cannot come back", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard", "<presence><show>away</show></presence>");
  const juliet = await server.connectManaged("juliet@example.com/balcony");
  await befriend(romeo.client, juliet.client);
  const phone = await server.connect("juliet@example.com/phone");
  await phone.settles();
  await romeo.client.receives(`<presence from='${phone}'/>`);
  await everything(juliet.client);
  const seen = handledBy(romeo.client);
  await server.restart();
  const back = await server.resume(romeo, seen);
  await back.receives(`<resumed ${sm}/>`);
  await back.receives(`<presence type='unavailable' from='${phone}'/>`);
  const sight = await everything(back);
  assert.deepEqual(sight, []);
  // Nor has anybody lost sight of them: who asks is told of both.
  const nurse = await server.connect("romeo@example.com/nurse");
  await nurse.receives(`<presence from='${romeo.client}'><show>away</show></presence>`);
  assert.match((await everything(nurse)).join(), new RegExp(`<presence[^>]*from=['"]${juliet.client}`));
});

restarting("what a client has asked for goes on: carbons, pushes of its contact list, its state", async (server) => {
  const phone = await server.connectManaged("romeo@example.com/phone");
  await phone.client.exchange(
    "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
    "<iq id='c' type='result'/>",
  );
  await phone.client.exchange(
    "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq id='r' type='result'/>",
  );
  await phone.client.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  const handled = handledBy(phone.client);
  const desk = await server.connectManaged("romeo@example.com/desk", "<presence><priority>5</priority></presence>");
  await server.restart();
  const back = await server.resume(phone, handled);
  await back.receives(`<resumed ${sm}/>`);
  await back.receives(`<presence from='${desk.client}'><priority>5</priority></presence>`); // held back until the stop
  await back.receives(`<r ${sm}/>`);
  const again = await server.resume(desk, handledBy(desk.client));
  await again.receives(`<resumed ${sm}/>`);
  await again.sends("<presence><show>dnd</show></presence>");
  await again.sends("<message to='juliet@example.com' type='chat' id='1'><body>Hi</body></message>");
  await again.sends(
    "<iq type='set' id='a'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>",
  );
  // It is inactive still: the presence waits for something urgent.
  await back.receives(`<presence from='${desk.client}'><show>dnd</show></presence>`);
  await back.receives("<message><sent xmlns='urn:xmpp:carbons:2'/></message>");
  await back.receives("<iq type='set'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>");
});

restarting("a room is where it was: nobody has left, and what is said waits", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connectManaged("juliet@example.com/balcony");
  await enterRoom(romeo.client, "Romeo", true);
  await enterRoom(juliet.client, "Juliet");
  await everything(romeo.client);
  await everything(juliet.client);
  const handled = [handledBy(romeo.client), handledBy(juliet.client)] as const;
  await server.restart();
  const again = await server.resume(juliet, handled[1]);
  await again.receives(`<resumed ${sm}/>`);
  await again.sends("<message to='garden@conference.example.com' type='groupchat' id='1'><body>Here?</body></message>");
  await again.receives("<message id='1' from='garden@conference.example.com/Juliet'/>");
  const back = await server.resume(romeo, handled[0]);
  await back.receives(`<resumed ${sm}/>`);
  await back.receives(
    "<message type='groupchat' from='garden@conference.example.com/Juliet'><body>Here?</body></message>",
  );
  await back.receives(`<r ${sm}/>`);
  await back.receivesNothing();
  await back.disconnect();
  await again.receives("<presence type='unavailable' from='garden@conference.example.com/Romeo'/>");
});

restarting("who does not come back in time is gone: to contacts, in rooms, for messages", gone, async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connect("juliet@example.com/balcony");
  await befriend(romeo.client, juliet);
  await enterRoom(romeo.client, "Romeo", true);
  await server.restart();
  const again = await server.connect("juliet@example.com/balcony");
  await again.sends(chat(romeo.client, "1"));
  await again.receivesInAnyOrder(
    `<presence from='${romeo.client}'/>`,
    `<presence from='${romeo.client}' type='unavailable'/>`,
  );
  const later = await server.connect("romeo@example.com/later");
  await later.receivesInAnyOrder(
    "<message id='1'><delay xmlns='urn:xmpp:delay'/></message>",
    `<presence from='${juliet}'/>`,
  );
  await enterRoom(later, "Romeo");
  const back = await server.resume(romeo, 0);
  await back.receives(`<failed ${sm} h='…'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
});

restarting(
  "after a crash: what an absent client had sent is known for certain, and what waited for it is kept",
  async (server) => {
    const romeo = await server.connectManaged("romeo@example.com/orchard");
    const juliet = await server.connect("juliet@example.com/balcony");
    await romeo.client.sends(chat(juliet, "sent"));
    await juliet.receives("<message id='sent'/>");
    await romeo.client.drop();
    await server.holds(1, "sm_session");
    await juliet.sends(chat(romeo.client, "1"));
    await juliet.sends(chat("romeo@example.com", "2"));
    await juliet.settles();
    await server.holds(2, "sm_stanza");
    await server.crash();
    const back = await server.resume(romeo, 0);
    await back.receives(`<failed ${sm} h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
    const again = await server.connect("romeo@example.com/orchard");
    assert.deepEqual(
      (await everything(again)).map((stanza) => /id=['"](.)/.exec(stanza)?.[1]),
      ["1", "2"],
    );
    await again.disconnect();
    await server.holds(0, "offline_message");
    await server.crash();
    assert.deepEqual(await everything(await server.connect("romeo@example.com/orchard")), []);
  },
);

restarting("after a crash: a client that was connected binds anew, and gets nothing twice", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await server.restart();
  const juliet = await server.connect("juliet@example.com/balcony");
  await juliet.sends(chat(romeo.client, "1"));
  const back = await server.resume(romeo, 0);
  await back.receives(`<resumed ${sm}/>`);
  await back.receives("<message id='1'/>");
  await server.crash();
  const refused = await server.resume(romeo, 1);
  const failed = await refused.receives(`<failed ${sm}/>`);
  assert.equal(failed.attrs.h, undefined, "it has no count that is certain");
  assert.deepEqual(await everything(await server.connect("romeo@example.com/orchard")), []);
});

restarting("after a crash: what a connected client has not answered for is kept for the next one", async (server) => {
  const romeo = await server.connect("romeo@example.com/orchard");
  await romeo.exchange(`<enable ${sm}/>`, `<enabled ${sm}/>`);
  const juliet = await server.connect("juliet@example.com/balcony");
  await juliet.sends(chat("romeo@example.com", "1"));
  await romeo.receives("<message id='1'/>");
  await romeo.receives(`<r ${sm}/>`);
  await server.holds(1, "sm_session"); // it seems to be away
  await romeo.sends(`<a ${sm} h='1'/>`);
  await server.holds(0, "sm_session");
  await juliet.sends(chat("romeo@example.com", "2"));
  await server.holds(1, "sm_session");
  await juliet.sends(chat("romeo@example.com", "3"));
  await server.holds(2, "sm_stanza");
  await server.crash();
  const next = await server.connect("romeo@example.com/next");
  assert.deepEqual(
    (await everything(next)).map((stanza) => /id=['"](.)/.exec(stanza)?.[1]),
    ["2", "3"],
  );
  await server.holds(0, "sm_session");
});

restarting("after a crash: a client that comes back under its address is still in the room", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connect("juliet@example.com/balcony");
  await enterRoom(romeo.client, "Romeo", true);
  await enterRoom(juliet, "Juliet");
  await server.holds(2, "muc_occupant");
  await server.crash();
  const again = await server.connect("juliet@example.com/balcony");
  await enterRoom(again, "Juliet");
  const back = await server.resume(romeo, 0);
  await back.receives(`<failed ${sm}/>`);
  const anew = await server.connect(romeo.client.toString());
  await enterRoom(anew, "Romeo");
  assert.deepEqual(await everything(again), []);
});

restarting("those who were shown presence directly learn of the end after a restart", gone, async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await romeo.client.sends("<presence to='juliet@example.com'/>");
  await romeo.client.settles();
  await server.restart();
  const juliet = await server.connect("juliet@example.com/balcony");
  await juliet.receives(`<presence from='${romeo.client}' type='unavailable'/>`);
});

restarting("nobody resumes the session of another after a restart", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connectManaged("juliet@example.com/balcony");
  await server.restart();
  const thief = await server.resume({ client: juliet.client, id: romeo.id }, 0);
  const failed = await thief.receives(`<failed ${sm}/>`);
  assert.equal(failed.attrs.h, undefined);
  await (await server.resume(romeo, 0)).receives(`<resumed ${sm}/>`);
});

restarting("a client that closed its stream before the stop has no session", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await romeo.client.disconnect();
  await server.restart();
  assert.equal(server.assembly.hosts.get("example.com")!.sessions.size, 0);
});

restarting("a room that is being made is there after a restart, with who makes it", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await enterRoom(romeo.client, "Romeo");
  const handled = handledBy(romeo.client);
  await server.restart();
  const back = await server.resume(romeo, handled);
  await back.receives(`<resumed ${sm}/>`);
  await back.sends("<message to='garden@conference.example.com' type='groupchat' id='1'><body>Here?</body></message>");
  await back.receives("<message id='1' from='garden@conference.example.com/Romeo'/>");
});

restarting("after a crash: what another client was given is not given again", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const home = await server.connect("romeo@example.com/home");
  const juliet = await server.connect("juliet@example.com/balcony");
  await romeo.client.drop();
  await server.holds(1, "sm_session");
  await juliet.sends(chat("romeo@example.com", "1"));
  await juliet.sends(chat(romeo.client, "2"));
  await juliet.settles();
  await home.receives("<message id='1'/>");
  await server.holds(3, "sm_stanza"); // the presence of the other client, too
  await server.crash();
  const later = await server.connect("romeo@example.com/later");
  assert.deepEqual(
    (await everything(later)).map((stanza) => /id=['"](.)/.exec(stanza)?.[1]),
    ["2"],
  );
});

restarting("a disk that fails for a while: at the stop all is written that waits", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connect("juliet@example.com/balcony");
  await romeo.client.drop();
  await server.holds(1, "sm_session");
  await server.db.run(sql`alter table sm_stanza rename to elsewhere`);
  await juliet.sends(chat(romeo.client, "1"));
  await juliet.settles();
  await sleep(50); // it could not be written
  await server.db.run(sql`alter table elsewhere rename to sm_stanza`);
  await juliet.sends(chat(romeo.client, "2"));
  await juliet.settles();
  await server.restart();
  const back = await server.resume(romeo, 0);
  await back.receives(`<resumed ${sm}/>`);
  await back.receives("<message id='1'/>");
  await back.receives("<message id='2'/>");
});

restarting("sessions that cannot be written end, and their messages are kept", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connect("juliet@example.com/balcony");
  await juliet.sends(chat(romeo.client, "1"));
  await romeo.client.receives("<message id='1'/>");
  await server.db.run(sql`alter table sm_session rename to elsewhere`);
  await server.restart(async () => void (await server.db.run(sql`alter table elsewhere rename to sm_session`)));
  const later = await server.connect("romeo@example.com/later");
  await later.receives("<message id='1'/>");
  await (await server.resume(romeo, 0)).receives(`<failed ${sm}/>`);
});

restarting(
  "a session that makes no sense does not keep the server from starting, nor others from coming back",
  async (server) => {
    const romeo = await server.connectManaged("romeo@example.com/orchard");
    const juliet = await server.connectManaged("juliet@example.com/balcony");
    await server.restart(async () => {
      await server.db.run(sql`update sm_session set state = 'nonsense' where id = ${juliet.id}`);
    });
    await (await server.resume(romeo, 0)).receives(`<resumed ${sm}/>`);
    await (await server.resume(juliet, 0)).receives(`<failed ${sm}/>`);
    await server.holds(0, "sm_session");
  },
);

restarting("a request that is never answered keeps nobody from coming back", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connectManaged("juliet@example.com/balcony");
  server.assembly.hosts.get("example.com")!.hooks.on(sending, "check", ({ stanza }) => {
    if (stanza.id === "stuck") return new Promise(() => {});
  });
  await juliet.client.sends("<iq type='get' id='stuck'><query xmlns='jabber:iq:roster'/></iq>");
  await server.restart();
  await (await server.resume(romeo, 0)).receives(`<resumed ${sm} h='0'/>`);
  const back = await server.resume(juliet, 0);
  await back.receives(`<resumed ${sm} h='0'/>`);
  await back.exchange(
    "<iq type='get' id='stuck'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='stuck'/>",
  );
});

restarting("an account that is locked while the server is stopped has no session after it", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  await server.restart(async () => {
    await server.db.run(sql`insert into account_lock (account, since) values ('romeo@example.com', 0)`);
  });
  await server.holds(0, "sm_session");
  assert.equal(server.assembly.hosts.get("example.com")!.sessions.find(romeo.client.jid), undefined);
});

restarting("an account that is deleted leaves no session behind", async (server) => {
  const romeo = await server.connectManaged("romeo@example.com/orchard");
  const juliet = await server.connect("juliet@example.com/balcony");
  await server.restart();
  const again = await server.connect(juliet.toString());
  await again.sends(chat(romeo.client, "1"));
  await server.holds(1, "sm_stanza");
  await removeData(server.db, romeo.client.jid.bare);
  await server.holds(0, "sm_session");
  await server.holds(0, "sm_stanza");
});
