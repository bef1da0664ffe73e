import assert from "node:assert/strict";
import { MemoryPeople } from "#test/harness/people.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"] }, { domains: ["two.example"] }];
const uncertified = { s2s: { dialback: "allowed" } };
const withDialback = [
  { domains: ["one.example"], settings: uncertified },
  { domains: ["two.example"], settings: uncertified },
];

scenario("s2s: a chat between two servers, both ways", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await romeo.sends(`<message to='juliet@two.example' type='chat'><body>Hi</body></message>`);
  await juliet.receives(`<message from='${romeo}' to='juliet@two.example' type='chat'><body>Hi</body></message>`);
  await juliet.sends(`<message to='${romeo}' type='chat'><body>Good night</body></message>`);
  await romeo.receives(`<message from='${juliet}' to='${romeo}' type='chat'><body>Good night</body></message>`);
  assert.deepEqual(
    [internet.dialled.get("two.example"), internet.dialled.get("one.example")],
    [1, undefined], // one connection for both directions
  );
});

scenario(
  "s2s: with dialback, where no certificate is good",
  { servers: withDialback },
  async ({ connect, servers }) => {
    for (const { site } of servers) site.certificate = "untrusted";
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await romeo.sends(`<message to='juliet@two.example' type='chat'><body>Hi</body></message>`);
    await juliet.receives(`<message from='${romeo}' type='chat'/>`);
    await juliet.sends(`<message to='${romeo}' type='chat'><body>Hi</body></message>`);
    await romeo.receives(`<message from='${juliet}' type='chat'/>`);
    const [seen] = servers[0]!.target.assembly!.server.router.federation!.list();
    assert.deepEqual(
      { ...seen, since: "" },
      {
        domain: "two.example",
        local: "one.example",
        direction: "both",
        state: "open",
        authentication: "dialback",
        encrypted: true,
        since: "",
        waiting: 0,
      },
    );
  },
);

scenario(
  "s2s: without client certificates, dialback over trusted ones (the default)",
  { servers },
  async ({ connect, servers }) => {
    for (const { site } of servers) site.certificate = "valid";
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await romeo.sends(`<message to='juliet@two.example' type='chat'><body>Hi</body></message>`);
    await juliet.receives(`<message from='${romeo}' type='chat'/>`);
  },
);

scenario(
  "s2s: each direction over a connection of its own, where one does not want both",
  {
    servers: [{ domains: ["one.example"], settings: { s2s: { bidirectional: false } } }, { domains: ["two.example"] }],
  },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await romeo.sends(`<message to='juliet@two.example' type='chat'><body>Hi</body></message>`);
    await juliet.receives(`<message from='${romeo}' type='chat'/>`);
    await juliet.sends(`<message to='${romeo}' type='chat'><body>Hi</body></message>`);
    await romeo.receives(`<message from='${juliet}' type='chat'/>`);
    assert.deepEqual([internet.dialled.get("two.example"), internet.dialled.get("one.example")], [1, 1]);
  },
);

scenario("s2s: subscription, presence and probes", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await romeo.exchange("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", "<iq type='result' id='r'/>");
  await romeo.sends("<presence type='subscribe' to='juliet@two.example'/>");
  await juliet.receives("<presence type='subscribe' from='romeo@one.example'/>");
  await juliet.sends("<presence type='subscribed' to='romeo@one.example'/>");
  await romeo.receivesInAnyOrder(
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='juliet@two.example' ask='subscribe'/></query></iq>",
    "<presence type='subscribed' from='juliet@two.example'/>",
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='juliet@two.example' subscription='to'/></query></iq>",
    `<presence from='${juliet}'/>`,
  );
  await juliet.sends("<presence><show>away</show></presence>");
  await romeo.receives(`<presence from='${juliet}'><show>away</show></presence>`);
  // A new client learns of it by a probe.
  const home = await connect("romeo@one.example/home", { presence: false });
  await home.sends("<presence/>");
  for (;;) {
    const presence = await home.next("the presence of the contact");
    if (presence.attrs.from === juliet.toString()) break;
  }
  await romeo.receives(`<presence from='${home}'/>`);
  await juliet.disconnect();
  await romeo.receives(`<presence type='unavailable' from='${juliet}'/>`);
});

const room = "garden@conference.two.example";
const muc = "<x xmlns='http://jabber.org/protocol/muc'/>";

scenario("s2s: a room is joined from outside, and spoken in both ways", { servers }, async ({ connect }) => {
  const juliet = await connect("juliet@two.example/balcony");
  const romeo = await connect("romeo@one.example/orchard");
  await juliet.sends(`<presence to='${room}/juliet'>${muc}</presence>`);
  await juliet.receives(`<presence from='${room}/juliet'/>`);
  await juliet.receives("<message><subject/></message>");
  await juliet.exchange(
    `<iq type='set' id='c' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
    "<iq type='result' id='c'/>",
  );
  await romeo.sends(`<presence to='${room}/romeo'>${muc}</presence>`);
  await romeo.receives(`<presence from='${room}/juliet'/>`);
  await romeo.receives(`<presence from='${room}/romeo'/>`);
  await romeo.receives("<message><subject/></message>");
  await juliet.receives(`<presence from='${room}/romeo'/>`);
  await romeo.sends(`<message type='groupchat' to='${room}' id='1'><body>Hello all</body></message>`);
  await juliet.receives(`<message type='groupchat' from='${room}/romeo'><body>Hello all</body></message>`);
  await romeo.receives(`<message type='groupchat' from='${room}/romeo' id='1'/>`);
  await juliet.sends(`<message type='chat' to='${room}/romeo'><body>In private</body></message>`);
  await romeo.receives(`<message type='chat' from='${room}/juliet'><body>In private</body></message>`);
  await romeo.drop();
  await juliet.receives(`<presence type='unavailable' from='${room}/romeo'/>`);
});

scenario("s2s: requests cross: vCard, ping, and what does not exist", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.exchange(
    "<iq type='set' id='1'><vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard></iq>",
    "<iq type='result' id='1'/>",
  );
  await romeo.exchange(
    "<iq type='get' id='2' to='juliet@two.example'><vCard xmlns='vcard-temp'/></iq>",
    "<iq type='result' id='2' from='juliet@two.example'><vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard></iq>",
  );
  await romeo.exchange(
    "<iq type='get' id='3' to='two.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='3' from='two.example'/>",
  );
  await romeo.exchange(
    "<message type='chat' id='4' to='nobody@two.example'><body>Hi</body></message>",
    "<message type='error' id='4' from='nobody@two.example'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
  );
});

scenario("s2s: blocking works across servers", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.exchange(
    "<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='romeo@one.example'/></block></iq>",
    "<iq type='result' id='1'/>",
  );
  await romeo.sends("<message type='chat' id='2' to='juliet@two.example'><body>Hi</body></message>");
  await romeo.receives("<message type='error' id='2'/>");
  await juliet.receivesNothing();
});

const faces = [{ domains: ["one.example"], aliases: { "one.example": ["lab.example"] } }, { domains: ["two.example"] }];

scenario(
  "s2s: a contact elsewhere always sees the address that it wrote to",
  { servers: faces },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends("<message type='chat' to='romeo@lab.example' id='1'><body>Hi</body></message>");
    await romeo.receives(`<message from='${juliet}' to='romeo@one.example' id='1'/>`);
    await romeo.sends(`<message type='chat' to='${juliet}' id='2'><body>Hi</body></message>`);
    await juliet.receives("<message from='romeo@lab.example/orchard' id='2'/>");
    await juliet.sends("<message type='chat' to='romeo@lab.example/orchard' id='3'><body>Hi</body></message>");
    await romeo.receives(`<message to='${romeo}' id='3'/>`);
    await romeo.sends("<message type='chat' to='nobody@two.example' id='4'><body>Hi</body></message>");
    await romeo.receives("<message type='error' id='4' from='nobody@two.example'/>");
  },
);

scenario("s2s: an error of ours finds a sender with an alias", { servers: faces }, async ({ connect, servers }) => {
  const romeo = await connect("romeo@one.example/orchard", { face: "lab.example" });
  await servers[1]!.stop();
  await romeo.sends("<message type='chat' to='juliet@two.example' id='1'><body>Hi</body></message>");
  await romeo.receives("<message type='error' id='1' to='romeo@lab.example/orchard' from='juliet@two.example'/>");
});

scenario("s2s: when the other server restarts, messages follow", { servers }, async ({ connect, servers }) => {
  const romeo = await connect("romeo@one.example/orchard");
  await connect("juliet@two.example/balcony");
  await romeo.exchange(
    "<iq type='get' id='1' to='two.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='1'/>",
  );
  await servers[1]!.stop();
  await servers[1]!.start();
  const juliet = await connect("juliet@two.example/balcony");
  await romeo.sends("<message type='chat' to='juliet@two.example' id='2'><body>Hi</body></message>");
  await juliet.receives("<message id='2'/>");
  await juliet.sends(`<message type='chat' to='${romeo}' id='3'><body>Hi</body></message>`);
  await romeo.receives("<message id='3'/>");
});

scenario("s2s: a broken network loses nothing", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  const seen = new Set<string>();
  const write = async (id: string) => {
    await romeo.sends(`<message type='chat' to='juliet@two.example' id='${id}'><body>Hi</body></message>`);
  };
  const reads = async (id: string) => {
    while (!seen.has(id)) seen.add((await juliet.next("a message")).attrs.id!);
  };
  await write("1");
  await reads("1");
  await write("2");
  internet.cut();
  await write("3");
  await reads("3");
  internet.cut();
  await write("4");
  await reads("4");
  assert.deepEqual([...seen], ["1", "2", "3", "4"]); // in order; one may come twice
  assert.ok((internet.dialled.get("two.example") ?? 0) > 1);
});

scenario("s2s: both open a connection at the same time", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await Promise.all([
    romeo.sends(`<message type='chat' to='${juliet}' id='1'/>`),
    juliet.sends(`<message type='chat' to='${romeo}' id='2'/>`),
  ]);
  await juliet.receives("<message id='1'/>");
  await romeo.receives("<message id='2'/>");
  await romeo.sends(`<message type='chat' to='${juliet}' id='3'/>`);
  await juliet.receives("<message id='3'/>");
});

scenario(
  "s2s: groups of the directory may, or may not, talk to other servers",
  {
    servers: [
      {
        domains: ["one.example"],
        settings: { s2s: { groups: { "may-not": ["Interns"] } } },
        people: {
          "one.example": new MemoryPeople(
            [{ user: "romeo" }, { user: "paris", mail: ["count.paris@one.example"] }],
            [{ id: "i", name: "Interns", members: new Set(["paris"]) }],
          ),
        },
      },
      { domains: ["two.example"] },
    ],
  },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const paris = await connect("paris@one.example/tomb");
    const juliet = await connect("juliet@two.example/balcony");
    await paris.exchange(
      `<message type='chat' to='${juliet}' id='1'><body>Hi</body></message>`,
      "<message type='error' id='1'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>By the rules of your institution…</text></error></message>",
    );
    await romeo.sends(`<message type='chat' to='${juliet}' id='2'><body>Hi</body></message>`);
    await juliet.receives("<message id='2'/>");
    await juliet.exchange(
      "<message type='chat' to='paris@one.example' id='3'><body>Hi</body></message>",
      "<message type='error' id='3' from='paris@one.example'/>",
    );
    await juliet.exchange(
      "<message type='chat' to='count.paris@one.example' id='4'><body>Hi</body></message>",
      "<message type='error' id='4'/>",
    );
    await paris.receivesNothing();
  },
);

scenario(
  "s2s: somebody elsewhere writes to a mail address of the institution",
  {
    servers: [
      {
        domains: ["one.example"],
        people: {
          "one.example": new MemoryPeople([
            { user: "romeo", displayName: "Romeo Montague", mail: ["romeo.montague@one.example"] },
          ]),
        },
      },
      { domains: ["two.example"] },
    ],
  },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends("<message type='chat' to='romeo.montague@one.example' id='1'><body>Hi</body></message>");
    await romeo.receives(`<message from='${juliet}' to='romeo@one.example' id='1'/>`);
    await romeo.sends(`<message type='chat' to='${juliet}' id='2'><body>Hi</body></message>`);
    await juliet.receives(`<message from='${romeo}' id='2'/>`);
  },
);
