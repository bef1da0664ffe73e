import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";

const ask = "<iq type='get' to='example.com' id='version_1'><query xmlns='jabber:iq:version'/></iq>";
const ours = { skipOn: ["prosody"], why: "our name and settings" };

scenario("version: name and version, but not the operating system", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const answer = await romeo.exchange(
    ask,
    `<iq type='result' from='example.com' to='${romeo}' id='version_1'>
      <query xmlns='jabber:iq:version'><name>Parloir</name><version>0.0.0-test</version></query></iq>`,
  );
  assert.ok(!answer.toString().includes("<os"));
});

scenario(
  "version: operators may hide the version, and tell the system",
  { ...ours, settings: { version: { version: false, system: true } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const answer = await romeo.exchange(
      ask,
      `<iq type='result' id='version_1'>
        <query xmlns='jabber:iq:version'><name>Parloir</name><version/><os>Linux…</os></query></iq>`,
    );
    assert.ok(!answer.toString().includes("0.0.0-test"));
  },
);

scenario("version: it is advertised (XEP-0092 §4)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    "<iq type='get' to='example.com' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    `<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='jabber:iq:version'/></query></iq>`,
  );
});
