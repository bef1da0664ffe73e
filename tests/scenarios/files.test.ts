import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Client } from "#test/harness/client.ts";
import { type ScenarioOptions, scenario } from "#test/harness/scenario.ts";

// Files between clients: what the server has to do is to pass the requests on, whole and in order, and to say why not.

const ours = { skipOn: ["prosody"], why: "our texts and limits" };
const bytestreams = "http://jabber.org/protocol/bytestreams";
const inBand = "http://jabber.org/protocol/ibb";

/** Stream Initiation with the profile for files (XEP-0095, XEP-0096), as Pidgin sends it. */
function offer(to: Client | string, id = "offer"): string {
  return `<iq type='set' id='${id}' to='${to}'><si xmlns='http://jabber.org/protocol/si' id='s1'
      profile='http://jabber.org/protocol/si/profile/file-transfer'>
    <file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='été &amp; co.pdf' size='1022'/>
    <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='form'>
      <field var='stream-method' type='list-single'><option><value>${bytestreams}</value></option>
        <option><value>${inBand}</value></option></field></x></feature></si></iq>`;
}

function refusal(condition: string, id = "offer"): string {
  const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
  return `<iq type='error' id='${id}'><error><${condition} xmlns='${stanzas}'/><text xmlns='${stanzas}'>…</text></error></iq>`;
}

async function passes(from: Client, to: Client, content: string, type = "set"): Promise<void> {
  await from.sends(`<iq type='${type}' id='p' to='${to}'>${content}</iq>`);
  await to.receives(`<iq type='${type}' id='p' from='${from}' to='${to}'>${content}</iq>`);
}

scenario("files: an offer, its acceptance, the proxies, the choice", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await romeo.sends(offer(juliet));
  await juliet.receives(
    `<iq type='set' id='offer' from='${romeo}'><si xmlns='http://jabber.org/protocol/si' id='s1'>
      <file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='été &amp; co.pdf' size='1022'/></si></iq>`,
  );
  await juliet.sends(
    `<iq type='result' id='offer' to='${romeo}'><si xmlns='http://jabber.org/protocol/si'>
      <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='submit'>
        <field var='stream-method'><value>${bytestreams}</value></field></x></feature></si></iq>`,
  );
  await romeo.receives(
    `<iq type='result' id='offer' from='${juliet}'><si xmlns='http://jabber.org/protocol/si'>
      <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='submit'>
        <field var='stream-method'><value>${bytestreams}</value></field></x></feature></si></iq>`,
  );
  const hosts = `<streamhost jid='${romeo}' host='192.168.4.1' port='5086'/><streamhost jid='proxy.example.com' host='x' port='1'/>`;
  await passes(romeo, juliet, `<query xmlns='${bytestreams}' sid='s1' mode='tcp'>${hosts}</query>`);
  const used = `<query xmlns='${bytestreams}' sid='s1'><streamhost-used jid='proxy.example.com'/></query>`;
  await passes(juliet, romeo, used, "result");
});

scenario("files: refused by its receiver, the sender learns the receiver's reason", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await romeo.sends(offer(juliet));
  await juliet.receives("<iq id='offer'/>");
  const forbidden = `<error code='403' type='cancel'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Offer Declined</text></error>`;
  await juliet.sends(`<iq type='error' id='offer' to='${romeo}'>${forbidden}</iq>`);
  await romeo.receives(`<iq type='error' id='offer' from='${juliet}'>${forbidden}</iq>`);
});

scenario("files: to somebody who is not there, or not with that client, with an explanation", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await stage.account("juliet@example.net");
  for (const to of ["juliet@example.net/balcony", "nobody@example.net/x"]) {
    await romeo.exchange(offer(to), refusal("service-unavailable"));
  }
  const juliet = await stage.connect("juliet@example.net/chamber");
  for (const to of ["juliet@example.net/balcony", "juliet@example.net", "example.net", "proxy.example.net"]) {
    await romeo.exchange(offer(to), refusal("service-unavailable"));
  }
  await juliet.receivesNothing();
  await juliet.disconnect();
  await romeo.exchange(offer(juliet), refusal("service-unavailable"));
});

scenario("files: the receiver leaves in the middle", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await passes(romeo, juliet, `<open xmlns='${inBand}' sid='s1' block-size='4096'/>`);
  await juliet.drop();
  await romeo.exchange(
    `<iq type='set' id='d' to='${juliet}'><data xmlns='${inBand}' sid='s1' seq='0'>AAAA</data></iq>`,
    refusal("service-unavailable", "d"),
  );
});

scenario("files: who is blocked cannot offer any, and is not told why", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await juliet.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@example.com'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  await romeo.exchange(offer(juliet), refusal("service-unavailable"));
  await juliet.exchange(offer(romeo), refusal("not-acceptable"));
  await juliet.receivesNothing();
  await romeo.receivesNothing();
});

scenario("files: Jingle with SOCKS5 and in-band transports", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  const jingle = (action: string, ...content: string[]) =>
    `<jingle xmlns='urn:xmpp:jingle:1' action='${action}' initiator='${romeo}' sid='j1'>
      <content creator='initiator' name='file'>${content.join("")}</content></jingle>`;
  const file = `<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>été.pdf</name><size>1022</size>
    <hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>AAAA</hash></file></description>`;
  const socks = (inside: string, attributes = "") =>
    `<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t1' ${attributes}>${inside}</transport>`;
  const proxy = "<candidate cid='c1' host='x' jid='proxy.example.com' port='7777' priority='10' type='proxy'/>";
  await passes(
    romeo,
    juliet,
    jingle("session-initiate", file, socks(proxy, "dstaddr='972b7bf47291ca609517f67f86b5081086052dad'")),
  );
  await passes(juliet, romeo, jingle("session-accept", file, socks("<candidate-error/>")));
  await passes(romeo, juliet, jingle("transport-info", socks("<activated cid='c1'/>")));
  const fallback = "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='i1'/>";
  await passes(romeo, juliet, jingle("transport-replace", fallback));
  await passes(juliet, romeo, jingle("transport-accept", fallback));
});

const faces: ScenarioOptions = {
  domains: ["obs.example"],
  aliases: { "obs.example": ["jabber.obs.example"] },
  skipOn: ["prosody"],
  why: "no other server knows aliases",
};

scenario("files: Jingle names both people as each knows them", faces, async ({ connect }) => {
  const pierre = await connect("pmartin@obs.example/work");
  const anne = await connect("adupont@obs.example/home", { face: "jabber.obs.example" });
  await pierre.sends(
    `<iq type='set' id='j' to='adupont@obs.example/home'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate'
      initiator='pmartin@obs.example/work' responder='adupont@obs.example/home' sid='j1'/></iq>`,
  );
  await anne.receives(
    `<iq type='set' id='j' from='pmartin@jabber.obs.example/work'><jingle xmlns='urn:xmpp:jingle:1'
      initiator='pmartin@jabber.obs.example/work' responder='${anne}'/></iq>`,
  );
});

scenario("files: the largest blocks of the in-band protocol pass, and arrive in order", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.net/balcony");
  await passes(romeo, juliet, `<open xmlns='${inBand}' sid='s1' block-size='65535' stanza='iq'/>`);
  for (let seq = 0; seq < 4; seq++) {
    const block = randomBytes(65_535).toString("base64");
    await passes(romeo, juliet, `<data xmlns='${inBand}' sid='s1' seq='${seq}'>${block}</data>`);
    await passes(juliet, romeo, "", "result");
  }
  await passes(romeo, juliet, `<close xmlns='${inBand}' sid='s1'/>`);
});

scenario(
  "files: a flood of blocks is slowed down, and loses nothing",
  { ...ours, settings: { c2s: { rate: "1 MiB", burst: "64 KiB" } } },
  async ({ connect, assembly }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.net/balcony");
    const block = randomBytes(4096).toString("base64");
    for (let seq = 0; seq < 60; seq++) {
      await romeo.sends(
        `<iq type='set' id='${seq}' to='${juliet}'><data xmlns='${inBand}' sid='s' seq='${seq}'>${block}</data></iq>`,
      );
    }
    for (let seq = 0; seq < 60; seq++)
      await juliet.receives(`<iq id='${seq}'><data xmlns='${inBand}' seq='${seq}'>${block}</data></iq>`);
    assert.ok((assembly.server.metrics.snapshot().c2s_streams_slowed ?? 0) > 0);
  },
);

scenario(
  "files: blocks in messages are for one client: no copies, no archive, nothing for later",
  ours,
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const home = await stage.connect("romeo@example.com/home", { presence: false });
    const juliet = await stage.connect("juliet@example.net/balcony");
    const chamber = await stage.connect("juliet@example.net/chamber", { presence: "<presence/>" });
    for (const client of [home, chamber]) {
      await client.exchange(
        "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
        "<iq type='result' id='c'/>",
      );
    }
    const block = `<data xmlns='${inBand}' sid='s1' seq='0'>AAAA</data>`;
    await romeo.sends(`<message to='${juliet}' id='m'>${block}</message>`);
    await juliet.receives(`<message from='${romeo}' id='m'>${block}</message>`);
    await chamber.receivesNothing();
    await home.receivesNothing();
    await romeo.exchange(
      "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>",
      "<iq type='result' id='q'><fin xmlns='urn:xmpp:mam:2' complete='true'/></iq>",
    );
    await juliet.disconnect();
    await romeo.sends(`<message to='${juliet}' id='m'>${block}</message>`);
    await romeo.receives("<message type='error' id='m'/>");
    await chamber.receivesNothing();
  },
);

// XEP-0353 §3: clients ask for its storing, so that one who comes later knows what was missed; the delay keeps it silent.
scenario("files: a proposal to somebody who is away is there later, with its time", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  await stage.account("juliet@example.net");
  for (const name of ["propose", "retract"]) {
    await romeo.sends(
      `<message to='juliet@example.net' type='chat' id='${name}'><${name} xmlns='urn:xmpp:jingle-message:0' id='ca3cf894'/>
        <store xmlns='urn:xmpp:hints'/></message>`,
    );
  }
  await romeo.settles();
  const juliet = await stage.connect("juliet@example.net/balcony");
  for (const name of ["propose", "retract"]) {
    await juliet.receives(
      `<message id='${name}'><${name} xmlns='urn:xmpp:jingle-message:0'/><delay xmlns='urn:xmpp:delay'/></message>`,
    );
  }
});
