import assert from "node:assert/strict";
import { RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Wire } from "#test/harness/wire.ts";

const servers = [{ domains: ["one.example"] }];
const with_ = (s2s: Readonly<Record<string, unknown>>) => [{ domains: ["one.example"], settings: { s2s } }];
const message = (to: string, id = "1") => `<message to='${to}' id='${id}' type='chat'><body>Hi</body></message>`;
const refused = (condition: string, text: string, id = "1") =>
  `<message type='error' id='${id}'><body>Hi</body><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…${text}…</text></error></message>`;
const sm = "<sm xmlns='urn:xmpp:sm:3'/>";

/** The connection to a server that takes part in stream management (XEP-0198). */
async function managed(far: RemoteServer): Promise<Wire> {
  const wire = await far.believes(sm);
  await wire.receives("<enable xmlns='urn:xmpp:sm:3'/>");
  wire.writes("<enabled xmlns='urn:xmpp:sm:3'/>");
  return wire;
}

scenario("s2s: stanzas keep their order, those that waited first", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  for (let number = 0; number < 10; number++) await romeo.sends(message("a@far.example", String(number)));
  const wire = await far.believes();
  for (let number = 10; number < 20; number++) await romeo.sends(message("a@far.example", String(number)));
  for (let number = 0; number < 20; number++) await wire.receives(`<message id='${number}'/>`);
});

scenario(
  "s2s: a queue that is full refuses, and keeps what it has",
  { servers: with_({ queue: { stanzas: 2 } }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    for (const id of ["1", "2", "3"]) await romeo.sends(message("a@far.example", id));
    await romeo.receives(refused("resource-constraint", "Too much is waiting", "3"));
    const wire = await far.believes();
    await wire.receives("<message id='1'/>");
    await wire.receives("<message id='2'/>");
  },
);

scenario(
  "s2s: what was not acknowledged is sent again over the next connection",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message("a@far.example", "1"));
    const wire = await managed(far);
    await wire.receives("<message id='1'/>");
    await wire.receives("<r xmlns='urn:xmpp:sm:3'/>");
    wire.writes("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    await romeo.sends(message("a@far.example", "2"));
    await wire.receives("<message id='2'/>");
    await romeo.sends(`<iq type='set' id='3' to='far.example'><x xmlns='urn:x'/></iq>`);
    await wire.receives("<r xmlns='urn:xmpp:sm:3'/>");
    await wire.receives("<iq id='3'/>");
    wire.transport.destroy();
    await romeo.receives(
      "<iq type='error' id='3'><error><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    await romeo.sends(message("a@far.example", "4"));
    const next = await far.believes();
    await next.receives("<message id='2'/>");
    await next.receives("<message id='4'/>");
  },
);

scenario("s2s: who acknowledges more than there was is refused", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example", "1"));
  const wire = await managed(far);
  await wire.receives("<message id='1'/>");
  await wire.receives("<r xmlns='urn:xmpp:sm:3'/>");
  wire.writes("<a xmlns='urn:xmpp:sm:3' h='9'/>");
  await wire.receives(
    "<stream:error><handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='1'/></stream:error>",
  );
});

scenario(
  "s2s: a server that acknowledges nothing is left, and the message takes the next connection",
  { servers: with_({ "answer-time": "40 ms" }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message("a@far.example", "1"));
    const wire = await managed(far);
    assert.equal(await wire.ends(), "reset");
    await (await far.believes()).receives("<message id='1'/>");
  },
);
