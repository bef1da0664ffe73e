import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { ask, refuses, textOf, write } from "./archive.fixture.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };

scenario("archive: what came and what was sent is there, wrapped and stamped (XEP-0313 §4)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await romeo.sends(`<message to='${juliet}' type='chat' id='1'><body>Call me but love</body></message>`);
  const got = await juliet.receives(
    "<message id='1'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='…'/></message>",
  );
  const id = got.elements.find((child) => child.name === "stanza-id")!.attrs.id!;
  await juliet.sends(`<message to='${romeo}' type='chat' id='2'><body>What man art thou</body></message>`);
  const reply = await romeo.receives("<message id='2'/>");
  for (const mark of reply.elements) assert.notEqual(mark.attrs.by, "juliet@example.com");
  const { ids, results, fin, set } = await ask(juliet, "", " queryid='f27'");
  assert.equal(results.length, 2);
  assert.equal(ids[0], id);
  const [first] = results;
  assert.equal(first!.attrs.from ?? "juliet@example.com", "juliet@example.com");
  const result = first!.elements[0]!;
  assert.equal(result.attrs.queryid, "f27");
  const forwarded = result.elements[0]!;
  assert.equal(forwarded.ns, "urn:xmpp:forward:0");
  const delay = forwarded.elements.find((child) => child.name === "delay")!;
  assert.ok(Math.abs(Date.parse(delay.attrs.stamp!) - Date.now()) < 600_000);
  const message = forwarded.elements.find((child) => child.name === "message")!;
  assert.deepEqual(
    [message.ns, message.attrs.from, message.attrs.to, message.attrs.type, message.attrs.id],
    ["jabber:client", romeo.toString(), juliet.toString(), "chat", "1"],
  );
  assert.equal(fin.attrs.complete, "true");
  assert.equal(textOf(set, "first"), ids[0]);
  assert.equal(textOf(set, "last"), ids[1]);
  const sent = await ask(romeo);
  assert.deepEqual(sent.bodies, ["Call me but love", "What man art thou"]);
});

scenario("archive: an empty one is complete and has no ends", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const { results, fin, set } = await ask(romeo);
  assert.equal(results.length, 0);
  assert.equal(fin.attrs.complete, "true");
  assert.equal(textOf(set, "first"), undefined);
  await romeo.exchange(
    "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
    "<iq type='result' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
  );
});

scenario("archive: its ends (§5)", ours, async ({ connect, account }) => {
  await account("juliet@example.com");
  const romeo = await connect("romeo@example.com/orchard");
  await write(romeo, "juliet@example.com", "0", "1", "2");
  const { ids } = await ask(romeo);
  await romeo.exchange(
    "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
    `<iq type='result' id='m'><metadata xmlns='urn:xmpp:mam:2'><start id='${ids[0]}' timestamp='…'/><end id='${ids[2]}' timestamp='…'/></metadata></iq>`,
  );
});

scenario(
  "archive: nobody reads that of others, nor learns whether it exists (§8.1)",
  ours,
  async ({ connect, account }) => {
    await account("juliet@example.com");
    const romeo = await connect("romeo@example.com/orchard");
    for (const to of ["juliet@example.com", "nobody@example.com", "juliet@example.net"]) {
      for (const request of [
        "<iq type='set' id='1' to=''><query xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><query xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><metadata xmlns='urn:xmpp:mam:2'/></iq>",
        "<iq type='get' id='1' to=''><prefs xmlns='urn:xmpp:mam:2'/></iq>",
      ]) {
        await romeo.exchange(
          request.replace("to=''", `to='${to}'`),
          `<iq type='error' from='${to}' id='1'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
        );
      }
    }
  },
);

scenario(
  "archive: 0 days, and there is none",
  { ...ours, settings: { mam: { keep: "0 days" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await romeo.sends(
      `<message to='${juliet}' type='chat'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='${juliet.jid.bare}' id='1'/></message>`,
    );
    const message = await juliet.receives("<message><body>x</body></message>");
    assert.equal(message.elements.length, 1);
    await refuses(romeo, "", "service-unavailable");
    const info = await romeo.exchange(
      "<iq type='get' id='d' to='romeo@example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result' id='d'/>",
    );
    assert.equal(info.toString().includes("urn:xmpp:mam"), false);
  },
);
