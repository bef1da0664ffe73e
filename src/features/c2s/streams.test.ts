import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import type { Wire } from "#test/harness/wire.ts";

const header = (attributes: string) =>
  `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`;

async function refusedWith(wire: Wire, condition: string): Promise<void> {
  await wire.receives(`<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`);
  await wire.receivesEnd();
}

scenario(
  "the header is answered with an id, our domain, the client's language and features",
  { skipOn: ["prosody"], why: "it speaks English only" },
  async ({ wire }) => {
    const client = await wire();
    const { header: answer } = await client.opens("example.com", "xml:lang='fr'");
    assert.equal(answer.name, "stream");
    assert.equal(answer.attrs.from, "example.com");
    assert.equal(answer.attrs.version, "1.0");
    assert.equal(answer.attrs["xml:lang"], "fr");
    assert.ok(answer.attrs.id!.length >= 16);
  },
);

scenario("two streams never have the same id", { skipOn: ["prosody"], why: "costs a connection" }, async ({ wire }) => {
  const ids = new Set<string>();
  for (let count = 0; count < 20; count++) ids.add((await (await wire()).opens("example.com")).header.attrs.id!);
  assert.equal(ids.size, 20);
});

const refusals: readonly [name: string, first: string, condition: string, alsoElsewhere?: boolean][] = [
  ["a domain that is not served here", header("to='example.org' version='1.0'"), "host-unknown", true],
  ["no domain at all", header("version='1.0'"), "improper-addressing"],
  ["an old version of the protocol", header("to='example.com'"), "unsupported-version"],
  ["version 0.9", header("to='example.com' version='0.9'"), "unsupported-version"],
  [
    "the namespace of another protocol",
    "<stream:stream to='example.com' version='1.0' xmlns='jabber:client' xmlns:stream='urn:other'>",
    "invalid-namespace",
  ],
  [
    "a content namespace that is not ours",
    "<stream:stream to='example.com' version='1.0' xmlns='jabber:nonsense' xmlns:stream='http://etherx.jabber.org/streams'>",
    "invalid-namespace",
  ],
  [
    "another root element",
    "<stream:flow to='example.com' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    "bad-format",
  ],
  [
    "an undeclared prefix",
    "<stream:stream to='example.com' version='1.0' xmlns='jabber:client'>",
    "bad-namespace-prefix",
  ],
  ["a document type", `<!DOCTYPE x>${header("to='example.com' version='1.0'")}`, "restricted-xml"],
  ["a comment", `${header("to='example.com' version='1.0'")}<!-- hello -->`, "restricted-xml"],
  ["a processing instruction", `${header("to='example.com' version='1.0'")}<?php evil ?>`, "restricted-xml"],
  [
    "an entity of its own",
    `${header("to='example.com' version='1.0'")}<message><body>&evil;</body></message>`,
    "restricted-xml",
  ],
  ["tags that do not match", `${header("to='example.com' version='1.0'")}<message></body>`, "not-well-formed"],
  ["text between stanzas", `${header("to='example.com' version='1.0'")}hello`, "bad-format"],
  [
    "another encoding",
    `<?xml version='1.0' encoding='iso-8859-1'?>${header("to='example.com' version='1.0'").slice(21)}`,
    "unsupported-encoding",
  ],
  [
    "too much before login",
    `${header("to='example.com' version='1.0'")}<auth>${"x".repeat(20_000)}</auth>`,
    "policy-violation",
  ],
  [
    "too deep before login",
    `${header("to='example.com' version='1.0'")}${"<a>".repeat(50)}`.concat("</a>".repeat(50)),
    "policy-violation",
  ],
  [
    "too many attributes",
    `${header("to='example.com' version='1.0'")}<a ${Array.from({ length: 100 }, (_, at) => `a${at}=''`).join(" ")}/>`,
    "policy-violation",
  ],
  [
    "a stanza before login",
    `${header("to='example.com' version='1.0'")}<message to='a@example.com'/>`,
    "not-authorized",
  ],
  [
    "something else before login",
    `${header("to='example.com' version='1.0'")}<nonsense xmlns='urn:nonsense'/>`,
    "not-authorized",
  ],
];

for (const [name, first, condition, alsoElsewhere] of refusals) {
  const options = alsoElsewhere ? {} : { skipOn: ["prosody"], why: "other servers choose other conditions" };
  scenario(`stream error ${condition}: ${name}`, options, async ({ wire }) => {
    const client = await wire();
    client.writes(first);
    let next = await client.next();
    assert.equal(next.name, "stream", "an error needs a stream (RFC 6120 §4.9.1.2)");
    next = await client.next();
    if (next.name === "features") next = await client.next();
    assert.equal(next.name, "error");
    assert.equal(next.elements[0]?.name, condition);
    await client.receivesEnd();
  });
}

scenario(
  "encryption is required: nothing but STARTTLS is offered or accepted in the clear",
  { skipOn: ["prosody"], why: "set up otherwise" },
  async ({ wire }) => {
    const client = await wire({ secure: false });
    const { features } = await client.opens("example.com");
    assert.deepEqual(
      features.elements.map((feature) => feature.name),
      ["starttls"],
    );
    client.writes("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>");
    await client.receives("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/></failure>");
  },
);

for (const [name, more, fine] of [
  ["a line break, as go-xmpp sends it, is nothing", "\n", true],
  ["a stanza is refused", "\n<message to='romeo@example.com'/>", false],
  ["a part of one is refused", "<mess", false],
] as const) {
  scenario(
    `between the request for TLS and the handshake: ${name}`,
    { skipOn: ["prosody"], why: "it throws away all that came" },
    async ({ wire }) => {
      const client = await wire({ secure: false });
      await client.opens("example.com");
      client.writes(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${more}`);
      await client.receives("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      if (!fine) return refusedWith(client, "policy-violation");
      await client.transport.startTls!("example.com");
      await client.opens("example.com");
    },
  );
}

scenario(
  "a client may not speak for another: invalid-from ends its stream",
  { skipOn: ["prosody"], why: "it corrects the address instead" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    romeo.wire.writes("<message from='juliet@example.com/balcony' to='nurse@example.com'><body>Hi</body></message>");
    await refusedWith(romeo.wire, "invalid-from");
  },
);

scenario("its own address may be written, full or bare, and is stamped in full", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  for (const from of ["romeo@example.com", "ROMEO@example.com/orchard"]) {
    await romeo.sends(`<message from='${from}' to='${juliet}' type='chat'><body>Hi</body></message>`);
    await juliet.receives(`<message from='romeo@example.com/orchard'><body>Hi</body></message>`);
  }
});

scenario(
  "a room's name that cannot be an address is refused with the address to write instead",
  { skipOn: ["prosody"], why: "it says less" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const room = "salle\\20des\\20maîtres@conference.example.com";
    const error = await juliet.exchange(
      "<presence id='1' to='Salle des Maîtres@conference.example.com/Juliette'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
      "<presence type='error' id='1'><error type='modify'><jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
    assert.ok(error.toString().includes(room));
    await juliet.sends(`<presence to='${room}/Juliette'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    await juliet.receives(
      `<presence from='${room}/Juliette'><x xmlns='http://jabber.org/protocol/muc#user'/></presence>`,
    );
    await juliet.receives(`<message from='${room}' type='groupchat'><subject/></message>`);
    await juliet.exchange(
      `<iq type='get' id='info' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      "<iq type='error' id='info'/>", // locked as yet
    );
    await juliet.exchange(
      `<iq type='set' id='open' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
      "<iq type='result' id='open'/>",
    );
    await juliet.exchange(
      `<iq type='get' id='named' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      "<iq type='result' id='named'><query xmlns='http://jabber.org/protocol/disco#info'><identity name='salle des maîtres'/></query></iq>",
    );
  },
);

scenario("an address that is none gets jid-malformed and the stream goes on", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.exchange(
    "<message to='a b@example.com' id='1' type='chat'><body>Hi</body></message>",
    "<message type='error' id='1'><error type='modify'><jid-malformed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
  );
  await romeo.receivesNothing();
});

scenario("an unknown element on a bound stream is unsupported", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  romeo.wire.writes("<nonsense xmlns='urn:nonsense'/>");
  await refusedWith(romeo.wire, "unsupported-stanza-type");
});

scenario(
  "a stanza that is too large ends the stream",
  { settings: { c2s: { "stanza-size": "20 KiB" } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    romeo.wire.writes(`<message to='romeo@example.com'><body>${"x".repeat(21_000)}</body></message>`);
    await refusedWith(romeo.wire, "policy-violation");
  },
);

scenario("white space between stanzas keeps the connection alive and disturbs nothing", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  for (const space of [" ", "\n", "\t\r\n ", " "]) romeo.wire.writes(space);
  await romeo.receivesNothing();
});

scenario("stanzas cut into single bytes arrive whole", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  const bytes = Buffer.from(`<message to='${juliet}' type='chat'><body>où ça ? 👋</body></message>`).toString("latin1");
  for (const byte of bytes) {
    romeo.wire.transport.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await juliet.receives("<message><body>où ça ? 👋</body></message>");
});

scenario("each session's stanzas are handled in the order they came, waiting or not", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  let texts = "";
  for (let number = 0; number < 200; number++) {
    texts += `<message to='${juliet}' type='chat' id='${number}'><body>${number}</body></message>`;
    if (number % 10 === 0)
      texts += `<iq type='get' id='q${number}' to='nobody@example.com'><query xmlns='jabber:iq:version'/></iq>`;
  }
  romeo.wire.writes(texts);
  for (let number = 0; number < 200; number++) await juliet.receives(`<message id='${number}'/>`);
});

scenario("the stream closes when the client closes it", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  romeo.wire.writes("</stream:stream>");
  await romeo.wire.receivesEnd();
});

scenario(
  "a client that is slow to log in is shown out",
  { settings: { c2s: { "login-time": "1 ms" } }, skipOn: ["prosody"], why: "our setting" },
  async ({ wire }) => {
    const client = await wire();
    client.writes(header("to='example.com' version='1.0'"));
    await client.next("a header");
    await client.next("features");
    await refusedWith(client, "connection-timeout");
  },
);

scenario(
  "when the server stops, clients are told",
  { skipOn: ["prosody"], why: "stops ours from inside" },
  async ({ connect, assembly }) => {
    const romeo = await connect("romeo@example.com/orchard", { presence: false });
    const stopped = assembly.stop();
    await refusedWith(romeo.wire, "system-shutdown");
    await stopped;
  },
);

scenario(
  "limits are announced before and after login (XEP-0478)",
  { skipOn: ["prosody"], why: "not in version 0.12" },
  async ({ wire, account }) => {
    await account("romeo@example.com");
    const client = await wire();
    const before = await client.opens("example.com");
    const limits =
      "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>…</max-bytes><idle-seconds>…</idle-seconds></limits>";
    const size = (features: typeof before.features) =>
      Number(features.elements.find((one) => one.name === "limits")?.elements[0]?.text);
    assert.equal(size(before.features), 10_000, limits);
    client.writes(
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from("\0romeo\0pencil").toString("base64")}</auth>`,
    );
    await client.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert.equal(size((await client.opens("example.com")).features), 262_144);
  },
);

scenario("nothing is lost between the end of a stream and the end of its connection", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  juliet.wire.writes("</stream:stream>");
  await juliet.wire.receivesClosing();
  await romeo.sends("<message to='juliet@example.com' type='chat' id='m'><body>Still there?</body></message>");
  await romeo.settles();
  const later = await connect("juliet@example.com/later");
  await later.receives("<message id='m'><body>Still there?</body></message>");
});

scenario("features and errors carry the prefix that old clients look for", async ({ wire }) => {
  const client = await wire();
  await client.opens("example.com");
  client.writes("<nonsense xmlns='urn:nonsense'/>");
  await client.receives("<stream:error/>");
  assert.match(client.received, /<stream:features>.*<stream:error>.*<\/stream:error><\/stream:stream>/);
});
