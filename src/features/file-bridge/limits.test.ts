import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { uploadedFiles } from "#features/http-upload/index.ts";
import { Jid } from "#jid/jid.ts";
import { Client } from "#test/harness/client.ts";
import {
  accepted,
  block,
  bridged,
  bytestreams,
  inBand,
  offer,
  open,
  opens,
  proxied,
  refused,
  sendsInBand,
} from "#test/harness/file-bridge.ts";
import { password, type Stage, scenario } from "#test/harness/scenario.ts";

const balcony = "juliet@example.net/balcony";
const whole = "<message type='headline'><body>Files to juliet@example.net go as links: …</body></message>";
const broken =
  "<message type='headline'><body>Your file \"été.pdf\" has not been sent. The file did not come whole.</body></message>";

/** Half files, on disk. */
function halves({ assembly }: Stage): readonly string[] {
  const incoming = join(assembly.server.folder, "files", "incoming");
  return existsSync(incoming) ? readdirSync(incoming) : [];
}

async function cleared(stage: Stage): Promise<void> {
  while (halves(stage).length > 0) await pause(10);
}

async function usage({ assembly }: Stage): Promise<number> {
  return (await uploadedFiles(assembly.server)!.usage(1)).bytes;
}

/** Romeo is there, Juliet is not. */
async function lovers(stage: Stage) {
  open(stage);
  await stage.account("juliet@example.net");
  return stage.connect("romeo@example.com/orchard");
}

scenario("file-bridge: offers that are none", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  for (const size of ["0", "-1", "x", "1e3"]) {
    await romeo.exchange(offer(balcony, { size }), refused("bad-request"));
  }
  await romeo.exchange(offer(balcony, { size: 1, name: "" }), refused("bad-request"));
  await romeo.exchange(offer(balcony, { size: 1, sid: "" }), refused("bad-request"));
  await romeo.exchange(offer(balcony, { size: 1, sid: "s".repeat(513) }), refused("bad-request"));
  await romeo.exchange(
    offer(balcony, { size: 1, methods: ["jabber:iq:oob"] }),
    `<iq type='error' id='offer'><error><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
      <no-valid-streams xmlns='http://jabber.org/protocol/si'/></error></iq>`,
  );
});

scenario("file-bridge: too large for the bridge, or for uploads", bridged({ size: "2 kB" }), async (stage) => {
  const romeo = await lovers(stage);
  await romeo.exchange(offer(balcony, { size: 2_000 }), accepted(bytestreams));
  for (const size of [2_001, "9".repeat(17), "9".repeat(400)]) {
    await romeo.exchange(offer(balcony, { size, sid: "s2" }), refused("not-acceptable"));
  }
});

scenario(
  "file-bridge: the quota of the sender counts, what has been offered included",
  bridged({}, { settings: { "http-upload": { reserve: "1 KiB", quota: "10 kB" } } }),
  async (stage) => {
    const romeo = await lovers(stage);
    await romeo.exchange(offer(balcony, { size: 6_000, methods: [inBand] }), accepted(inBand));
    await romeo.exchange(
      offer(balcony, { size: 6_000, sid: "s2" }),
      `<iq type='error' id='offer'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Your files take all the room …</text></error></iq>`,
    );
    // What is given up leaves its room.
    await romeo.exchange(opens(balcony), "<iq type='result' id='open'/>");
    await romeo.exchange(
      `<iq type='set' id='close' to='${balcony}'><close xmlns='${inBand}' sid='s1'/></iq>`,
      "<iq type='result' id='close'/>",
    );
    await romeo.exchange(offer(balcony, { size: 6_000, sid: "s3", methods: [inBand] }), accepted(inBand));
    await sendsInBand(romeo, balcony, randomBytes(6_000), "s3");
    await romeo.receivesInAnyOrder(whole, "<iq type='result' id='b1'/>");
    assert.equal(await usage(stage), 6_000);
    await romeo.exchange(offer(balcony, { size: 6_000, sid: "s4" }), refused("resource-constraint"));
  },
);

scenario(
  "file-bridge: a number of files at a time",
  bridged({ "transfers-per-account": 2, transfers: 3 }),
  async (stage) => {
    const romeo = await lovers(stage);
    const mercutio = await stage.connect("mercutio@example.com/street");
    for (const sid of ["s1", "s2"]) await romeo.exchange(offer(balcony, { size: 10, sid }), accepted(bytestreams));
    await romeo.exchange(offer(balcony, { size: 10, sid: "s3" }), refused("resource-constraint"));
    await mercutio.exchange(offer(balcony, { size: 10 }), accepted(bytestreams));
    await mercutio.exchange(offer(balcony, { size: 10, sid: "s2" }), refused("resource-constraint"));
    await romeo.disconnect();
    await mercutio.exchange(offer(balcony, { size: 10, sid: "s2" }), accepted(bytestreams));
    await mercutio.exchange(offer(balcony, { size: 10, sid: "s3" }), refused("resource-constraint"));
  },
);

scenario("file-bridge: one stream, one file", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  await romeo.exchange(offer(balcony, { size: 10 }), accepted(bytestreams));
  await romeo.exchange(offer(balcony, { size: 20 }), refused("conflict"));
});

scenario("file-bridge: somebody else's stream is nobody's", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const tybalt = await stage.connect("tybalt@example.com/street");
  await romeo.exchange(offer(balcony, { size: 10 }), accepted(bytestreams));
  await tybalt.exchange(opens(balcony), refused("service-unavailable", "open"));
  await tybalt.exchange(
    `<iq type='set' id='h' to='${balcony}'><query xmlns='${bytestreams}' sid='s1'><streamhost jid='example.com' host='x' port='1'/></query></iq>`,
    refused("service-unavailable", "h"),
  );
  await romeo.exchange(opens(balcony), "<iq type='result' id='open'/>");
  await tybalt.exchange(block(balcony, 0, randomBytes(10)), refused("service-unavailable", "b0"));
  const close = `<iq type='set' id='c' to='${balcony}'><close xmlns='${inBand}' sid='s1'/></iq>`;
  await tybalt.exchange(close, refused("service-unavailable", "c"));
  await romeo.exchange(block("juliet@example.net/other", 0, randomBytes(10)), refused("service-unavailable", "b0"));
  await romeo.sends(block(balcony, 0, randomBytes(10)));
  await romeo.receivesInAnyOrder(whole, "<iq type='result' id='b0'/>");
});

for (const [what, text, condition] of [
  ["out of order", (bytes: Buffer) => block(balcony, 1, bytes), "unexpected-request"],
  ["of no base64", () => block(balcony, 0, "AA=A"), "bad-request"],
  ["with something hidden in it", () => block(balcony, 0, "AAAA*AAA"), "bad-request"],
  ["of nothing", () => block(balcony, 0, ""), "bad-request"],
  ["larger than agreed on", () => block(balcony, 0, randomBytes(4097)), "bad-request"],
  ["larger than the file", () => block(balcony, 0, randomBytes(101)), "not-acceptable"],
] as const) {
  scenario(`file-bridge: a block ${what} ends the transfer`, bridged(), async (stage) => {
    const romeo = await lovers(stage);
    await romeo.exchange(offer(balcony, { size: 100, methods: [inBand] }), accepted(inBand));
    await romeo.exchange(opens(balcony), "<iq type='result' id='open'/>");
    await romeo.sends(text(randomBytes(10)));
    const stanza = await romeo.next();
    const answer = stanza.name === "message" ? await romeo.next() : stanza;
    assert.ok(answer.toString().includes(`<${condition} `), `${answer}`);
    await romeo.exchange(
      `<iq type='set' id='x' to='${balcony}'><data xmlns='${inBand}' sid='s1' seq='1'>AAAA</data></iq>`,
      refused("service-unavailable", "x"),
    );
    await cleared(stage);
    assert.equal(await usage(stage), 0);
  });
}

scenario("file-bridge: blocks as large as the protocol has them, and no larger", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  const file = randomBytes(65_535 + 10);
  await romeo.exchange(offer(balcony, { size: file.length, methods: [inBand] }), accepted(inBand));
  await romeo.exchange(opens(balcony, { size: 65_536 }), refused("resource-constraint", "open"));
  await romeo.exchange(opens(balcony, { size: 0 }), refused("bad-request", "open"));
  await romeo.exchange(opens(balcony, { size: 65_535 }), "<iq type='result' id='open'/>");
  await romeo.exchange(opens(balcony), refused("not-acceptable", "open"));
  await romeo.exchange(block(balcony, 0, file.subarray(0, 65_535)), "<iq type='result' id='b0'/>");
  await romeo.sends(block(balcony, 1, file.subarray(65_535)));
  await romeo.receivesInAnyOrder(whole, "<iq type='result' id='b1'/>");
});

scenario("file-bridge: fewer bytes than announced are no file", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  await romeo.exchange(offer(balcony, { size: 30_000 }), accepted(bytestreams));
  const socks = await proxied(stage, romeo, balcony);
  socks.writes(randomBytes(29_999));
  socks.socket.end();
  await romeo.receives(broken);
  await socks.ends();
  assert.deepEqual(halves(stage), []);
  assert.equal(await usage(stage), 0);
});

scenario("file-bridge: more bytes than announced are no file", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  await romeo.exchange(offer(balcony, { size: 30_000 }), accepted(bytestreams));
  const socks = await proxied(stage, romeo, balcony);
  socks.writes(randomBytes(30_001));
  await romeo.receives(broken);
  await socks.ends();
});

scenario(
  "file-bridge: what nobody goes on with is given up",
  bridged({ idle: "100 ms", "waiting-time": "200 ms" }),
  async (stage) => {
    const romeo = await lovers(stage);
    await romeo.exchange(offer(balcony, { size: 100_000 }), accepted(bytestreams));
    const socks = await proxied(stage, romeo, balcony);
    socks.writes(randomBytes(50_000));
    await romeo.receives(broken);
    await socks.ends();
    await cleared(stage);
    // Nor what never began: its name is free again.
    for (const condition of ["result", "error", "result"]) {
      for (;;) {
        await romeo.sends(offer(balcony, { size: 10 }));
        const answer = await romeo.next();
        if (answer.attrs.type === condition) break;
        await pause(20);
      }
    }
  },
);

scenario("file-bridge: with its sender, a half file goes", bridged(), async (stage) => {
  const romeo = await lovers(stage);
  await romeo.exchange(offer(balcony, { size: 100_000 }), accepted(bytestreams));
  const socks = await proxied(stage, romeo, balcony);
  socks.writes(randomBytes(50_000));
  while (halves(stage).length === 0) await pause(10);
  await romeo.disconnect();
  await socks.ends();
  await cleared(stage);
  assert.equal(await usage(stage), 0);
});

scenario(
  "file-bridge: where the disk is full, it says so before anything is sent",
  bridged({}, { settings: { "http-upload": { reserve: "9000000 GiB" } } }),
  async (stage) => {
    const romeo = await lovers(stage);
    await romeo.exchange(
      offer(balcony, { size: 10 }),
      `<iq type='error' id='offer'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>The server has no room for files just now.…</text></error></iq>`,
    );
  },
);

scenario("file-bridge: French is spoken with those who speak it", bridged(), async (stage) => {
  open(stage);
  await stage.account("juliet@example.net");
  await stage.account("romeo@example.com");
  const wire = await stage.wire();
  const secret = Buffer.from(`\0romeo\0${password}`).toString("base64");
  await wire.opens("example.com", "xml:lang='fr'");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.opens("example.com", "xml:lang='fr'");
  wire.writes(
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>orchard</resource></bind></iq>",
  );
  await wire.receives("<iq type='result' id='b'/>");
  const romeo = new Client(Jid.parse("romeo@example.com/orchard"), wire);
  await romeo.exchange(
    offer(balcony, { size: 0 }),
    "<iq type='error'><error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Une offre indique …</text></error></iq>",
  );
  await romeo.exchange(offer(balcony, { size: 10, methods: [inBand] }), accepted(inBand));
  await sendsInBand(romeo, balcony, randomBytes(10));
  await romeo.receivesInAnyOrder(
    "<message type='headline' xml:lang='fr'><body>Les fichiers pour juliet@example.net passent par des liens : votre fichier « été.pdf » a été déposé sur le serveur…</body></message>",
    "<iq type='result' id='b0'/>",
  );
});

scenario(
  "file-bridge: a file that comes in-band after all does not end with the connection that nobody used",
  bridged({}, { settings: { proxy65: { "waiting-time": "50 ms" } } }),
  async (stage) => {
    const romeo = await lovers(stage);
    await romeo.exchange(offer(balcony, { size: 4 }), accepted(bytestreams));
    await romeo.exchange(
      `<iq type='set' id='hosts' to='${balcony}'><query xmlns='${bytestreams}' sid='s1'>
        <streamhost jid='example.com' host='example.com' port='7777'/></query></iq>`,
      "<iq type='result' id='hosts'/>",
    );
    await romeo.exchange(opens(balcony), "<iq type='result' id='open'/>");
    await romeo.exchange(block(balcony, 0, Buffer.from("ab")), "<iq type='result' id='b0'/>");
    while (stage.assembly.server.metrics.snapshot().proxy65_connections_waiting! > 0) await pause(10);
    await pause(0);
    await romeo.sends(block(balcony, 1, Buffer.from("cd")));
    await romeo.receivesInAnyOrder(whole, "<iq type='result' id='b1'/>");
  },
);
