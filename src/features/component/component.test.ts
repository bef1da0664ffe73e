import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { memoryPair } from "#stream/memory.ts";
import type { Client } from "#test/harness/client.ts";
import { mismatch, pattern } from "#test/harness/match.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { Wire } from "#test/harness/wire.ts";

const secret = "a secret of this test";
const components = [
  { domain: "echo.example.com", secret, name: "Echo" },
  { domain: "fax.example", secret: "another secret, for faxes" },
];
const settings = { component: { components, rate: "0 B" } };
const alone = { skipOn: ["prosody"], why: "components connect inside the process" };
const options = { settings, ...alone };
const ns = "xmlns='jabber:component:accept'";

/** A connection at the door of components, its header written. */
function dial(
  { assembly }: Pick<Stage, "assembly">,
  to = "echo.example.com",
  namespace = "jabber:component:accept",
): Wire {
  const [near, far] = memoryPair();
  assembly.accept("component", far);
  const wire = new Wire(near);
  wire.writes(`<stream:stream xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams' to='${to}'>`);
  return wire;
}

function handshake(id: string, by = secret): string {
  return `<handshake>${createHash("sha1")
    .update(id + by)
    .digest("hex")}</handshake>`;
}

/** A component that has proved its secret. */
async function joined(stage: Pick<Stage, "assembly">, domain = "echo.example.com", by = secret): Promise<Wire> {
  const wire = dial(stage, domain);
  const { attrs } = await wire.next();
  wire.writes(handshake(attrs.id!, by));
  await wire.receives(`<handshake ${ns}/>`);
  return wire;
}

/** The component has nothing before the answer to a question of its own. */
async function receivesNothing(wire: Wire): Promise<void> {
  wire.writes(
    "<iq type='get' id='nothing' from='echo.example.com' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>",
  );
  await wire.receives(`<iq ${ns} type='result' id='nothing' from='example.com' to='echo.example.com'/>`);
}

/** Roster pushes and the like may come before. */
async function arrives(client: Client, text: string): Promise<void> {
  for (;;) if (mismatch(pattern(text), await client.next(text)) === undefined) return;
}

async function refuses(wire: Wire, condition: string): Promise<void> {
  const error = await wire.receives("<error xmlns='http://etherx.jabber.org/streams'/>");
  assert.equal(error.elements[0]?.name, condition);
  await wire.receivesEnd();
}

scenario("component: proves its secret, sends and receives", options, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const wire = dial(stage);
  const header = await wire.next();
  assert.equal(header.attrs.from, "echo.example.com");
  assert.equal(header.attrs.version, undefined, "no features are promised");
  assert.ok(header.attrs.id!.length >= 16);
  wire.writes(handshake(header.attrs.id!).toUpperCase().replaceAll("HANDSHAKE", "handshake"));
  await wire.receives(`<handshake ${ns}/>`);
  await romeo.sends(
    "<message to='juliet@echo.example.com/x' type='chat' id='1'><body>Héllo &amp; you</body></message>",
  );
  await wire.receives(
    `<message ${ns} from='${romeo}' to='juliet@echo.example.com/x' type='chat' id='1'><body>Héllo &amp; you</body></message>`,
  );
  assert.ok(!wire.received.includes("jabber:client"), "stanzas are in the stream's own namespace");
  wire.writes(`<message from='anybody@echo.example.com/here' to='${romeo}' type='chat'><body>Back</body></message>`);
  const back = await romeo.receives(
    "<message from='anybody@echo.example.com/here' type='chat'><body>Back</body></message>",
  );
  assert.ok(!back.toString().includes("jabber:component"));
  await romeo.sends("<iq type='get' id='q' to='echo.example.com'><query xmlns='urn:example:x'/></iq>");
  const asked = await wire.receives(`<iq ${ns} type='get' from='${romeo}' to='echo.example.com'/>`);
  wire.writes(`<iq type='result' id='${asked.attrs.id}' from='echo.example.com' to='${romeo}'/>`);
  await romeo.receives("<iq type='result' id='q' from='echo.example.com'/>");
});

scenario(
  "component: a wrong secret, an unknown domain, another namespace, stanzas too early",
  options,
  async (stage) => {
    const wrong = dial(stage);
    await wrong.next();
    wrong.writes(handshake("another id"));
    await refuses(wrong, "not-authorized");
    const other = dial(stage, "fax.example");
    const { attrs } = await other.next();
    other.writes(handshake(attrs.id!, secret));
    await refuses(other, "not-authorized");
    for (const domain of ["example.com", "nobody.example", "a@echo.example.com", ""]) {
      const unknown = dial(stage, domain);
      await unknown.next();
      await refuses(unknown, "host-unknown");
    }
    const client = dial(stage, "echo.example.com", "jabber:client");
    await client.next();
    await refuses(client, "invalid-namespace");
    const early = dial(stage);
    await early.next();
    early.writes("<message from='echo.example.com' to='romeo@example.com'><body>Hi</body></message>");
    await refuses(early, "not-authorized");
  },
);

scenario("component: speaks for its own domain only", options, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  for (const from of ["juliet@example.com", "fax.example", "x.echo.example.com", "echo.example.com@example.net", ""]) {
    const wire = await joined(stage);
    const attribute = from === "" ? "" : `from='${from}'`;
    wire.writes(`<message ${attribute} to='${romeo}' type='chat'><body>Forged</body></message>`);
    await refuses(wire, "invalid-from");
  }
  await romeo.receivesNothing();
});

scenario("component: what is addressed wrongly comes back, and the stream goes on", options, async (stage) => {
  const wire = await joined(stage);
  wire.writes("<message from='a@echo.example.com'><body>To nobody</body></message>");
  await wire.receives(`<message ${ns} type='error' to='a@echo.example.com'><error type='modify'/></message>`);
  wire.writes("<iq type='get' id='two' from='a@echo.example.com' to='example.com'/>");
  await wire.receives(`<iq ${ns} type='error' id='two' to='a@echo.example.com'/>`);
  wire.writes("<presence from='a@echo.example.com'/><presence from='a@echo.example.com' to='@' type='error'/>");
  await wire.receives(`<presence ${ns} type='error' to='a@echo.example.com'/>`);
  await receivesNothing(wire);
  wire.writes("<something/>");
  await refuses(wire, "unsupported-stanza-type");
});

scenario("component: while it is not there, senders are told to try later", options, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const away = async (client: Client) => {
    await client.sends("<message to='juliet@echo.example.com' type='chat' id='1'><body>Hi</body></message>");
    await client.receives(
      `<message from='juliet@echo.example.com' type='error' id='1'><error type='wait'><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…</text></error></message>`,
    );
  };
  await away(romeo);
  const wire = await joined(stage);
  await romeo.sends("<message to='juliet@echo.example.com' type='chat' id='2'><body>Hi</body></message>");
  await wire.receives(`<message ${ns} id='2'/>`);
  wire.transport.destroy();
  await wire.ends();
  await romeo.receivesNothing();
  await away(romeo);
  const again = await joined(stage);
  await romeo.sends("<message to='juliet@echo.example.com' type='chat' id='3'><body>Hi</body></message>");
  await again.receives(`<message ${ns} id='3'/>`);
  again.writes("</stream:stream>");
  await again.receivesEnd();
  await away(romeo);
});

scenario("component: a second connection takes the place of the first", options, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const first = await joined(stage);
  const wrong = dial(stage);
  await wrong.next();
  wrong.writes(handshake("wrong"));
  await refuses(wrong, "not-authorized");
  await receivesNothing(first);
  const second = await joined(stage);
  await refuses(first, "conflict");
  await romeo.sends("<message to='echo.example.com' id='1'><body>Hi</body></message>");
  await second.receives(`<message ${ns} id='1'/>`);
});

scenario("component: subscriptions and presence both ways", options, async (stage) => {
  const wire = await joined(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='bot@echo.example.com'/></query></iq>",
    "<iq type='result' id='r'/>",
  );
  await romeo.sends("<presence type='subscribe' to='bot@echo.example.com'/>");
  await wire.receives(`<presence ${ns} type='subscribe' from='romeo@example.com' to='bot@echo.example.com'/>`);
  wire.writes("<presence type='subscribed' from='bot@echo.example.com' to='romeo@example.com'/>");
  wire.writes("<presence from='bot@echo.example.com/one' to='romeo@example.com'><show>chat</show></presence>");
  await arrives(romeo, "<presence from='bot@echo.example.com/one'><show>chat</show></presence>");
  wire.writes("<presence type='subscribe' from='bot@echo.example.com' to='romeo@example.com'/>");
  await romeo.receives("<presence type='subscribe' from='bot@echo.example.com'/>");
  await romeo.sends("<presence type='subscribed' to='bot@echo.example.com'/>");
  await wire.receives(`<presence ${ns} type='subscribed' from='romeo@example.com' to='bot@echo.example.com'/>`);
  await wire.receives(`<presence ${ns} from='romeo@example.com/orchard' to='bot@echo.example.com'/>`);
  wire.writes("<presence type='probe' from='bot@echo.example.com' to='romeo@example.com'/>");
  await wire.receives(`<presence ${ns} from='romeo@example.com/orchard'/>`);
  const home = await stage.connect("romeo@example.com/home");
  const probe = await wire.next();
  const arrival = await wire.next();
  assert.deepEqual([probe, arrival].map(({ attrs }) => attrs.type ?? "").sort(), ["", "probe"]);
  await home.disconnect();
  await wire.receives(`<presence ${ns} type='unavailable' from='romeo@example.com/home'/>`);
});

scenario("component: one component to another, and to itself", options, async (stage) => {
  const echo = await joined(stage);
  const fax = await joined(stage, "fax.example", components[1]!.secret);
  echo.writes("<message from='a@echo.example.com' to='b@fax.example' id='1'><body>Hi</body></message>");
  await fax.receives(`<message ${ns} from='a@echo.example.com' to='b@fax.example' id='1'/>`);
  echo.writes("<message from='a@echo.example.com' to='b@echo.example.com' id='2'><body>Hi</body></message>");
  await echo.receives(`<message ${ns} from='a@echo.example.com' to='b@echo.example.com' id='2'/>`);
  fax.transport.destroy();
  await fax.ends();
  await receivesNothing(echo);
  echo.writes("<message from='a@echo.example.com' to='b@fax.example' id='3'><body>Hi</body></message>");
  await echo.receives(`<message ${ns} type='error' from='b@fax.example' id='3'/>`);
});

scenario(
  "component: knows people by the alias it writes to",
  { ...options, aliases: { "example.com": ["old.example"] } },
  async (stage) => {
    const wire = await joined(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    wire.writes(
      "<message from='a@echo.example.com' to='romeo@old.example' id='1' type='chat'><body>Hi</body></message>",
    );
    await romeo.receives("<message from='a@echo.example.com' to='romeo@example.com' id='1'/>");
    await romeo.sends("<message to='a@echo.example.com' id='2' type='chat'><body>Hi</body></message>");
    await wire.receives(`<message ${ns} from='romeo@old.example/orchard' id='2'/>`);
  },
);

scenario("component: its people take part in rooms here", options, async (stage) => {
  const wire = await joined(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  const room = "verona@conference.example.com";
  const muc = "<x xmlns='http://jabber.org/protocol/muc'/>";
  await romeo.sends(`<presence to='${room}/romeo'>${muc}</presence>`);
  await romeo.sends(
    `<iq type='set' id='open' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  );
  await arrives(romeo, "<iq type='result' id='open'/>");
  wire.writes(`<presence from='bot@echo.example.com/x' to='${room}/bot'>${muc}</presence>`);
  await wire.receives(`<presence ${ns} from='${room}/romeo' to='bot@echo.example.com/x'/>`);
  await wire.receives(`<presence ${ns} from='${room}/bot' to='bot@echo.example.com/x'/>`);
  wire.writes(`<message from='bot@echo.example.com/x' to='${room}' type='groupchat'><body>I am here</body></message>`);
  await arrives(romeo, `<message from='${room}/bot' type='groupchat'><body>I am here</body></message>`);
  wire.transport.destroy();
  await wire.ends();
  await romeo.sends(`<message to='${room}' type='groupchat'><body>Are you?</body></message>`);
  await arrives(romeo, `<presence from='${room}/bot' type='unavailable'/>`);
});

scenario(
  "component: talks with people of another server",
  { ...alone, servers: [{ domains: ["example.com"], settings }, { domains: ["far.example"] }] },
  async (stage) => {
    const assembly = stage.servers[0]!.target.assembly!;
    stage.internet.site(["echo.example.com"], (transport) => assembly.accept("s2s", transport));
    const far = await stage.connect("juliet@far.example/balcony");
    const wire = await joined({ assembly });
    await far.sends("<message to='bot@echo.example.com' id='1' type='chat'><body>Hi</body></message>");
    await wire.receives(`<message ${ns} from='${far}' to='bot@echo.example.com' id='1'><body>Hi</body></message>`);
    wire.writes(`<message from='bot@echo.example.com/x' to='${far}' id='2' type='chat'><body>Hi</body></message>`);
    await far.receives("<message from='bot@echo.example.com/x' id='2'><body>Hi</body></message>");
    wire.writes("<message from='bot@echo.example.com' to='a@nowhere.example' id='3'><body>Hi</body></message>");
    await wire.receives(`<message ${ns} type='error' from='a@nowhere.example' id='3'/>`);
    wire.transport.destroy();
    await wire.ends();
    await far.sends("<message to='bot@echo.example.com' id='4' type='chat'><body>Hi</body></message>");
    await far.receives("<message type='error' from='bot@echo.example.com' id='4'><error type='wait'/></message>");
  },
);

scenario("component: who is blocked is not heard", options, async (stage) => {
  const wire = await joined(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='echo.example.com'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  wire.writes("<message from='a@echo.example.com' to='romeo@example.com' id='1' type='chat'><body>Hi</body></message>");
  await wire.receives(`<message ${ns} type='error' id='1'/>`);
  await romeo.receivesNothing();
});

scenario("component: is in the list of services of the domain above", options, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.sends(
    "<iq type='get' id='i' to='example.com'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
  );
  const items = await romeo.receives(
    "<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='echo.example.com' name='Echo'/></query></iq>",
  );
  assert.ok(!items.toString().includes("fax.example"), "not below it");
});

scenario(
  "component: one that does not read is contained, then cut off",
  { ...options, settings: { c2s: { rate: "0 B" }, component: { components, queue: "100 KiB", stall: "100 ms" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const wire = await joined(stage);
    wire.transport.pause();
    const words = "x".repeat(50_000);
    let refused = 0;
    for (let index = 0; index < 20; index++) {
      await romeo.sends(`<message to='a@echo.example.com' id='m${index}' type='chat'><body>${words}</body></message>`);
      await romeo.sends(`<iq type='get' id='p${index}' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>`);
      for (;;) {
        const stanza = await romeo.next();
        if (stanza.attrs.id === `p${index}`) break;
        assert.equal(stanza.elements.at(-1)?.attrs.type, "wait");
        refused++;
      }
    }
    assert.ok(refused > 0, "its queue is bounded");
    while (stage.assembly.server.metrics.snapshot().components_connected !== 0) await delay(10);
    wire.transport.resume();
    assert.equal(await wire.ends(), "reset");
  },
);

scenario(
  "component: one that reads late gets what was taken for it",
  { ...options, settings: { c2s: { rate: "0 B" }, component: { components, queue: "100 KiB" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const wire = await joined(stage);
    wire.transport.pause();
    const words = "x".repeat(50_000);
    const refused: string[] = [];
    for (let index = 0; index < 10; index++) {
      await romeo.sends(`<message to='a@echo.example.com' id='m${index}' type='chat'><body>${words}</body></message>`);
    }
    await romeo.sends("<iq type='get' id='last' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
    for (;;) {
      const { attrs } = await romeo.next();
      if (attrs.id === "last") break;
      refused.push(attrs.id!);
    }
    wire.transport.resume();
    for (let index = 0; index < 10; index++) {
      if (!refused.includes(`m${index}`)) await wire.receives(`<message ${ns} id='m${index}'/>`);
    }
    await receivesNothing(wire);
    await romeo.sends("<message to='a@echo.example.com' id='again' type='chat'><body>Hi</body></message>");
    await wire.receives(`<message ${ns} id='again'/>`);
  },
);

scenario(
  "component: one that sends too fast is read more slowly, and loses nothing",
  { ...options, settings: { component: { components, rate: "1 MiB", burst: "20 KiB" } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const wire = await joined(stage);
    const words = "x".repeat(10_000);
    for (let index = 0; index < 10; index++) {
      wire.writes(`<message from='a@echo.example.com' to='${romeo}' id='${index}'><body>${words}</body></message>`);
    }
    for (let index = 0; index < 10; index++) await romeo.receives(`<message id='${index}'/>`);
  },
);

scenario(
  "component: a stanza that is too large, and a handshake that does not come",
  { ...options, settings: { component: { components, "stanza-size": "20 KiB", "login-time": "50 ms" } } },
  async (stage) => {
    const wire = await joined(stage);
    wire.writes(`<message from='a@echo.example.com' to='b@example.com'><body>${"x".repeat(30_000)}</body></message>`);
    await refuses(wire, "policy-violation");
    const silent = dial(stage);
    await silent.next();
    await refuses(silent, "connection-timeout");
  },
);

scenario("component: is told when the server stops", options, async (stage) => {
  const wire = await joined(stage);
  const stopping = stage.assembly.stop();
  await wire.receives("<error xmlns='http://etherx.jabber.org/streams'/>");
  await wire.receivesEnd();
  await stopping;
});
