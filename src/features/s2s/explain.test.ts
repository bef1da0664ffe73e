import assert from "node:assert/strict";
import { RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"] }];
const plain = "<mechanism>PLA\u009bIN</mechanism><mechanism>EXTERNAL</mechanism>";
const offers = `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${plain}</mechanisms><bidi xmlns='urn:xmpp:features:bidi'/>`;

scenario("s2s: the way to a domain is gone to its end, and nothing else happens there", { servers }, async (stage) => {
  const far = new RemoteServer(stage.internet, "far.example");
  const { federation } = stage.servers[0]!.target.assembly!.server.router;
  const explaining = federation!.explain("one.example", "far.example");
  const wire = await far.welcomes(offers);
  await wire.receives("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>");
  wire.writes("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
  const { attrs } = await wire.next("dialback");
  wire.writes(`<db:result from='${attrs.to}' to='${attrs.from}' type='valid'/>`);
  await wire.receivesEnd();
  const { ways } = await explaining;
  assert.deepEqual(ways[0]!.passed.slice(-3), [
    { step: "stream", mechanisms: ["EXTERNAL"], dialback: false, bidirectional: true },
    { step: "authentication", how: "certificate-refused" },
    { step: "authentication", how: "dialback" },
  ]);
  assert.equal(ways[0]!.failure, undefined);
  assert.deepEqual(federation!.list(), []);
});

scenario("s2s: of a domain of ours no proof is asked on the way", { servers }, async ({ servers }) => {
  const { federation } = servers[0]!.target.assembly!.server.router;
  const { ways } = await federation!.explain("one.example", "one.example");
  assert.deepEqual(
    ways.map(({ passed, failure }) => [passed.at(-1)?.step, failure]),
    [["stream", undefined]],
  );
});

scenario(
  "s2s: a domain that is found good need not rest any more",
  { servers },
  async ({ connect, internet, servers }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const says = (id: string) => `<message to='a@far.example' type='chat' id='${id}'><body>Hi</body></message>`;
    const far = new RemoteServer(internet, "far.example");
    const { accept } = far.site;
    far.site.accept = undefined;
    await romeo.exchange(says("1"), "<message type='error' id='1'/>");
    far.site.accept = accept;
    await romeo.exchange(says("2"), "<message type='error' id='2'/>");
    const explaining = servers[0]!.target.assembly!.server.router.federation!.explain("one.example", "far.example");
    await far.believes();
    await explaining;
    await romeo.sends(says("3"));
    await (await far.believes()).receives("<message id='3'/>");
  },
);
