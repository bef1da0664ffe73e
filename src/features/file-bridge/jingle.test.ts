import { createHash, randomBytes } from "node:crypto";
import { destination } from "#features/proxy65/index.ts";
import type { Client } from "#test/harness/client.ts";
import {
  announces,
  block,
  bridged,
  inBand,
  leadsTo,
  linking,
  open,
  opens,
  refused,
  stanzas,
} from "#test/harness/file-bridge.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { activation, waiting } from "#test/harness/socks.ts";

const balcony = "juliet@example.net/balcony";
const files = "urn:xmpp:jingle:apps:file-transfer:5";
const s5b = "urn:xmpp:jingle:transports:s5b:1";
const ibb = "urn:xmpp:jingle:transports:ibb:1";

interface Offered {
  readonly size: number | string;
  readonly transport: string;
  readonly senders?: string;
  readonly hash?: string;
  readonly version?: string;
}

/** What the initiator says, as in the examples of XEP-0234. */
function says(to: Client | string, action: string, inside: string, id = action): string {
  return `<iq type='set' id='${id}' to='${to}'><jingle xmlns='urn:xmpp:jingle:1' action='${action}' sid='851ba2'>${inside}</jingle></iq>`;
}

function initiate(
  to: Client | string,
  { size, transport, senders = "initiator", hash, version = files }: Offered,
): string {
  const sum =
    hash === undefined
      ? "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'/>"
      : `<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>${hash}</hash>`;
  return says(
    to,
    "session-initiate",
    `<content creator='initiator' name='a-file-offer' senders='${senders}'><description xmlns='${version}'><file>
      <media-type>text/plain</media-type><name>été.pdf</name><size>${size}</size>${sum}</file></description>${transport}</content>`,
  );
}

const content = (inside: string) => `<content creator='initiator' name='a-file-offer'>${inside}</content>`;
/** What the server says in the place of the responder. */
const said = (action: string, inside: string, from = balcony) =>
  `<iq type='set' from='${from}'><jingle xmlns='urn:xmpp:jingle:1' action='${action}' sid='851ba2'>${inside}</jingle></iq>`;
const result = (id: string) => `<iq type='result' id='${id}'/>`;
const socks = (inside: string) => `<transport xmlns='${s5b}' sid='vj3hs98y' mode='tcp'>${inside}</transport>`;
const direct =
  "<candidate cid='d1' host='192.0.2.4' jid='romeo@example.com/orchard' port='5086' priority='8257636' type='direct'/>";
const proxy =
  "<candidate cid='p1' host='example.com' jid='proxy.example.com' port='7777' priority='7878787' type='proxy'/>";
const blocks = `<transport xmlns='${ibb}' block-size='4096' sid='ch3d9s71'/>`;
const whole = "<message type='headline'><body>Files to juliet@example.net go as links: …</body></message>";

async function acknowledges(client: Client, request: string): Promise<void> {
  const { attrs } = await client.receives(request);
  await client.sends(`<iq type='result' id='${attrs.id}' to='${attrs.from}'/>`);
}

async function lovers(stage: Stage): Promise<Client> {
  open(stage);
  await stage.account("juliet@example.net");
  return stage.connect("romeo@example.com/orchard");
}

async function ends(client: Client, from = balcony): Promise<void> {
  await acknowledges(
    client,
    said("session-info", `<received xmlns='${files}' creator='initiator' name='a-file-offer'/>`, from),
  );
  await acknowledges(client, said("session-terminate", "<reason><success/></reason>", from));
}

async function comes(stage: Stage, file: Buffer): Promise<void> {
  const juliet = await stage.connect("juliet@example.net/chamber");
  await leadsTo(stage, await juliet.receives(linking(file, "type='chat' from='romeo@example.com/orchard'")), file);
  await juliet.receivesNothing();
}

scenario("file-bridge: Jingle by the proxy", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const file = randomBytes(300_000);
  const hash = createHash("sha256").update(file).digest("base64");
  await romeo.exchange(
    initiate(balcony, { size: file.length, hash, transport: socks(direct + proxy) }),
    result("session-initiate"),
  );
  await acknowledges(
    romeo,
    said("session-accept", content(`<description xmlns='${files}'/><transport xmlns='${s5b}' sid='vj3hs98y'/>`)),
  );
  await acknowledges(
    romeo,
    said("transport-info", content(`<transport xmlns='${s5b}' sid='vj3hs98y'><candidate-used cid='p1'/></transport>`)),
  );
  await romeo.exchange(says(balcony, "transport-info", content(socks("<candidate-error/>"))), result("transport-info"));
  const to = await waiting(stage, destination("vj3hs98y", `${romeo}`, balcony));
  await romeo.exchange(activation("vj3hs98y", balcony), result("vj3hs98y"));
  await romeo.exchange(
    says(balcony, "transport-info", content(socks("<activated cid='p1'/>")), "activated"),
    result("activated"),
  );
  to.writes(file);
  await romeo.receives(whole);
  await ends(romeo);
  await to.ends();
  await comes(stage, file);
});

for (const version of ["urn:xmpp:jingle:apps:file-transfer:5", "urn:xmpp:jingle:apps:file-transfer:3"]) {
  scenario(`file-bridge: Jingle in-band (${version.at(-1)})`, bridged(), async (stage) => {
    const romeo = await lovers(stage);
    const file = randomBytes(5_000);
    await romeo.exchange(
      initiate(balcony, { size: file.length, transport: blocks, version }),
      result("session-initiate"),
    );
    await acknowledges(
      romeo,
      said("session-accept", content(`<transport xmlns='${ibb}' sid='ch3d9s71' block-size='4096'/>`)),
    );
    await romeo.exchange(opens(balcony, { sid: "ch3d9s71" }), result("open"));
    await romeo.exchange(block(balcony, 0, file.subarray(0, 4096), "ch3d9s71"), result("b0"));
    await romeo.sends(block(balcony, 1, file.subarray(4096), "ch3d9s71"));
    await romeo.receivesInAnyOrder(whole, result("b1"));
    await acknowledges(romeo, said("session-info", `<received xmlns='${version}'/>`));
    await acknowledges(romeo, said("session-terminate", "<reason><success/></reason>"));
    await romeo.exchange(
      `<iq type='set' id='close' to='${balcony}'><close xmlns='${inBand}' sid='ch3d9s71'/></iq>`,
      result("close"),
    );
    await comes(stage, file);
  });
}

scenario(
  "file-bridge: Jingle falls back to in-band where there is no way but direct ones",
  bridged(),
  async (stage) => {
    const romeo = await lovers(stage);
    const file = randomBytes(100);
    await romeo.exchange(
      initiate(balcony, { size: file.length, transport: socks(direct) }),
      result("session-initiate"),
    );
    await acknowledges(romeo, said("session-accept", content(`<transport xmlns='${s5b}' sid='vj3hs98y'/>`)));
    await acknowledges(
      romeo,
      said("transport-info", content(`<transport xmlns='${s5b}' sid='vj3hs98y'><candidate-error/></transport>`)),
    );
    await romeo.exchange(
      says(balcony, "transport-info", content(socks("<candidate-error/>"))),
      result("transport-info"),
    );
    await romeo.exchange(says(balcony, "transport-replace", content(blocks)), result("transport-replace"));
    await acknowledges(
      romeo,
      said("transport-accept", content(`<transport xmlns='${ibb}' sid='ch3d9s71' block-size='4096'/>`)),
    );
    await romeo.exchange(opens(balcony, { sid: "ch3d9s71" }), result("open"));
    await romeo.sends(block(balcony, 0, file, "ch3d9s71"));
    await romeo.receivesInAnyOrder(whole, result("b0"));
    await ends(romeo);
    await comes(stage, file);
  },
);

scenario("file-bridge: Jingle to a client that has none; that client hears nothing of it", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const juliet = await stage.connect(balcony, { presence: false });
  await announces(juliet, ["http://jabber.org/protocol/disco#info"]);
  const file = randomBytes(100);
  await romeo.exchange(initiate(juliet, { size: file.length, transport: blocks }), result("session-initiate"));
  await acknowledges(romeo, said("session-accept", ""));
  await romeo.exchange(opens(balcony, { sid: "ch3d9s71" }), result("open"));
  await romeo.sends(block(balcony, 0, file, "ch3d9s71"));
  await romeo.receivesInAnyOrder("<message type='headline'/>", result("b0"));
  await ends(romeo);
  await leadsTo(stage, await juliet.receives(linking(file, `from='${romeo}'`)), file);
  await juliet.receivesNothing();
});

scenario("file-bridge: Jingle that its initiator gives up", bridged({ "transfers-per-account": 1 }), async (stage) => {
  const romeo = await lovers(stage);
  const offer = initiate(balcony, { size: 100, transport: blocks });
  for (let time = 0; time < 3; time++) {
    await romeo.exchange(offer, result("session-initiate"));
    await acknowledges(romeo, said("session-accept", ""));
    await romeo.exchange(says(balcony, "session-terminate", "<reason><cancel/></reason>"), result("session-terminate"));
  }
  // Nor does it go on where the acceptance is refused.
  await romeo.exchange(offer, result("session-initiate"));
  const { attrs } = await romeo.receives(said("session-accept", ""));
  await romeo.sends(
    `<iq type='error' id='${attrs.id}' to='${balcony}'><error type='cancel'><item-not-found xmlns='${stanzas}'/></error></iq>`,
  );
  await acknowledges(romeo, said("session-terminate", "<reason><failed-application/></reason>"));
  await romeo.exchange(offer, result("session-initiate"));
});

scenario("file-bridge: Jingle whose content is not what was announced", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const hash = createHash("sha256").update("another file").digest("base64");
  await romeo.exchange(initiate(balcony, { size: 100, hash, transport: blocks }), result("session-initiate"));
  await acknowledges(romeo, said("session-accept", ""));
  await romeo.exchange(opens(balcony, { sid: "ch3d9s71" }), result("open"));
  await romeo.sends(block(balcony, 0, randomBytes(100), "ch3d9s71"));
  await romeo.receivesInAnyOrder(
    "<message type='headline'/>",
    said("session-terminate", "<reason><failed-application/></reason>"),
    refused("not-acceptable", "b0"),
  );
});

scenario("file-bridge: Jingle that is no offer of one file, or not ours to take", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const call = says(balcony, "session-initiate", content("<description xmlns='urn:xmpp:jingle:apps:rtp:1'/>"));
  const wanted = initiate(balcony, { size: 10, transport: blocks, senders: "responder" });
  const refusal = refused("service-unavailable", "session-initiate");
  for (const request of [call, wanted]) await romeo.exchange(request, refusal);
  for (const action of ["session-info", "session-terminate", "transport-info"]) {
    await romeo.exchange(says(balcony, action, ""), refused("service-unavailable", action));
  }
  await romeo.exchange(
    initiate(balcony, { size: 10, transport: "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'/>" }),
    refused("feature-not-implemented", "session-initiate"),
  );
  await romeo.exchange(initiate(balcony, { size: 0, transport: blocks }), refused("bad-request", "session-initiate"));
  await romeo.exchange(initiate(balcony, { size: 10, transport: blocks }), result("session-initiate"));
  await acknowledges(romeo, said("session-accept", ""));
  await romeo.exchange(says(balcony, "content-add", ""), refused("feature-not-implemented", "content-add"));
  // Somebody else's session is nobody's.
  const tybalt = await stage.connect("tybalt@example.com/street");
  await tybalt.exchange(says(balcony, "session-terminate", ""), refused("service-unavailable", "session-terminate"));
});
