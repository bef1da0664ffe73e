import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group } from "#core/people.ts";
import { Jid } from "#jid/jid.ts";
import { Stanza } from "#stanza/stanza.ts";
import type { Stream } from "#stream/stream.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { db, opens, RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";
import { tag } from "#xml/element.ts";
import { Confirmations } from "./confirmations.ts";
import { Failure } from "./failure.ts";
import { Federation } from "./federation.ts";
import { Outbox } from "./outbox.ts";
import { Policy } from "./policy.ts";
import { enter } from "./reach.ts";
import { settings } from "./settings.ts";

const servers = [{ domains: ["one.example"] }];
const message = "<message to='a@far.example' id='1' type='chat'><body>Hi</body></message>";
const streams = "urn:ietf:params:xml:ns:xmpp-streams";
const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
const refused = `<stream:error><policy-violation xmlns='${streams}'/></stream:error>`;

scenario(
  "s2s: who says that we are believed before TLS, and before we asked, gets nothing",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message);
    const wire = await far.accepts();
    await wire.next("a header");
    opens(wire, { id: "1", from: "far.example", to: "one.example" });
    wire.writes("<db:result from='far.example' to='one.example' type='valid'/>");
    await wire.receives(refused);
    await wire.receivesEnd();
    await romeo.receives("<message type='error' id='1'/>");
  },
);

scenario(
  "s2s: a key is not valid because somebody says so before TLS, and before it was asked",
  { servers },
  async ({ internet }) => {
    const bank = new RemoteServer(internet, "bank.example");
    const thief = new RemoteServer(internet, "thief.example");
    const { wire, header } = await thief.encrypts("one.example");
    wire.writes("<db:result from='bank.example' to='one.example'>made up</db:result>");
    const between = await bank.accepts(); // somebody on the way there
    await between.next("a header");
    opens(between, { id: "1", from: "bank.example", to: "one.example" });
    between.writes(
      `<db:verify from='bank.example' to='one.example' id='${header.attrs.id}' type='valid'/></stream:stream>`,
    );
    await wire.receives(`<db:result ${db} from='one.example' to='bank.example' type='error'/>`);
    await between.receives(refused);
  },
);

scenario("s2s: SASL succeeds only where it was tried", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message);
  const wire = await far.welcomes("");
  await wire.receives(`<db:result ${db}>…</db:result>`);
  wire.writes("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.receives(`<stream:error><unsupported-stanza-type xmlns='${streams}'/></stream:error>`);
  await romeo.receives("<message type='error' id='1'/>");
});

const optional = [{ domains: ["one.example"], settings: { s2s: { encryption: "optional" } } }];

scenario(
  "s2s: without TLS there is no certificate: a key is not checked that way unless plain dialback is allowed",
  { servers: optional },
  async ({ internet }) => {
    const bank = new RemoteServer(internet, "bank.example");
    const thief = new RemoteServer(internet, "thief.example");
    const { wire } = await thief.encrypts("one.example");
    wire.writes("<db:result from='bank.example' to='one.example'>made up</db:result>");
    const between = await bank.accepts();
    await between.next("a header");
    opens(between, { id: "1", from: "bank.example", to: "one.example" });
    between.writes("<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>");
    await wire.receives(
      `<db:result ${db} from='one.example' to='bank.example' type='error'><error><not-authorized xmlns='${stanzas}'/></error></db:result>`,
    );
  },
);

scenario(
  "s2s: a server that believes us and is gone at once is tried again",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message);
    const wire = await far.welcomes("");
    await wire.receives(`<db:result ${db}>…</db:result>`);
    wire.writes("<db:result from='far.example' to='one.example' type='valid'/></stream:stream>");
    await (await far.believes()).receives("<message id='1'/>");
  },
);

scenario("s2s: one stream carries only so many pairs, by certificate as well", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const wire = await far.dials("one.example", "*.far.example"); // whose certificate names that
  const header = { from: "d.far.example", to: "one.example" };
  opens(wire, header);
  await wire.next("a header");
  await wire.receives("<stream:features/>");
  wire.writes("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await wire.receives("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await wire.transport.startTls!("one.example");
  wire.reset();
  opens(wire, header);
  await wire.next("a header");
  await wire.receives("<stream:features/>");
  const answers: (string | undefined)[] = [];
  for (let number = 0; number < 210; number++) {
    wire.writes(`<db:result from='d${number}.far.example' to='one.example'>key</db:result>`);
    answers.push((await wire.receives(`<db:result ${db} to='d${number}.far.example'/>`)).attrs.type);
  }
  assert.deepEqual([answers[0], answers.at(-1)], ["valid", "error"]);
  wire.writes("<db:result from='d0.far.example' to='one.example'>key</db:result>");
  await wire.receives(`<db:result ${db} to='d0.far.example' type='valid'/>`); // it has its place
});

scenario("s2s: what was agreed on is not offered again", { servers }, async ({ internet }) => {
  const far = new RemoteServer(internet, "far.example");
  const { wire } = await far.encrypts("one.example");
  wire.writes("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  wire.reset();
  opens(wire, { from: "far.example", to: "one.example" });
  await wire.next();
  const features = await wire.receives("<stream:features/>");
  assert.deepEqual(
    features.elements.map(({ name }) => name).filter((name) => name === "bidi"),
    [], // it comes before authentication (XEP-0288 §2.1): asked for now, it would end the stream
  );
});

scenario(
  "s2s: what is no stanza is read as slowly, once it is too much",
  { servers: [{ domains: ["one.example"], settings: { s2s: { rate: "100 KiB", burst: "8 KiB" } } }] },
  async ({ internet, servers: [one] }) => {
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example");
    wire.writes("<enable xmlns='urn:xmpp:sm:3'/>");
    await wire.receives("<enabled xmlns='urn:xmpp:sm:3'/>");
    wire.writes("<r xmlns='urn:xmpp:sm:3'/>".repeat(500));
    for (let number = 0; number < 500; number++) await wire.receives("<a xmlns='urn:xmpp:sm:3' h='0'/>");
    const counted = one!.target.assembly!.server.metrics.snapshot();
    assert.ok((counted.s2s_streams_slowed ?? 0) > 0);
  },
);

scenario(
  "s2s: a server that says nothing leaves time for the next one of its domain",
  { servers: [{ domains: ["one.example"], settings: { s2s: { "connect-time": "1 s" } } }] },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    new RemoteServer(internet, "far.example"); // takes the connection, and that is all
    const second = new RemoteServer(internet, "far.example");
    await romeo.sends(message);
    await (await second.believes()).receives("<message id='1'/>");
  },
);

scenario(
  "s2s: a connection that comes when nobody wants it any more is not used",
  { servers },
  async ({ internet, servers: [one] }) => {
    const far = new RemoteServer(internet, "far.example");
    const house = one!.target.assembly!.server.router.federation;
    assert.ok(house instanceof Federation);
    const pair = { local: "one.example", remote: "far.example" };
    const plan = { pair, task: { kind: "stanzas" }, signal: AbortSignal.abort() } as const;
    const [endpoint] = await house.server.network!.endpoints("far.example");
    await assert.rejects(enter(house, plan, { endpoint: endpoint!, deadline: Date.now() + 5_000 }), (problem) => {
      return problem instanceof Failure && problem.message === "given up";
    });
    assert.equal(await (await far.accepts()).ends(), "reset");
  },
);

test("s2s: single domains are found however their names are written", () => {
  const domains = { "xn--bcher-kva.example": { policy: "block" } };
  const policy = new Policy(settings.parse({ domains }));
  assert.ok(policy.refusal("bücher.example"));
  assert.equal(policy.refusal("buecher.example"), undefined);
  assert.throws(() => settings.parse({ domains: { "a b": {} } }));
});

scenario(
  "s2s: what waits for all domains together is bounded",
  { servers: [{ domains: ["one.example"], settings: { s2s: { queue: { total: "600 B" } } } }] },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example"); // silent at first
    new RemoteServer(internet, "other.example");
    const long = "x".repeat(300);
    await romeo.sends(`<message to='a@far.example' id='1'><body>${long}</body></message>`);
    await romeo.exchange(
      `<message to='a@other.example' id='2'><body>${long}</body></message>`,
      `<message type='error' id='2'><error><resource-constraint xmlns='${stanzas}'/></error></message>`,
    );
    await (await far.believes()).receives("<message id='1'/>");
    await romeo.sends(`<message to='a@other.example' id='3'><body>${long}</body></message>`);
    await romeo.receivesNothing(); // there is room again
  },
);

scenario(
  "s2s: a server is told what was handled before a stream ends, and sends none of it again",
  { servers },
  async ({ connect, internet, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const wire = await far.authenticates("one.example");
    wire.writes("<enable xmlns='urn:xmpp:sm:3'/>");
    await wire.receives("<enabled xmlns='urn:xmpp:sm:3'/>");
    wire.writes("<message from='a@far.example' to='romeo@one.example' id='1'><body>Hi</body></message>");
    await romeo.receives("<message id='1'/>");
    const stopped = one!.target.assembly!.stop();
    await wire.receives("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    await wire.receives(`<stream:error><system-shutdown xmlns='${streams}'/></stream:error>`);
    wire.writes("</stream:stream>");
    wire.transport.close();
    await stopped;
  },
);

test("s2s: a server that reads, and acknowledges nothing, makes us keep only so much", () => {
  for (const managed of [true, false]) {
    const stream = { sent: 0, opened: true, transport: { buffered: 0 }, send: () => true };
    const outbox = new Outbox(stream as unknown as Stream, new Confirmations());
    const stanza = Stanza.of("message", tag("jabber:client", "message")(), Jid.parse("a@b"), Jid.parse("c@d"));
    if (managed) outbox.manage();
    const pair = { local: "b", remote: "d" };
    for (let number = 0; number < 20; number++) {
      stream.sent += 500_000;
      outbox.write({ stanza, pair, byClient: true, lang: undefined, since: 0, bytes: 500_000 });
    }
    assert.equal(outbox.bytes, managed ? 10_000_000 : 0);
    assert.equal(outbox.take(false).length, managed ? 20 : 8);
  }
});

const people = new MemoryPeople([{ user: "paris" }]);

scenario(
  "s2s: what the directory said before a change is not believed after it",
  {
    servers: [
      {
        domains: ["one.example"],
        settings: { s2s: { groups: { "may-not": ["Interns"] } } },
        people: { "one.example": people },
      },
      { domains: ["two.example"] },
    ],
  },
  async ({ connect }) => {
    const paris = await connect("paris@one.example/tomb");
    const juliet = await connect("juliet@two.example/balcony");
    const before = Promise.withResolvers<readonly Group[]>();
    const asked = Promise.withResolvers<void>();
    const { groups } = people;
    people.groups = () => {
      asked.resolve();
      return before.promise;
    };
    people.change({ groups: [] });
    await paris.sends(`<message type='chat' to='${juliet}' id='1'><body>Hi</body></message>`);
    await asked.promise;
    people.groups = groups;
    people.change({ groups: [{ id: "i", name: "Interns", members: new Set(["paris"]) }] });
    before.resolve([]);
    await paris.receives("<message type='error' id='1'/>");
  },
);
