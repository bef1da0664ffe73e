import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { interested, notified, passing, publication, read, reading } from "#test/harness/personal-nodes.ts";
import { scenario } from "#test/harness/scenario.ts";

const native = "urn:xmpp:bookmarks:1";
const play = "<conference xmlns='urn:xmpp:bookmarks:1' name='The Play' autojoin='true'><nick>JC</nick></conference>";
const juliets = "juliet@example.com";
const ours = { skipOn: ["prosody"], why: "has no bookmarks module by itself" };
const published = "<iq type='result' id='publish'/>";

function list(...conferences: string[]): string {
  return `<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>${conferences.join("")}</storage></query>`;
}

function conference(room: string): string {
  return `<conference jid='${room}' name='Room' autojoin='1'><nick>JC</nick></conference>`;
}

async function written(client: Client, ...conferences: string[]): Promise<void> {
  await client.exchange(`<iq type='set' id='write'>${list(...conferences)}</iq>`, "<iq type='result' id='write'/>");
}

scenario("bookmarks: what a modern client saves, an old one finds", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(publication(native, `<item id='play@rooms.example'>${play}</item>`), published);
  await juliet.exchange(
    `<iq type='get' id='old'>${list()}</iq>`,
    `<iq type='result' id='old'>${list("<conference jid='play@rooms.example' name='The Play' autojoin='true'><nick>JC</nick></conference>")}</iq>`,
  );
});

scenario("bookmarks: what an old client saves, a modern one finds, and learns of", ours, async ({ connect }) => {
  const old = await connect("juliet@example.com/pidgin");
  const modern = await connect("juliet@example.com/gajim", { presence: false });
  await interested(modern, native);
  await written(old, conference("a@rooms.example"), conference("b@rooms.example"));
  for (const room of ["a@rooms.example", "b@rooms.example"]) {
    assert.ok((await passing(modern, "presence")).toString().includes(room));
  }
  const kept = "<conference xmlns='urn:xmpp:bookmarks:1' name='Room' autojoin='1'><nick>JC</nick></conference>";
  await modern.exchange(
    reading(juliets, native),
    read(native, `<item id='a@rooms.example'>${kept}</item><item id='b@rooms.example'>${kept}</item>`),
  );
  await written(old, conference("b@rooms.example"));
  assert.match((await modern.next()).toString(), /<retract id=['"]a@rooms\.example/);
  await modern.receivesNothing(); // §5.3.2: nothing of what did not change
});

scenario("bookmarks: the list in a node of XEP-0048 follows, and is followed", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await interested(juliet, "storage:bookmarks");
  await juliet.sends(publication(native, `<item id='play@rooms.example'>${play}</item>`));
  await juliet.receives(published);
  assert.match((await juliet.next()).toString(), /storage:bookmarks.*jid=['"]play@rooms\.example/);
  const storage = `<storage xmlns='storage:bookmarks'>${conference("b@rooms.example")}</storage>`;
  await juliet.sends(publication("storage:bookmarks", `<item id='current'>${storage}</item>`));
  await juliet.receives(published);
  await juliet.receives("<message><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>");
  const items = await juliet.exchange(reading(juliets, native), read(native, "<item id='b@rooms.example'/>"));
  assert.ok(!items.toString().includes("play@rooms.example"));
});

scenario("bookmarks: what only the modern form has survives an old client", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const rich = play.replace("</nick>", "</nick><extensions><pin xmlns='urn:example:pin'/></extensions>");
  await juliet.exchange(publication(native, `<item id='play@rooms.example'>${rich}</item>`), published);
  await written(juliet, conference("play@rooms.example"));
  await juliet.exchange(
    reading(juliets, native),
    read(
      native,
      `<item id='play@rooms.example'><conference xmlns='urn:xmpp:bookmarks:1' name='Room'>
        <extensions><pin xmlns='urn:example:pin'/></extensions></conference></item>`,
    ),
  );
});

scenario("bookmarks: what is no room is left out", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await written(
    juliet,
    "<conference jid='@'/>",
    "<url name='A page' url='https://example.com/'/>",
    conference("a@rooms.example"),
  );
  await juliet.exchange(
    `<iq type='get' id='old'>${list()}</iq>`,
    `<iq type='result' id='old'>${list("<conference jid='a@rooms.example'/>", "<url name='A page'/>")}</iq>`,
  );
});

scenario(
  "bookmarks: under an alias of the domain the same rooms are read and written under that alias",
  { domains: ["obs.example"], aliases: { "obs.example": ["jabber.obs.example"] }, ...ours },
  async ({ connect }) => {
    const face = await connect("juliet@obs.example/balcony", { face: "jabber.obs.example" });
    const canonical = await connect("juliet@obs.example/phone");
    await interested(canonical, native);
    await face.exchange(
      publication(native, `<item id='play@conference.jabber.obs.example'>${play}</item>`),
      "<iq><pubsub><publish><item id='play@conference.jabber.obs.example'/></publish></pubsub></iq>".replace(
        "<pubsub",
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'",
      ),
    );
    await canonical.receives(notified("juliet@obs.example", native, "<item id='play@conference.obs.example'/>"));
    await written(face, conference("play@conference.jabber.obs.example"));
    // The same room: changed, not saved a second time.
    await canonical.receives(notified("juliet@obs.example", native, "<item id='play@conference.obs.example'/>"));
    await canonical.receivesNothing();
    await canonical.exchange(
      reading("juliet@obs.example", native),
      read(native, "<item id='play@conference.obs.example'/>"),
    );
    await face.exchange(
      reading("juliet@jabber.obs.example", native),
      read(native, "<item id='play@conference.jabber.obs.example'/>"),
    );
  },
);
