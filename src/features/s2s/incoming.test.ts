import assert from "node:assert/strict";
import { db, opens, RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example", "uno.example"] }];
const hello = (from: string, to: string) =>
  `<message from='${from}' to='${to}' type='chat'><body>Hello</body></message>`;
const streams = "urn:ietf:params:xml:ns:xmpp-streams";
const dialback = "xmlns='urn:xmpp:features:dialback'";
const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";

scenario("s2s: before TLS nothing but TLS is offered, and nothing else is taken", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.dials("one.example");
  opens(wire, { from: "far.example", to: "one.example" });
  const header = await wire.next();
  assert.deepEqual([header.attrs.from, header.attrs.to], ["one.example", "far.example"]);
  assert.match(wire.received, /xmlns:db='jabber:server:dialback'/);
  const features = await wire.receives(
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
  );
  assert.ok(!features.elements.some(({ name }) => name === "mechanisms" || name === "dialback"));
  wire.writes(hello("a@far.example", "b@one.example"));
  await wire.receives(`<stream:error><not-authorized xmlns='${streams}'/></stream:error>`);
  await wire.receivesEnd();
});

scenario(
  "s2s: a certificate that names the domain is enough (EXTERNAL)",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const { wire, features } = await far.encrypts("one.example");
    assert.match(features.toString(), /<mechanism>EXTERNAL<\/mechanism>/);
    assert.match(features.toString(), /<errors\/>/);
    wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>${btoa("far.example")}</auth>`);
    await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    wire.reset();
    opens(wire, { from: "far.example", to: "one.example" });
    await wire.next();
    await wire.receives("<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>");
    wire.writes(hello("a@far.example/x", "romeo@one.example"));
    await romeo.receives(hello("a@far.example/x", "romeo@one.example"));
    assert.equal(far.knocking, 0); // no dialback
  },
);

scenario("s2s: one domain cannot authenticate as another", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const { wire } = await far.encrypts("one.example");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>${btoa("bank.example")}</auth>`);
  await wire.receives("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-authzid/></failure>");
});

for (const certificate of ["expired", "other-name", "untrusted", "none"] as const) {
  scenario(
    `s2s: EXTERNAL is not offered to a certificate that is ${certificate}`,
    { servers },
    async ({ internet }) => {
      const far = new RemoteServer(internet, "far.example");
      far.site.certificate = certificate;
      const { wire, features } = await far.encrypts("one.example");
      assert.ok(!features.elements.some(({ name }) => name === "mechanisms"));
      wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
      await wire.receives("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
    },
  );
}

scenario(
  "s2s: a stanza from a domain that was not proved ends the stream",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example");
    wire.writes(hello("pope@vatican.example", "romeo@one.example"));
    await wire.receives(`<stream:error><invalid-from xmlns='${streams}'/></stream:error>`);
    await wire.receivesEnd();
    await romeo.receivesNothing();
  },
);

scenario("s2s: nobody elsewhere speaks for a domain of ours", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.authenticates("one.example");
  wire.writes(hello("juliet@one.example", "romeo@one.example"));
  await wire.receives(`<stream:error><invalid-from xmlns='${streams}'/></stream:error>`);
  const other = await far.dials("one.example");
  opens(other, { from: "uno.example", to: "one.example" });
  await other.next();
  await other.receives(`<stream:error><invalid-from xmlns='${streams}'/></stream:error>`);
  const third = await far.authenticates("one.example");
  third.writes("<db:result from='uno.example' to='one.example'>key</db:result>");
  await third.receives(`<stream:error><invalid-from xmlns='${streams}'/></stream:error>`);
  await romeo.receivesNothing();
});

scenario("s2s: a stanza to a domain that is not served ends the stream", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.authenticates("one.example");
  wire.writes(hello("a@far.example", "b@elsewhere.example"));
  await wire.receives(`<stream:error><host-unknown xmlns='${streams}'/></stream:error>`);
  await wire.receivesEnd();
  const other = await far.authenticates("one.example");
  other.writes("<message from='a@far.example'><body>to whom?</body></message>");
  await other.receives(`<stream:error><improper-addressing xmlns='${streams}'/></stream:error>`);
});

scenario("s2s: a stream to a domain that is not served is refused", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.dials("one.example");
  opens(wire, { from: "far.example", to: "nobody.example" });
  await wire.next();
  await wire.receives(`<stream:error><host-unknown xmlns='${streams}'/></stream:error>`);
  const client = await far.dials("one.example");
  client.writes(
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='one.example' version='1.0'>",
  );
  await client.next();
  await client.receives(`<stream:error><invalid-namespace xmlns='${streams}'/></stream:error>`);
});

scenario(
  "s2s: a malformed address of a recipient is answered, and ends nothing",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example", "<bidi xmlns='urn:xmpp:bidi'/>");
    wire.writes(hello("a@far.example", "b @one.example"));
    await wire.receives(
      "<message type='error' to='a@far.example'><error><jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    wire.writes(hello("a@far.example", "romeo@one.example"));
    await romeo.receives(hello("a@far.example", "romeo@one.example"));
  },
);

scenario("s2s: without a certificate a domain is asked back (dialback)", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  const { wire } = await far.encrypts("one.example", "other.far.example");
  wire.writes(`<db:result from='far.example' to='one.example'>any-key</db:result>`);
  // The certificate names other.far.example: far.example is asked, whose certificate does name it.
  await far.vouches("valid");
  await wire.receives(`<db:result ${db} from='one.example' to='far.example' type='valid'/>`);
  wire.writes(hello("a@far.example", "romeo@one.example"));
  await romeo.receives(hello("a@far.example", "romeo@one.example"));
});

scenario(
  "s2s: a key that its domain does not know is invalid, and the stream ends",
  { servers },
  async ({ internet }) => {
    const bank = new RemoteServer(internet, "bank.example");
    const thief = new RemoteServer(internet, "thief.example");
    const { wire } = await thief.encrypts("one.example");
    wire.writes("<db:result from='bank.example' to='one.example'>stolen</db:result>");
    await bank.vouches("invalid");
    await wire.receives(`<db:result ${db} from='one.example' to='bank.example' type='invalid'/>`);
    await wire.receivesEnd();
  },
);

scenario(
  "s2s: on a stream with a proved domain a bad key is forbidden, and the stream goes on",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const bank = new RemoteServer(internet, "bank.example");
    const thief = new RemoteServer(internet, "thief.example");
    const wire = await thief.authenticates("one.example");
    wire.writes("<db:result from='bank.example' to='one.example'>stolen</db:result>");
    await bank.vouches("invalid");
    await wire.receives(
      `<db:result ${db} type='error'><error type='cancel'><forbidden xmlns='${stanzas}'/></error></db:result>`,
    );
    wire.writes(hello("a@thief.example", "romeo@one.example"));
    await romeo.receives(hello("a@thief.example", "romeo@one.example"));
  },
);

scenario("s2s: a dialback pair holds for its own two domains only", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const { wire } = await far.encrypts("one.example", "other.far.example");
  wire.writes("<db:result from='far.example' to='one.example'>key</db:result>");
  await far.vouches("valid");
  await wire.receives(`<db:result ${db} type='valid'/>`);
  wire.writes(hello("a@far.example", "b@uno.example"));
  await wire.receives(`<stream:error><invalid-from xmlns='${streams}'/></stream:error>`);
});

scenario("s2s: several domains share a stream once each is proved", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example", ["rooms.far.example"]);
  const wire = await far.authenticates("one.example");
  wire.writes("<db:result from='rooms.far.example' to='one.example'>key</db:result>");
  await far.vouches("valid");
  await wire.receives(`<db:result ${db} from='one.example' to='rooms.far.example' type='valid'/>`);
  wire.writes(hello("r@rooms.far.example/nick", "romeo@one.example"));
  await romeo.receives(hello("r@rooms.far.example/nick", "romeo@one.example"));
  wire.writes("<db:result from='far.example' to='nobody.example'>key</db:result>");
  await wire.receives(`<db:result ${db} type='error'><error><item-not-found xmlns='${stanzas}'/></error></db:result>`);
});

scenario(
  "s2s: dialback can be switched off",
  { servers: [{ domains: ["one.example"], settings: { s2s: { dialback: "never" } } }] },
  async ({ internet }) => {
    const far = new RemoteServer(internet, "far.example");
    far.site.certificate = "untrusted";
    const { wire } = await far.encrypts("one.example");
    wire.writes("<db:result from='far.example' to='one.example'>key</db:result>");
    await wire.receives(
      `<db:result ${db} type='error'><error><not-authorized xmlns='${stanzas}'/></error></db:result>`,
    );
  },
);

scenario(
  "s2s: a domain with a bad certificate is not believed by dialback either",
  { servers },
  async ({ internet }) => {
    const far = new RemoteServer(internet, "far.example");
    far.site.certificate = "untrusted";
    const { wire } = await far.encrypts("one.example");
    wire.writes("<db:result from='far.example' to='one.example'>key</db:result>");
    await far.welcomes(`<dialback ${dialback}/>`);
    await wire.receives(
      `<db:result ${db} type='error'><error><not-authorized xmlns='${stanzas}'/></error></db:result>`,
    );
  },
);

scenario(
  "s2s: … but where the settings allow plain dialback it is",
  {
    servers: [{ domains: ["one.example"], settings: { s2s: { domains: { "far.example": { dialback: "allowed" } } } } }],
  },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    far.site.certificate = "untrusted";
    const { wire } = await far.encrypts("one.example");
    wire.writes("<db:result from='far.example' to='one.example'>key</db:result>");
    await far.vouches("valid");
    await wire.receives(`<db:result ${db} type='valid'/>`);
    wire.writes(hello("a@far.example", "romeo@one.example"));
    await romeo.receives(hello("a@far.example", "romeo@one.example"));
  },
);

scenario("s2s: keys of ours are vouched for, others are not", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(hello("", "a@far.example").replace("from='' ", ""));
  const out = await far.welcomes("", "stream-7");
  const given = await out.receives(`<db:result ${db} from='one.example' to='far.example'>…</db:result>`);
  const { wire } = await far.encrypts("one.example");
  const ask = (id: string, key: string) =>
    `<db:verify from='far.example' to='one.example' id='${id}'>${key}</db:verify>`;
  wire.writes(ask("stream-7", given.text));
  await wire.receives(`<db:verify ${db} from='one.example' to='far.example' id='stream-7' type='valid'/>`);
  wire.writes(ask("stream-8", given.text));
  await wire.receives(`<db:verify ${db} id='stream-8' type='invalid'/>`);
  out.transport.destroy();
  wire.writes("<db:verify from='far.example' to='nobody.example' id='1'>x</db:verify>");
  await wire.receives(
    `<db:verify ${db} id='1' type='error'><error><item-not-found xmlns='${stanzas}'/></error></db:verify>`,
  );
});

const impatient = [{ domains: ["one.example"], settings: { s2s: { "handshake-time": "60 ms" } } }];

scenario("s2s: who stalls before authentication is cut", { servers: impatient }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const silent = await far.dials("one.example");
  assert.equal(await silent.ends(), "ended");
  const half = await far.dials("one.example");
  opens(half, { from: "far.example", to: "one.example" });
  await half.next();
  await half.receives("<stream:features/>");
  half.writes("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"); // and no handshake
  await half.receives("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await half.ends();
});

scenario("s2s: an unauthenticated server may not send much", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const { wire } = await far.encrypts("one.example");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>${"A".repeat(20_000)}</auth>`);
  await wire.receives(`<stream:error><policy-violation xmlns='${streams}'/></stream:error>`);
  const { wire: guesser } = await far.encrypts("one.example");
  const guess = `<db:verify from='far.example' to='one.example' id='1'>${"0".repeat(64)}</db:verify>`;
  guesser.writes(guess.repeat(800));
  while ((await guesser.next()).name !== "error");
});

scenario(
  "s2s: connections from one address are counted",
  { servers: [{ domains: ["one.example"], settings: { s2s: { "streams-per-address": 2 } } }] },
  async ({ internet }) => {
    const far = new RemoteServer(internet, "far.example");
    const first = await far.dials("one.example");
    await far.dials("one.example");
    const third = await far.dials("one.example");
    assert.equal(await third.ends(), "reset");
    opens(first, { from: "far.example", to: "one.example" });
    await first.next();
    await first.receives("<stream:features/>");
  },
);

scenario(
  "s2s: connections of one domain are counted once it is proved",
  { servers: [{ domains: ["one.example"], settings: { s2s: { "streams-per-domain": 1 } } }] },
  async ({ internet }) => {
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example");
    const { wire: second } = await far.encrypts("one.example");
    second.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
    await second.receives("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/></failure>");
    wire.writes("</stream:stream>");
    await wire.receivesEnd();
    await far.authenticates("one.example");
  },
);

scenario(
  "s2s: a flood is read slowly, and loses nothing",
  { servers: [{ domains: ["one.example"], settings: { s2s: { rate: "100 KiB", burst: "8 KiB" } } }] },
  async ({ connect, internet, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example");
    const text = "x".repeat(1_000);
    for (let number = 0; number < 20; number++) {
      wire.writes(`<message from='a@far.example' to='romeo@one.example' id='${number}'><body>${text}</body></message>`);
    }
    for (let number = 0; number < 20; number++) await romeo.receives(`<message id='${number}'/>`);
    const counted = one!.target.assembly!.server.metrics.snapshot();
    assert.ok((counted.s2s_streams_slowed ?? 0) > 0);
  },
);

scenario("s2s: what is received is acknowledged (stream management)", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.authenticates("one.example");
  wire.writes("<enable xmlns='urn:xmpp:sm:3'/>");
  await wire.receives("<enabled xmlns='urn:xmpp:sm:3'/>");
  wire.writes(`${hello("a@far.example", "romeo@one.example").repeat(3)}<r xmlns='urn:xmpp:sm:3'/>`);
  await wire.receives("<a xmlns='urn:xmpp:sm:3' h='3'/>");
  for (let count = 0; count < 3; count++) await romeo.receives("<message/>");
});

scenario("s2s: the other direction needs to be asked for, and a proof", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.authenticates("one.example", "<bidi xmlns='urn:xmpp:bidi'/>");
  wire.writes(hello("a@far.example", "romeo@one.example"));
  await romeo.receives(hello("a@far.example", "romeo@one.example"));
  await romeo.sends(`<message to='a@far.example' id='1'/>`);
  await wire.receives(`<message from='${romeo}' to='a@far.example' id='1'/>`);
  assert.equal(far.knocking, 0);
});

scenario(
  "s2s: a blocked domain is refused, with its subdomains",
  { servers: [{ domains: ["one.example"], settings: { s2s: { block: ["far.example"] } } }] },
  async ({ internet }) => {
    const far = new RemoteServer(internet, "rooms.far.example");
    const wire = await far.dials("one.example");
    opens(wire, { from: "rooms.far.example", to: "one.example" });
    await wire.next();
    await wire.receives(`<stream:error><policy-violation xmlns='${streams}'/></stream:error>`);
  },
);
