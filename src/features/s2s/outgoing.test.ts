import assert from "node:assert/strict";
import { db, opens, RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"] }];
const with_ = (s2s: Readonly<Record<string, unknown>>) => [{ domains: ["one.example"], settings: { s2s } }];
const message = (to: string, id = "1") => `<message to='${to}' id='${id}' type='chat'><body>Hi</body></message>`;
const refused = (condition: string, text: string, id = "1") =>
  `<message type='error' id='${id}'><body>Hi</body><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…${text}…</text></error></message>`;
const external =
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms><dialback xmlns='urn:xmpp:features:dialback'/>";

scenario("s2s: with the certificate first (EXTERNAL)", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  const wire = await far.welcomes(external);
  await wire.receives(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>${btoa("one.example")}</auth>`,
  );
  wire.writes("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  wire.reset();
  const header = await wire.next();
  assert.deepEqual([header.attrs.from, header.attrs.to], ["one.example", "far.example"]);
  opens(wire, { id: "2", from: "far.example", to: "one.example" });
  wire.writes("<stream:features/>");
  await wire.receives(`<message from='${romeo}' to='a@far.example'/>`);
});

scenario("s2s: dialback where the certificate is not taken", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  const wire = await far.welcomes(external);
  await wire.receives("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>…</auth>");
  wire.writes("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
  await wire.receives(`<db:result ${db} from='one.example' to='far.example'>…</db:result>`);
  wire.writes("<db:result from='far.example' to='one.example' type='valid'/>");
  await wire.receives("<message to='a@far.example'/>");
});

scenario("s2s: TLS from the first byte where DNS says so (XEP-0368)", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  far.site.direct = true;
  await romeo.sends(message("a@far.example"));
  const wire = await far.believes();
  await wire.receives("<message to='a@far.example'/>");
});

scenario("s2s: no such domain: told at once, in the sender's language", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  await romeo.exchange(
    message("a@nowhere.example"),
    refused("remote-server-not-found", "nowhere.example has no messaging service"),
  );
  await romeo.exchange(
    message("somebody@gmail.com"),
    refused("remote-server-not-found", "Google no longer exchanges messages"),
  );
  await romeo.exchange(
    message("quelquun@googlemail.com").replace("<message", "<message xml:lang='fr'"),
    refused("remote-server-not-found", "Invitez plutôt cette personne par courriel"),
  );
  await romeo.exchange(
    "<iq type='get' id='2' to='nowhere.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='error' id='2' from='nowhere.example'><error type='cancel'/></iq>",
  );
  await romeo.exchange(
    "<presence to='room@nowhere.example/nick' id='3'/>",
    "<presence type='error' id='3' from='room@nowhere.example/nick'/>",
  );
  await romeo.sends("<presence type='unavailable' to='room@nowhere.example/nick'/>");
  await romeo.exchange(
    "<presence to='a@nowhere.example' id='5'/>",
    "<presence type='error' id='5' from='a@nowhere.example'/>",
  );
  await romeo.sends("<message type='error' to='a@nowhere.example'/>");
  await romeo.sends("<iq type='result' id='4' to='nowhere.example'/>");
  await romeo.receivesNothing();
});

scenario("s2s: DNS that fails is said to fail", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  internet.silent.add("far.example");
  await romeo.exchange(message("a@far.example"), refused("remote-server-timeout", "cannot be looked up just now"));
});

scenario("s2s: nobody listens: told at once, and remembered", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  far.site.accept = undefined;
  await romeo.exchange(message("a@far.example"), refused("remote-server-timeout", "does not answer"));
  await romeo.exchange(message("a@far.example", "2"), refused("remote-server-timeout", "does not answer", "2"));
  assert.equal(internet.dialled.get("far.example"), 1); // the second one was not even tried
});

scenario(
  "s2s: after the back-off it is tried again",
  { servers: with_({ "back-off": { shortest: "1 ms", longest: "1 ms" } }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    const { accept } = far.site;
    far.site.accept = undefined;
    await romeo.exchange(message("a@far.example"), refused("remote-server-timeout", "does not answer"));
    far.site.accept = accept;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await romeo.sends(message("a@far.example", "2"));
    await (await far.believes()).receives("<message id='2'/>");
  },
);

scenario("s2s: a domain that comes back is believed at once", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  const { accept } = far.site;
  far.site.accept = undefined;
  await romeo.exchange(message("a@far.example"), refused("remote-server-timeout", "does not answer"));
  far.site.accept = accept;
  await far.authenticates("one.example"); // it is there again
  await romeo.sends(message("a@far.example", "2"));
  await (await far.believes()).receives("<message id='2'/>");
});

const bad = {
  expired: "has expired",
  "other-name": "is for other domains",
  untrusted: "is not signed by a known authority",
} as const;
for (const [certificate, text] of Object.entries(bad)) {
  scenario(`s2s: a certificate that is ${certificate}: nothing is sent`, { servers }, async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    far.site.certificate = certificate as keyof typeof bad;
    await romeo.sends(message("a@far.example"));
    const wire = await far.welcomes(external);
    await wire.receivesClosing();
    await romeo.receives(refused("remote-server-timeout", text));
  });
}

scenario(
  "s2s: a self-signed certificate is good enough where the settings say so",
  { servers: with_({ domains: { "far.example": { dialback: "allowed" } } }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    far.site.certificate = "untrusted";
    await romeo.sends(message("a@far.example"));
    await (await far.believes()).receives("<message/>");
  },
);

scenario("s2s: no encryption, no message", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  const wire = await far.accepts();
  await wire.next();
  opens(wire, { id: "1", from: "far.example", to: "one.example" });
  wire.writes("<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>");
  await romeo.receives(refused("remote-server-timeout", "No encrypted connection"));
});

scenario("s2s: dialback that fails is told", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  const wire = await far.welcomes("");
  await wire.receives(`<db:result ${db}>…</db:result>`);
  wire.writes("<db:result from='far.example' to='one.example' type='invalid'/>");
  await romeo.receives(refused("internal-server-error", "does not believe that this server is who it says"));
  const other = new RemoteServer(internet, "other.example");
  await romeo.sends(message("a@other.example"));
  const second = await other.welcomes("");
  await second.receives(`<db:result ${db}>…</db:result>`);
  second.writes(
    "<db:result from='other.example' to='one.example' type='error'><error type='cancel'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
  );
  await romeo.receives(refused("policy-violation", "refuses messages from here"));
});

scenario("s2s: a server that does not know its domain", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  const wire = await far.accepts();
  await wire.next();
  opens(wire, { id: "1", from: "far.example", to: "one.example" });
  wire.writes(
    "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  await romeo.receives(refused("remote-server-not-found", "has no messaging service"));
});

scenario(
  "s2s: a server that stalls in the middle is given up",
  { servers: with_({ "connect-time": "100 ms" }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const silent = new RemoteServer(internet, "silent.example");
    await romeo.exchange(message("a@silent.example"), refused("remote-server-timeout", "does not answer"));
    assert.equal(await (await silent.accepts()).ends(), "reset");
    const half = new RemoteServer(internet, "half.example");
    await romeo.sends(message("a@half.example"));
    const wire = await half.welcomes("");
    await wire.receives(`<db:result ${db}>…</db:result>`); // and no answer
    await romeo.receives(refused("remote-server-timeout", "does not answer"));
  },
);

scenario("s2s: of several servers of a domain the next is tried", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  new RemoteServer(internet, "far.example").site.accept = undefined;
  const second = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example"));
  await (await second.believes()).receives("<message/>");
});

scenario("s2s: an idle connection is closed", { servers: with_({ idle: "60 ms" }) }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example", "1"));
  const wire = await far.believes();
  await wire.receives("<message id='1'/>");
  await wire.receivesEnd();
  await romeo.sends(message("a@far.example", "2"));
  await (await far.believes()).receives("<message id='2'/>");
});

scenario(
  "s2s: a stanza that the other server would not take is refused here",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message("a@far.example", "1"));
    const wire = await far.believes("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits>");
    await wire.receives("<message id='1'/>");
    await romeo.sends(message("a@far.example", "2").replace("Hi", "x".repeat(10_000)));
    await romeo.receives(
      "<message type='error' id='2'><error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    await romeo.sends(message("a@far.example", "3"));
    await wire.receives("<message id='3'/>");
  },
);

scenario("s2s: a one-way stream brings nothing in", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example", "1"));
  const wire = await far.believes();
  await wire.receives("<message id='1'/>");
  wire.writes("<message from='a@far.example' to='romeo@one.example'><body>psst</body></message>");
  await wire.receives("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await romeo.receivesNothing();
});

scenario(
  "s2s: a stream both ways carries answers (XEP-0288), of its own domain only",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(message("a@far.example", "1"));
    const wire = await far.welcomes("<bidi xmlns='urn:xmpp:features:bidi'/>");
    await wire.receives("<bidi xmlns='urn:xmpp:bidi'/>");
    wire.writes("<message from='a@far.example' to='romeo@one.example'><body>too early</body></message>");
    await wire.receives(`<db:result ${db}>…</db:result>`);
    await wire.receives("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    await romeo.receives("<message type='error'/>");
  },
);

scenario("s2s: … and once it is proved they arrive", { servers }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.sends(message("a@far.example", "1"));
  const wire = await far.welcomes("<bidi xmlns='urn:xmpp:features:bidi'/>");
  await wire.receives("<bidi xmlns='urn:xmpp:bidi'/>");
  await wire.receives(`<db:result ${db}>…</db:result>`);
  wire.writes("<db:result from='far.example' to='one.example' type='valid'/>");
  await wire.receives("<message id='1'/>");
  wire.writes("<message from='a@far.example/x' to='romeo@one.example' id='2'><body>Hi</body></message>");
  await romeo.receives("<message from='a@far.example/x' id='2'/>");
  wire.writes("<message from='pope@vatican.example' to='romeo@one.example'><body>Hi</body></message>");
  await wire.receives("<stream:error><invalid-from xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  await romeo.receivesNothing();
});

scenario("s2s: closed to the outside", { servers: with_({ policy: "closed" }) }, async ({ connect, internet }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const far = new RemoteServer(internet, "far.example");
  await romeo.exchange(message("a@far.example"), refused("remote-server-not-found", "does not exchange messages"));
  assert.equal(far.knocking, 0);
});

scenario(
  "s2s: open to a list",
  { servers: with_({ policy: "allow", allow: ["far.example"], block: ["bad.far.example"] }) },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "rooms.far.example", ["far.example"]);
    for (const domain of ["other.example", "bad.far.example", "notfar.example"]) {
      await romeo.exchange(message(`a@${domain}`), refused("not-allowed", "By the rules of this server"));
    }
    await romeo.sends(message("a@rooms.far.example"));
    await (await far.believes()).receives("<message/>");
  },
);

scenario(
  "s2s: a domain that leads back here leads nowhere",
  { servers },
  async ({ connect, internet, servers: [one] }) => {
    const romeo = await connect("romeo@one.example/orchard");
    internet.site(["mirror.example"], (transport) => one!.target.assembly!.accept("s2s", transport));
    await romeo.exchange(message("a@mirror.example"), refused("remote-server-not-found", "has no messaging service"));
  },
);
