import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  accepted,
  announces,
  block,
  bridged,
  bytestreams,
  inBand,
  leadsTo,
  linking,
  offer,
  open,
  opens,
  proxied,
  refused,
  sendsByProxy,
  sendsInBand,
} from "#test/harness/file-bridge.ts";
import { scenario } from "#test/harness/scenario.ts";

const balcony = "juliet@example.net/balcony";

scenario("file-bridge: a file for somebody who is away arrives as a link, by the proxy", bridged(), async (stage) => {
  open(stage);
  const before = await stage.connect(balcony);
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: false });
  await romeo.sends("<presence type='subscribe' to='juliet@example.net'/>");
  await before.receives("<presence type='subscribe'/>");
  await before.sends("<presence type='subscribed' to='romeo@example.com'/>");
  await before.disconnect();
  await romeo.settles();
  const file = randomBytes(700_001);
  const socks = await sendsByProxy(stage, romeo, balcony, file);
  const told = await romeo.receives("<message type='headline' from='example.com'><body>…</body></message>");
  assert.match(told.toString(), /juliet@example\.net is away: your file "été\.pdf" was put on the server/);
  await socks.ends();
  const juliet = await stage.connect("juliet@example.net/chamber");
  const message = await juliet.receives(linking(file, `type='chat' from='${romeo}'`));
  const link = await leadsTo(stage, message, file);
  assert.equal(link.host, "example.com:5443");
  assert.match(link.pathname, /\/%C3%A9t%C3%A9\.pdf$/);
});

scenario("file-bridge: only who may see that somebody is away is told so", bridged(), async (stage) => {
  open(stage);
  await stage.account("juliet@example.net");
  const nurse = await stage.connect("nurse@example.net/home");
  const romeo = await stage.connect("romeo@example.com/orchard");
  let sid = 0;
  for (const to of [balcony, "juliet@example.net", "nurse@example.net/gone", "nurse@example.net"]) {
    await romeo.exchange(offer(to, { sid: `s${++sid}`, size: 3, methods: [inBand] }), accepted(inBand));
    await sendsInBand(romeo, to, randomBytes(3), `s${sid}`);
    await romeo.receivesInAnyOrder(
      `<message type='headline'><body>Files to ${to.replace(/\/.*/, "")} go as links: …</body></message>`,
      "<iq type='result' id='b0'/>",
    );
  }
  for (let count = 0; count < 2; count++) await nurse.receives(`<message type='chat' from='${romeo}'/>`);
});

scenario(
  "file-bridge: in-band, where there is no proxy",
  bridged({}, { settings: { proxy65: { listen: [] } } }),
  async (stage) => {
    open(stage);
    await stage.account("juliet@example.net");
    const romeo = await stage.connect("romeo@example.com/orchard");
    const file = randomBytes(10_001);
    await romeo.exchange(offer(balcony, { size: file.length, type: "application/pdf" }), accepted(inBand));
    await sendsInBand(romeo, balcony, file);
    await romeo.receivesInAnyOrder("<message type='headline'/>", "<iq type='result' id='b2'/>");
    await romeo.exchange(
      `<iq type='set' id='close' to='${balcony}'><close xmlns='${inBand}' sid='s1'/></iq>`,
      "<iq type='result' id='close'/>",
    );
    const juliet = await stage.connect("juliet@example.net/chamber");
    const message = await juliet.receives(linking(file, "type='chat'"));
    await leadsTo(stage, message, file);
    assert.match(message.toString(), /<media-type>application\/pdf</);
  },
);

scenario("file-bridge: in-band in messages, as some clients do", bridged(), async (stage) => {
  open(stage);
  await stage.account("juliet@example.net");
  const romeo = await stage.connect("romeo@example.com/orchard");
  const file = randomBytes(6_000);
  await romeo.exchange(offer(balcony, { size: file.length, methods: [inBand] }), accepted(inBand));
  await romeo.exchange(opens(balcony, { stanza: "message" }), "<iq type='result' id='open'/>");
  for (const seq of [0, 1]) {
    const part = file.subarray(seq * 4096, (seq + 1) * 4096).toString("base64");
    await romeo.sends(
      `<message to='${balcony}'><data xmlns='${inBand}' sid='s1' seq='${seq}'>${part}</data></message>`,
    );
  }
  await romeo.receives("<message type='headline'/>");
  const juliet = await stage.connect("juliet@example.net/chamber");
  await leadsTo(stage, await juliet.receives(linking(file, "type='chat'")), file);
});

scenario(
  "file-bridge: all clients of the receiver and the other ones of the sender see the link",
  bridged(),
  async (stage) => {
    open(stage);
    const juliet = await stage.connect("juliet@example.net/chamber");
    const romeo = await stage.connect("romeo@example.com/orchard");
    const home = await stage.connect("romeo@example.com/home");
    await home.exchange(
      "<iq type='set' id='1'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
      "<iq type='result' id='1'/>",
    );
    const file = randomBytes(5_000);
    await sendsByProxy(stage, romeo, balcony, file);
    await leadsTo(
      stage,
      await juliet.receives(linking(file, `type='chat' from='${romeo}' to='juliet@example.net'`)),
      file,
    );
    await home.receives(`<message from='romeo@example.com'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>
    <message xmlns='jabber:client' to='juliet@example.net'/></forwarded></sent></message>`);
  },
);

scenario("file-bridge: a client that is known to take no files gets a link", bridged(), async (stage) => {
  open(stage);
  const juliet = await stage.connect(balcony, { presence: false });
  await announces(juliet, ["http://jabber.org/protocol/disco#info"]);
  const romeo = await stage.connect("romeo@example.com/orchard");
  const file = randomBytes(5_000);
  await sendsByProxy(stage, romeo, balcony, file);
  await romeo.receives(
    "<message type='headline'><body>The software of juliet@example.net cannot take files: …</body></message>",
  );
  await leadsTo(stage, await juliet.receives(linking(file, "type='chat'")), file);
});

scenario(
  "file-bridge: whoever can take a file gets the offer, and so does who may be able to",
  bridged(),
  async (stage) => {
    open(stage);
    const able = await stage.connect("juliet@example.net/balcony", { presence: false });
    await announces(able, ["http://jabber.org/protocol/si/profile/file-transfer"]);
    const unknown = await stage.connect("nurse@example.net/home");
    const romeo = await stage.connect("romeo@example.com/orchard");
    for (const client of [able, unknown]) {
      await romeo.sends(offer(client, { size: 10 }));
      await client.receives(
        `<iq type='set' id='offer' from='${romeo}'><si xmlns='http://jabber.org/protocol/si'/></iq>`,
      );
      await romeo.sends(opens(client));
      await client.receives("<iq type='set' id='open'/>");
    }
  },
);

scenario(
  "file-bridge: who asks what an absent client can is told what the server takes for it",
  bridged(),
  async (stage) => {
    open(stage);
    await stage.account("juliet@example.net");
    const romeo = await stage.connect("romeo@example.com/orchard");
    const ask = (to: string) =>
      `<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
    await romeo.exchange(
      ask(balcony),
      `<iq type='result' id='d' from='${balcony}'><query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='http://jabber.org/protocol/si/profile/file-transfer'/><feature var='${bytestreams}'/><feature var='${inBand}'/>
      <feature var='urn:xmpp:jingle:apps:file-transfer:5'/></query></iq>`,
    );
    await romeo.exchange(ask("nobody@example.net/x"), refused("service-unavailable", "d"));
  },
);

scenario(
  "file-bridge: off where nothing leads to the files, or where it is turned off",
  bridged({ enabled: false }),
  async (stage) => {
    open(stage);
    await stage.account("juliet@example.net");
    const romeo = await stage.connect("romeo@example.com/orchard");
    await romeo.exchange(offer(balcony, { size: 10 }), refused("service-unavailable"));
  },
);

scenario("file-bridge: nobody is there to take a file for", bridged(), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  for (const to of ["nobody@example.net/x", "nobody@example.net", "example.net", "proxy.example.net"]) {
    await romeo.exchange(offer(to, { size: 10 }), refused("service-unavailable"));
  }
});

scenario("file-bridge: only who is not blocked", bridged(), async (stage) => {
  open(stage);
  const juliet = await stage.connect("juliet@example.net/chamber");
  await juliet.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@example.com'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.exchange(offer(balcony, { size: 10 }), refused("service-unavailable"));
  await juliet.receivesNothing();
});

scenario("file-bridge: the server connects nowhere: only its own proxy is used", bridged(), async (stage) => {
  open(stage);
  await stage.account("juliet@example.net");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.exchange(offer(balcony, { size: 10 }), accepted(bytestreams));
  const hosts = ["romeo@example.com/orchard", "proxy.elsewhere.example", "not@@a jid", "example.net"];
  await romeo.exchange(
    `<iq type='set' id='hosts' to='${balcony}'><query xmlns='${bytestreams}' sid='s1'>
      ${hosts.map((jid) => `<streamhost jid='${jid}' host='127.0.0.1' port='22'/>`).join("")}</query></iq>`,
    refused("item-not-found", "hosts"),
  );
  // It comes in-band then, as XEP-0096 has it.
  await romeo.exchange(opens(balcony), "<iq type='result' id='open'/>");
  await romeo.sends(block(balcony, 0, Buffer.from("0123456789")));
  await romeo.receivesInAnyOrder("<message type='headline'/>", "<iq type='result' id='b0'/>");
});

scenario(
  "file-bridge: people at aliases, and the proxy under any name",
  bridged(
    {},
    {
      domains: ["obs.example"],
      aliases: { "obs.example": ["jabber.obs.example"] },
    },
  ),
  async (stage) => {
    open(stage);
    await stage.account("adupont@obs.example");
    const pierre = await stage.connect("pmartin@obs.example/work", { face: "jabber.obs.example" });
    const file = randomBytes(20_000);
    const to = "adupont@jabber.obs.example/home";
    await pierre.exchange(offer(to, { size: file.length }), accepted(bytestreams));
    const socks = await proxied(stage, pierre, to, { at: "obs.example" });
    socks.writes(file);
    await pierre.receives("<message type='headline' from='jabber.obs.example'/>");
    const anne = await stage.connect("adupont@obs.example/home");
    const link = await leadsTo(stage, await anne.receives(linking(file, "from='pmartin@obs.example/work'")), file);
    assert.equal(link.host, "jabber.obs.example:5443");
  },
);

scenario("file-bridge: an MD5 that was announced has to be that of the file", bridged(), async (stage) => {
  open(stage);
  await stage.account("juliet@example.net");
  const romeo = await stage.connect("romeo@example.com/orchard");
  const file = randomBytes(3_000);
  const hash = createHash("md5").update(file).digest("hex");
  await romeo.exchange(offer(balcony, { size: file.length, hash, methods: [inBand] }), accepted(inBand));
  await sendsInBand(romeo, balcony, file);
  await romeo.receivesInAnyOrder("<message type='headline'/>", "<iq type='result' id='b0'/>");
  await romeo.exchange(offer(balcony, { sid: "s2", size: file.length, hash, methods: [inBand] }), accepted(inBand));
  await sendsInBand(romeo, balcony, randomBytes(3_000), "s2");
  await romeo.receivesInAnyOrder(
    "<message type='headline'><body>Your file \"été.pdf\" has not been sent. The file did not come whole.</body></message>",
    refused("not-acceptable", "b0"),
  );
});
