import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import type { Wire } from "#test/harness/wire.ts";

const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
const bindNs = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'";
const plain = (text: string) => Buffer.from(text).toString("base64");
const auth = (secret: string, mechanism = "PLAIN") => `<auth ${sasl} mechanism='${mechanism}'>${secret}</auth>`;

async function loggedIn(wire: Wire, user = "romeo"): Promise<void> {
  await wire.opens("example.com");
  wire.writes(auth(plain(`\0${user}\0pencil`)));
  await wire.receives(`<success ${sasl}/>`);
  await wire.opens("example.com");
}

scenario("a wrong password and an unknown person get the same answer", async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await client.opens("example.com");
  client.writes(auth(plain("\0romeo\0wrong")));
  const first = await client.receives(`<failure ${sasl}><not-authorized/></failure>`);
  client.writes(auth(plain("\0nobody\0wrong")));
  const second = await client.receives(`<failure ${sasl}><not-authorized/></failure>`);
  assert.ok(first.equals(second));
});

scenario("after a wrong password the right one still lets in", async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await client.opens("example.com");
  client.writes(auth(plain("\0romeo\0wrong")));
  await client.receives(`<failure ${sasl}><not-authorized/></failure>`);
  client.writes(auth(plain("\0romeo\0pencil")));
  await client.receives(`<success ${sasl}/>`);
});

const ours = { skipOn: ["prosody"], why: "conditions and counts differ" };

const failures: readonly [name: string, sent: string, condition: string][] = [
  ["an unknown mechanism", auth("", "GUESS"), "invalid-mechanism"],
  ["no mechanism", `<auth ${sasl}/>`, "invalid-mechanism"],
  ["base64 that is none", auth("!!!!"), "incorrect-encoding"],
  ["base64 of a wrong length", auth("AGE"), "incorrect-encoding"],
  ["a response to nothing", `<response ${sasl}>AGE=</response>`, "malformed-request"],
  ["a message without its parts", auth(plain("romeo")), "malformed-request"],
  ["somebody else's identity", auth(plain("juliet@example.com\0romeo\0pencil")), "invalid-authzid"],
  ["an empty password", auth(plain("\0romeo\0")), "not-authorized"],
  ["an abort", `<abort ${sasl}/>`, "aborted"],
];
for (const [name, sent, condition] of failures) {
  scenario(`login refused with ${condition}: ${name}`, ours, async ({ wire, account }) => {
    await account("romeo@example.com");
    const client = await wire();
    await client.opens("example.com");
    client.writes(sent);
    await client.receives(`<failure ${sasl}><${condition}/></failure>`);
    client.writes(auth(plain("\0romeo\0pencil")));
    await client.receives(`<success ${sasl}/>`);
  });
}

scenario(
  "a client that first tries what it cannot do still gets in with what it can",
  ours,
  async ({ wire, account }) => {
    await account("romeo@example.com");
    const client = await wire();
    await client.opens("example.com");
    for (const mechanism of ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "DIGEST-MD5"]) {
      client.writes(auth(plain("p=tls-unique,,n=romeo,r=abcdefghijklmnop"), mechanism));
      await client.receives(`<failure ${sasl}/>`);
    }
    client.writes(auth(plain("\0romeo\0pencil")));
    await client.receives(`<success ${sasl}/>`);
  },
);

scenario("a dozen failures of any kind close the connection", ours, async ({ wire }) => {
  const client = await wire();
  await client.opens("example.com");
  for (let count = 0; count < 12; count++) {
    client.writes(auth("", "GUESS"));
    await client.receives(`<failure ${sasl}/>`);
  }
  await client.receives("<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await client.receivesEnd();
});

scenario(
  "wrong passwords close the connection after a few",
  { ...ours, settings: { c2s: { "login-attempts": 3 } } },
  async ({ wire, account }) => {
    await account("romeo@example.com");
    const client = await wire();
    await client.opens("example.com");
    for (let count = 0; count < 3; count++) {
      client.writes(auth(plain("\0romeo\0wrong")));
      await client.receives(`<failure ${sasl}/>`);
    }
    await client.receives(
      "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    await client.receivesEnd();
  },
);

scenario(
  "PLAIN in a first response that is asked for",
  { skipOn: ["prosody"], why: "it wants the first response at once" },
  async ({ wire, account }) => {
    await account("romeo@example.com");
    const client = await wire();
    await client.opens("example.com");
    client.writes(`<auth ${sasl} mechanism='PLAIN'/>`);
    await client.receives(`<challenge ${sasl}/>`);
    client.writes(`<response ${sasl}>${plain("\0romeo\0pencil")}</response>`);
    await client.receives(`<success ${sasl}/>`);
  },
);

scenario("the login is case-folded: Romeo and romeo are one person", async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await loggedIn(client, "ROMEO");
  client.writes(`<iq type='set' id='b'><bind ${bindNs}><resource>x</resource></bind></iq>`);
  await client.receives(`<iq type='result' id='b'><bind ${bindNs}><jid>romeo@example.com/x</jid></bind></iq>`);
});

scenario("somebody who wants to create an account is told where accounts come from", ours, async ({ wire }) => {
  const client = await wire();
  await client.opens("example.com", "xml:lang='fr'");
  client.writes("<iq type='get' id='r' to='example.com'><query xmlns='jabber:iq:register'/></iq>");
  const answer = await client.receives(
    "<iq type='error' id='r'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  assert.match(answer.toString(), /établissement/);
  client.writes(auth(plain("\0nobody\0wrong")));
  await client.receives(`<failure ${sasl}/>`);
});

scenario("before a resource is bound no stanza is taken", ours, async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await loggedIn(client);
  client.writes("<message to='juliet@example.com'><body>Hi</body></message>");
  await client.receives("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await client.receivesEnd();
});

scenario("without a resource of its own a client gets one, each time another", async ({ connect }) => {
  const one = await connect("romeo@example.com", { presence: false });
  const other = await connect("romeo@example.com", { presence: false });
  assert.notEqual(one.jid.resource, "");
  assert.notEqual(one.jid.resource, other.jid.resource);
});

scenario("a resource that cannot be one is refused, and another may be tried", ours, async ({ wire, account }) => {
  await account("romeo@example.com");
  const client = await wire();
  await loggedIn(client);
  client.writes(`<iq type='set' id='1'><bind ${bindNs}><resource>${"x".repeat(1024)}</resource></bind></iq>`);
  await client.receives(
    "<iq type='error' id='1'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  client.writes(`<iq type='set' id='2'><bind ${bindNs}/></iq>`);
  await client.receives(`<iq type='result' id='2'><bind ${bindNs}><jid>romeo@example.com/…</jid></bind></iq>`);
});

scenario("the same resource again: the old session ends with a conflict", async ({ connect }) => {
  const old = await connect("romeo@example.com/orchard", { presence: false });
  const young = await connect("romeo@example.com/orchard", { presence: false });
  await old.wire.receives("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await old.wire.receivesEnd();
  await young.receivesNothing();
});

scenario(
  "conflict: rename gives the new client another resource",
  { ...ours, settings: { c2s: { conflict: "rename" } } },
  async ({ connect }) => {
    const old = await connect("romeo@example.com/orchard", { presence: false });
    const young = await connect("romeo@example.com/orchard", { presence: false });
    assert.notEqual(young.jid.resource, "orchard");
    await old.receivesNothing();
  },
);

scenario(
  "conflict: refuse keeps the old session",
  { ...ours, settings: { c2s: { conflict: "refuse" } } },
  async ({ connect, wire }) => {
    const old = await connect("romeo@example.com/orchard", { presence: false });
    const client = await wire();
    await loggedIn(client);
    client.writes(`<iq type='set' id='1'><bind ${bindNs}><resource>orchard</resource></bind></iq>`);
    await client.receives(
      "<iq type='error' id='1'><error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await old.receivesNothing();
  },
);

scenario(
  "an account has only so many sessions",
  { ...ours, settings: { c2s: { resources: 2 } } },
  async ({ connect, wire }) => {
    await connect("romeo@example.com/1", { presence: false });
    await connect("romeo@example.com/2", { presence: false });
    const client = await wire();
    await loggedIn(client);
    client.writes(`<iq type='set' id='1'><bind ${bindNs}><resource>3</resource></bind></iq>`);
    await client.receives(
      "<iq type='error' id='1'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
  },
);

scenario("an old client asks for a session and gets it", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(
    "<iq type='set' id='s' to='example.com'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    "<iq type='result' id='s'/>",
  );
});

scenario("a second bind on one stream is not allowed", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(
    `<iq type='set' id='b'><bind ${bindNs}><resource>two</resource></bind></iq>`,
    "<iq type='error' id='b'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario(
  "a silent client is asked whether it is there, and shown out if it is not",
  { ...ours, settings: { c2s: { idle: "50 ms", "idle-answer": "200 ms" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    const question = await romeo.receives("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
    await romeo.sends(`<iq type='result' id='${question.attrs.id}' to='example.com'/>`);
    await romeo.receives("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
    await romeo.wire.receives(
      "<stream:error><connection-timeout xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
  },
);

scenario(
  "a client that sends too fast is read more slowly, and loses nothing",
  { ...ours, settings: { c2s: { rate: "200 KiB", burst: "20 KiB" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const words = "x".repeat(1_000);
    for (let number = 0; number < 60; number++) {
      await romeo.sends(`<message to='${juliet}' id='${number}' type='chat'><body>${words}</body></message>`);
    }
    for (let number = 0; number < 60; number++) await juliet.receives(`<message id='${number}'/>`);
  },
);
