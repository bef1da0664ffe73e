import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { uploadedFiles } from "#features/http-upload/index.ts";
import { destination } from "#features/proxy65/index.ts";
import type { Client } from "#test/harness/client.ts";
import { accepted, bridged, bytestreams, open, refused } from "#test/harness/file-bridge.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { waiting } from "#test/harness/socks.ts";
import type { Element } from "#xml/element.ts";

const asking = bridged({ offer: "ask" });
const pidgin =
  "<presence><c xmlns='http://jabber.org/protocol/caps' hash='md5' node='http://pidgin.im/' ver='x'/></presence>";
const profile = "http://jabber.org/protocol/si/profile/file-transfer";

/** Romeo has uploaded a file and sends its link to Juliet, who has Pidgin. */
async function sent(stage: Stage, file: Buffer, account = "romeo@example.com") {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.net/balcony", { presence: false });
  await juliet.sends(pidgin);
  await juliet.settles();
  await pastOwn(juliet);
  const files = uploadedFiles(stage.assembly.server)!;
  const stored = await files.store({ account, name: "été.pdf", size: file.length }, Readable.from([file]));
  const link = files.link(stored, "example.com")!;
  await romeo.sends(linked(juliet, link));
  return { romeo, juliet, link };
}

/** Its own presence, and the question about what it can. */
async function pastOwn(client: Client): Promise<void> {
  for (let count = 0; count < 2; count++) {
    const { name, attrs } = await client.next();
    if (name === "iq") await client.sends(`<iq type='error' id='${attrs.id}' to='${attrs.from}'/>`);
  }
}

const linked = (to: Client, link: string) =>
  `<message to='${to.jid.bare}' type='chat'><body>${link}</body><x xmlns='jabber:x:oob'><url>${link}</url></x></message>`;

/** The offer, which comes beside the message. */
async function offered(juliet: Client, size: number): Promise<Element> {
  const both = await juliet.receivesInAnyOrder(
    "<message type='chat'><body>…</body></message>",
    `<iq type='set' from='romeo@example.com/orchard'><si xmlns='http://jabber.org/protocol/si' profile='${profile}'>
      <file xmlns='${profile}' name='été.pdf' size='${size}'/></si></iq>`,
  );
  return both.find(({ name }) => name === "iq")!;
}

scenario(
  "file-bridge: a link is offered as a file, by the proxy; the sender's client hears nothing of it",
  asking,
  async (stage) => {
    const file = randomBytes(400_000);
    const { romeo, juliet } = await sent(stage, file);
    const offer = await offered(juliet, file.length);
    const sid = offer.elements[0]!.attrs.id!;
    await juliet.sends(accepted(bytestreams, offer.attrs.id).replace("<iq ", `<iq to='${romeo}' `));
    const hosts = await juliet.receives(
      `<iq type='set' from='${romeo}'><query xmlns='${bytestreams}' sid='${sid}'><streamhost jid='example.com' port='7777'/></query></iq>`,
    );
    const socks = await waiting(stage, destination(sid, `${romeo}`, `${juliet}`));
    await juliet.sends(
      `<iq type='result' id='${hosts.attrs.id}' to='${romeo}'><query xmlns='${bytestreams}' sid='${sid}'><streamhost-used jid='example.com'/></query></iq>`,
    );
    assert.ok((await socks.reads(file.length)).equals(file));
    await socks.ends();
    await romeo.receivesNothing();
  },
);

scenario("file-bridge: who does not want the file has its link", asking, async (stage) => {
  const { romeo, juliet } = await sent(stage, randomBytes(10));
  const offer = await offered(juliet, 10);
  await juliet.sends(refused("forbidden", offer.attrs.id).replace("<iq ", `<iq to='${romeo}' `));
  await juliet.receivesNothing();
  await romeo.receivesNothing();
});

scenario(
  "file-bridge: only files that are here are offered, and not to those who know links",
  asking,
  async (stage) => {
    const { romeo, juliet, link } = await sent(stage, randomBytes(10));
    await offered(juliet, 10);
    for (const other of [
      link.replace(/[0-9a-f]{32}/, "0".repeat(32)),
      "https://elsewhere.example/a",
      "file:///etc/passwd",
    ]) {
      await romeo.sends(linked(juliet, other));
      await juliet.receives("<message type='chat'/>");
      await juliet.receivesNothing();
    }
    const nurse = await stage.connect("nurse@example.net/home");
    await romeo.sends(linked(nurse, link));
    await nurse.receives("<message/>");
    await nurse.receivesNothing();
  },
);

scenario("file-bridge: nothing is offered unless the operator says so", bridged(), async (stage) => {
  const { juliet } = await sent(stage, randomBytes(10));
  await juliet.receives("<message type='chat'/>");
  await juliet.receivesNothing();
});
