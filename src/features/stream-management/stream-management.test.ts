import assert from "node:assert/strict";
import { Jid } from "#jid/jid.ts";
import { Client } from "#test/harness/client.ts";
import { authenticate, type Stage, scenario } from "#test/harness/scenario.ts";

const sm = "xmlns='urn:xmpp:sm:3'";
const ours = { skipOn: ["prosody"], why: "asks for acknowledgements in its own rhythm" };

async function enable(client: Client): Promise<string> {
  const enabled = await client.exchange(
    `<enable ${sm} resume='true'/>`,
    `<enabled ${sm} resume='true' id='…' max='…'/>`,
  );
  return enabled.attrs.id!;
}

/** A new connection of the same person that asks to go on where the old one broke. */
async function resume(stage: Stage, jid: Jid, id: string, handled: number): Promise<Client> {
  const wire = await stage.wire();
  await authenticate(wire, jid);
  wire.writes(`<resume ${sm} previd='${id}' h='${handled}'/>`);
  return new Client(jid, wire);
}

/** The server's question, answered. */
async function acknowledge(client: Client, handled: number): Promise<void> {
  await client.receives(`<r ${sm}/>`);
  await client.sends(`<a ${sm} h='${handled}'/>`);
}

scenario("offered once a client is authenticated", async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  const { features } = await client.opens("example.com");
  assert.ok(!features.elements.some((one) => one.name === "sm"));
  const other = await wire();
  await authenticate(other, Jid.parse("romeo@example.com"));
  assert.match(other.received, /<sm xmlns=['"]urn:xmpp:sm:3['"]/);
});

scenario("the client learns what the server has handled, at any time", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await enable(romeo);
  await romeo.exchange(`<r ${sm}/>`, `<a ${sm} h='0'/>`);
  for (let count = 0; count < 3; count++)
    await romeo.sends("<message to='romeo@example.com/nowhere' type='headline'/>");
  await romeo.sends("<presence/>");
  await romeo.sends(`<r ${sm}/>`);
  const answers: string[] = [];
  for (;;) {
    const element = await romeo.next();
    if (element.name === "a") {
      answers.push(element.attrs.h!);
      break;
    }
  }
  assert.deepEqual(answers, ["4"]);
});

scenario("the server asks what the client has handled", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(romeo);
  for (let number = 0; number < 8; number++) await juliet.sends(`<message to='${romeo}' type='chat' id='${number}'/>`);
  for (let number = 0; number < 8; number++) await romeo.receives(`<message id='${number}'/>`);
  await acknowledge(romeo, 8);
  await romeo.receivesNothing();
});

scenario("after a quiet second the server asks about a single message too", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enable(romeo);
  await juliet.sends(`<message to='${romeo}' type='chat' id='1'><body>x</body></message>`);
  await romeo.receives("<message id='1'/>");
  await acknowledge(romeo, 1);
});

scenario("a broken connection is taken up where it broke: nothing lost, nothing twice", async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  const id = await enable(romeo);
  await juliet.sends(`<message to='${romeo}' type='chat' id='1'><body>one</body></message>`);
  await romeo.receives("<message id='1'/>");
  await juliet.sends(`<message to='${romeo}' type='chat' id='2'><body>two</body></message>`);
  await juliet.settles();
  await romeo.drop();
  await juliet.sends(`<message to='romeo@example.com' type='chat' id='3'><body>three</body></message>`);
  await juliet.receivesNothing();
  const back = await resume(stage, romeo.jid, id, 1);
  await back.receives(`<resumed ${sm} previd='${id}' h='0'/>`);
  await back.receives("<message id='2'><body>two</body></message>");
  await back.receives("<message id='3'><body>three</body></message>");
  await back.receives(`<r ${sm}/>`);
  await back.sends(`<a ${sm} h='3'/>`);
  await juliet.sends(`<message to='${romeo}' type='chat' id='4'><body>four</body></message>`);
  await back.receives("<message id='4'/>");
  await back.sends(`<message to='${juliet}' type='chat' id='5'><body>five</body></message>`);
  await juliet.receives(`<message from='${romeo}' id='5'/>`);
});

scenario("contacts do not see a short interruption", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const home = await stage.connect("romeo@example.com/home");
  await home.receives(`<presence from='${romeo}'/>`);
  const id = await enable(romeo);
  await romeo.drop();
  await home.receivesNothing();
  const back = await resume(stage, romeo.jid, id, 0);
  await back.receives(`<resumed ${sm}/>`);
  await home.receivesNothing();
});

scenario("a client resumes while its old connection still seems alive: the old one is told", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const id = await enable(romeo);
  const back = await resume(stage, romeo.jid, id, 0);
  await back.receives(`<resumed ${sm}/>`);
  await romeo.wire.receives("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await back.sends(`<message to='${romeo}' type='chat' id='1'><body>me</body></message>`);
  await back.receives("<message id='1'/>");
});

scenario("nobody resumes the session of another", async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await stage.account("juliet@example.com");
  const id = await enable(romeo);
  await romeo.drop();
  const thief = await resume(stage, Jid.parse("juliet@example.com/balcony"), id, 0);
  await thief.receives(`<failed ${sm}><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
  const back = await resume(stage, romeo.jid, id, 0);
  await back.receives(`<resumed ${sm}/>`);
});

scenario("a session that cannot be resumed: the client binds anew on the same stream", async (stage) => {
  await stage.account("romeo@example.com");
  const client = await resume(stage, Jid.parse("romeo@example.com/orchard"), "unknown", 0);
  await client.receives(`<failed ${sm}><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
  await client.sends("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await client.receives("<iq type='result' id='b'/>");
});

scenario(
  "a client that does not come back: what it did not get is kept, stamped, for the next login",
  { ...ours, settings: { "stream-management": { resumable: "50 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    const id = await enable(romeo);
    await romeo.drop();
    await juliet.sends(`<message to='${romeo}' type='chat' id='1'><body>one</body></message>`);
    await juliet.receivesNothing();
    await new Promise((resolve) => setTimeout(resolve, 150));
    const later = await stage.connect("romeo@example.com/later");
    await later.receives("<message id='1'><body>one</body><delay xmlns='urn:xmpp:delay'/></message>");
    const back = await resume(stage, romeo.jid, id, 0);
    await back.receives(`<failed ${sm} h='0'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
  },
);

scenario(
  "what a lost client did not get goes to the other client that is there",
  { ...ours, settings: { "stream-management": { resumable: "50 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const home = await stage.connect("romeo@example.com/home");
    const juliet = await stage.connect("juliet@example.com/balcony");
    await enable(romeo);
    await romeo.drop();
    await juliet.sends(`<message to='${romeo}' type='chat' id='full'><body>one</body></message>`);
    await juliet.sends("<message to='romeo@example.com' type='chat' id='bare'><body>two</body></message>");
    await home.receives("<message id='bare'/>");
    await home.receives("<message id='full'><body>one</body></message>");
    await home.receivesNothing();
  },
);

scenario(
  "a request that a lost client did not answer is refused when its session ends",
  { ...ours, settings: { "stream-management": { resumable: "50 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    await enable(romeo);
    await romeo.drop();
    await juliet.exchange(
      `<iq to='${romeo}' type='get' id='1'><query xmlns='jabber:iq:version'/></iq>`,
      "<iq type='error' id='1'><error><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
  },
);

scenario("a client that closes its stream is gone at once, and cannot resume", async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const id = await enable(romeo);
  await romeo.disconnect();
  const back = await resume(stage, romeo.jid, id, 0);
  await back.receives(`<failed ${sm}/>`);
});

scenario("more acknowledged than sent ends the stream", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await enable(romeo);
  await romeo.sends(`<a ${sm} h='10'/>`);
  await romeo.wire.receives(
    `<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><handled-count-too-high ${sm} h='10' send-count='0'/></stream:error>`,
  );
});

scenario(
  "the question whether a client is there counts as a stanza",
  { ...ours, settings: { c2s: { idle: "50 ms", "idle-answer": "10 s" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await enable(romeo);
    const question = await romeo.receives("<iq type='get' from='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
    await romeo.sends(`<iq type='result' id='${question.attrs.id}' to='example.com'/><a ${sm} h='1'/>`);
    await romeo.exchange(`<r ${sm}/>`, `<a ${sm} h='1'/>`);
  },
);

const misuse: readonly [name: string, sent: string, condition: string][] = [
  ["a count that is none", `<a ${sm} h='many'/>`, "bad-request"],
  ["a second enable", `<enable ${sm}/>`, "unexpected-request"],
  ["a resume on a bound stream", `<resume ${sm} previd='x' h='0'/>`, "unexpected-request"],
];
for (const [name, sent, condition] of misuse) {
  scenario(`refused: ${name}`, ours, async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await enable(romeo);
    await romeo.exchange(sent, `<failed ${sm}><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
  });
}

scenario("enable before binding is refused, and binding goes on", ours, async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await authenticate(client, Jid.parse("romeo@example.com"));
  client.writes(`<enable ${sm}/>`);
  await client.receives(`<failed ${sm}><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
});

scenario(
  "a client that never acknowledges is cut off before it costs too much, and loses nothing",
  { ...ours, settings: { "stream-management": { unacknowledged: 20 } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await enable(romeo);
    for (let number = 0; number <= 20; number++) {
      await juliet.sends(`<message to='romeo@example.com' type='chat' id='${number}'><body>x</body></message>`);
    }
    await juliet.settles();
    const later = await connect("romeo@example.com/later");
    for (let number = 0; number <= 20; number++) await later.receives(`<message id='${number}'/>`);
  },
);

scenario("without resumption a broken connection ends the session, and nothing is lost", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.exchange(`<enable ${sm}/>`, `<enabled ${sm}/>`);
  await juliet.sends(`<message to='${romeo}' type='chat' id='1'><body>one</body></message>`);
  await romeo.receives("<message id='1'/>");
  await romeo.drop();
  await juliet.settles();
  const later = await connect("romeo@example.com/later");
  await later.receives("<message id='1'><body>one</body></message>");
});

scenario(
  "what came while a lost client was the only one goes to the client that came since",
  { ...ours, settings: { "stream-management": { resumable: "300 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    await enable(romeo);
    await romeo.drop();
    await juliet.sends("<message to='romeo@example.com' type='chat' id='1'><body>one</body></message>");
    await juliet.settles();
    const later = await stage.connect("romeo@example.com/later");
    await later.receives("<message id='1'><body>one</body></message>");
    await later.receivesNothing();
  },
);
