import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { removing } from "#core/account.ts";
import { ended } from "#features/off-boarding/index.ts";
import { scenario } from "#test/harness/scenario.ts";
import { activation, address, dial, errorOf, pair, waiting } from "#test/harness/socks.ts";
import { destination } from "./destinations.ts";

const ours = { skipOn: ["prosody"], why: "connects to the proxy inside our process" };
const bytestreams = "http://jabber.org/protocol/bytestreams";

scenario("proxy65: it is found by discovery, and says where to connect", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='get' id='i' to='example.com'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    "<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='proxy.example.com'/></query></iq>",
  );
  await romeo.exchange(
    "<iq type='get' id='d' to='proxy.example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    `<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='proxy' type='bytestreams'/><feature var='${bytestreams}'/></query></iq>`,
  );
  await romeo.exchange(
    address("proxy.example.com"),
    `<iq type='result' id='a' from='proxy.example.com'><query xmlns='${bytestreams}'>
      <streamhost jid='proxy.example.com' host='example.com' port='7777'/></query></iq>`,
  );
});

scenario("proxy65: the domain itself answers too", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    address("example.com"),
    `<iq type='result' id='a' from='example.com'><query xmlns='${bytestreams}'>
      <streamhost jid='example.com' host='example.com' port='7777'/></query></iq>`,
  );
});

scenario(
  "proxy65: several public addresses, and a port of their own",
  { ...ours, settings: { proxy65: { public: ["chat.example.com", "192.0.2.1", "2001:db8::1"], "public-port": 443 } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      address("example.com"),
      `<iq type='result' id='a'><query xmlns='${bytestreams}'>
        <streamhost jid='example.com' host='chat.example.com' port='443'/>
        <streamhost jid='example.com' host='192.0.2.1' port='443'/>
        <streamhost jid='example.com' host='2001:db8::1' port='443'/></query></iq>`,
    );
  },
);

scenario("proxy65: turned off, it says so", { ...ours, settings: { proxy65: { listen: [] } } }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(address("example.com"), errorOf("a", "not-allowed"));
});

scenario("proxy65: a file passes, and the end of it", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.net/balcony");
  const [from, to] = await pair(stage, "s1", `${romeo}`, `${juliet}`);
  await romeo.exchange(activation("s1", juliet), "<iq type='result' id='s1' from='proxy.example.com'/>");
  const file = randomBytes(1_000_000);
  from.writes(file);
  from.socket.end();
  assert.ok((await to.reads(file.length)).equals(file));
  await to.ends();
  to.writes("thanks");
  assert.equal(String(await from.reads(6)), "thanks");
  to.socket.end();
  await from.ends();
  const counters = stage.assembly.server.metrics.snapshot();
  assert.equal(counters.proxy65_transfers, 1);
  assert.equal(counters.proxy65_bytes, file.length + 6);
});

scenario("proxy65: what is sent before the activation is not lost", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, "juliet@example.net/balcony");
  const early = randomBytes(20_000);
  from.writes(early.subarray(0, 3000));
  from.writes(early.subarray(3000));
  await romeo.settles();
  await romeo.exchange(activation("s1", "juliet@example.net/balcony"), "<iq type='result' id='s1'/>");
  assert.ok((await to.reads(early.length)).equals(early));
});

scenario("proxy65: activated at the domain as well as at its proxy", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, "juliet@elsewhere.example/x");
  await romeo.exchange(
    activation("s1", "juliet@elsewhere.example/x", "example.com"),
    "<iq type='result' id='s1' from='example.com'/>",
  );
  from.writes("hello");
  assert.equal(String(await to.reads(5)), "hello");
});

scenario("proxy65: nobody but the requester activates, with both sides there", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  await romeo.exchange(activation("s1", juliet), errorOf("s1", "item-not-found"));
  const name = destination("s1", `${romeo}`, `${juliet}`);
  const to = await waiting(stage, name);
  await romeo.exchange(activation("s1", juliet), errorOf("s1", "not-allowed"));
  const from = await waiting(stage, name);
  const home = await stage.connect("romeo@example.com/home", { presence: false });
  await home.exchange(activation("s1", juliet), errorOf("s1", "item-not-found"));
  await juliet.exchange(activation("s1", romeo), errorOf("s1", "item-not-found"));
  await home.exchange(activation("s2", juliet), errorOf("s2", "item-not-found"));
  await romeo.exchange(activation("s1", juliet), "<iq type='result' id='s1'/>");
  from.writes("x");
  assert.equal(String(await to.reads(1)), "x");
  await romeo.exchange(activation("s1", juliet), errorOf("s1", "item-not-found")); // it is under way
});

scenario("proxy65: a third connection is refused and disturbs nobody", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, "juliet@example.net/x");
  const third = dial(stage);
  assert.equal(await third.asks(destination("s1", `${romeo}`, "juliet@example.net/x")), 2);
  await third.ends();
  await romeo.exchange(activation("s1", "juliet@example.net/x"), "<iq type='result' id='s1'/>");
  from.writes("x");
  assert.equal(String(await to.reads(1)), "x");
});

scenario(
  "proxy65: a receiver that tries every address at once, and keeps all connections",
  { ...ours, settings: { proxy65: { public: ["192.0.2.1", "2001:db8::1"] } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const name = destination("s1", `${romeo}`, "juliet@example.net/x");
    const [to, spare, from] = [await waiting(stage, name), await waiting(stage, name), await waiting(stage, name)];
    assert.equal(await dial(stage).asks(name), 2);
    await romeo.exchange(activation("s1", "juliet@example.net/x"), "<iq type='result' id='s1'/>");
    from.writes("x");
    assert.equal(String(await to.reads(1)), "x");
    assert.equal(String(await spare.ends()), "");
  },
);

scenario("proxy65: malformed activations", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(activation("s1", ""), errorOf("s1", "bad-request"));
  await romeo.exchange(activation("s2", "a@b@c"), errorOf("s2", "jid-malformed"));
  await romeo.exchange(
    `<iq type='set' id='s3' to='example.com'><query xmlns='${bytestreams}'><activate>x@y/z</activate></query></iq>`,
    errorOf("s3", "bad-request"),
  );
});

scenario("proxy65: an outsider may not use it, unless it is for everybody", ours, async ({ assembly, connect }) => {
  const { iq, Stanza } = await import("#stanza/stanza.ts");
  const { Jid } = await import("#jid/jid.ts");
  const { tag } = await import("#xml/element.ts");
  const answered = Promise.withResolvers<string>();
  await connect("romeo@example.com/orchard");
  assembly.server.router.remote = ({ stanza }) => answered.resolve(stanza.element.toString());
  const question = iq({ type: "get", id: "1" }, tag(bytestreams, "query")());
  const from = Jid.parse("tybalt@elsewhere.example/x");
  await assembly.server.router.accept(Stanza.of("iq", question, from, Jid.parse("proxy.example.com")));
  assert.match(await answered.promise, /<forbidden /);
});

scenario("proxy65: who leaves before the transfer is forgotten", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const name = destination("s1", `${romeo}`, "juliet@example.net/x");
  const gone = await waiting(stage, name);
  gone.socket.destroy();
  await romeo.settles();
  const [from, to] = [await waiting(stage, name), await waiting(stage, name)];
  await romeo.exchange(activation("s1", "juliet@example.net/x"), "<iq type='result' id='s1'/>");
  from.writes("x");
  assert.equal(String(await to.reads(1)), "x");
});

scenario("proxy65: one side breaks off, and the other is told", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, "juliet@example.net/x");
  await romeo.exchange(activation("s1", "juliet@example.net/x"), "<iq type='result' id='s1'/>");
  from.writes("half of it");
  await to.reads(4);
  from.socket.destroy();
  assert.equal(String(await to.ends()), " of it");
});

for (const [what, moment] of [
  ["deleting", removing],
  ["locking", ended],
] as const) {
  scenario(`proxy65: ${what} an account ends its transfers`, ours, async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const [from, to] = await pair(stage, "s1", `${romeo}`, "juliet@example.net/x");
    await romeo.exchange(activation("s1", "juliet@example.net/x"), "<iq type='result' id='s1'/>");
    await stage.assembly.hosts.get("example.com")!.fire(moment, { account: romeo.jid.bare });
    await Promise.all([from.ends(), to.ends()]);
  });
}
