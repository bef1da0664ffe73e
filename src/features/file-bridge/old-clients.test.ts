import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Client } from "#test/harness/client.ts";
import { announces, bridged, capable, leadsTo, linking, offer, open, sendsByProxy } from "#test/harness/file-bridge.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";

const pidgin =
  "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://pidgin.im/' ver='x'/></presence>";
const modern = ["http://jabber.org/protocol/disco#info", "urn:xmpp:jingle:apps:file-transfer:5"];
const ask = (to: Client) =>
  `<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;

/** What somebody with this presence sees of Juliet's, whose client can what is said. */
async function seen({ connect, assembly }: Stage, presence: string, features: readonly string[]) {
  assembly.routes.securePort = 5443;
  await announces(await connect("nurse@example.net/home", { presence: false }), features);
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.sends(presence);
  const answerless = await romeo.next("a question about features, or the own presence");
  if (answerless.name === "iq") await romeo.sends(`<iq type='error' id='${answerless.attrs.id}' to='example.com'/>`);
  await romeo.settles();
  const juliet = await connect("juliet@example.net/balcony", { presence: capable(features) });
  await juliet.sends(capable(features).replace("<presence>", `<presence to='${romeo}'>`));
  for (;;) {
    const shown = await romeo.next();
    if (shown.attrs.from === `${juliet}`) return { romeo, juliet, shown: shown.toString() };
  }
}

scenario("file-bridge: libpurple may offer files to clients that take none", bridged(), async (stage) => {
  open(stage);
  const { romeo, juliet, shown } = await seen(stage, pidgin, modern);
  assert.ok(!shown.includes("caps"), shown);
  const described = await romeo.exchange(ask(juliet), `<iq type='result' id='d' from='${juliet}'/>`);
  for (const feature of [...modern, "http://jabber.org/protocol/si/profile/file-transfer"]) {
    assert.ok(described.toString().includes(`'${feature}'`), feature);
  }
  const file = randomBytes(1_000);
  await sendsByProxy(stage, romeo, `${juliet}`, file);
  await leadsTo(stage, await juliet.receives(linking(file, `from='${romeo}'`)), file);
});

for (const [what, presence, features] of [
  ["to other clients", "<presence/>", modern],
  ["of calls", pidgin, [...modern, "urn:xmpp:jingle:apps:rtp:audio"]],
  ["of files", pidgin, [...modern, "http://jabber.org/protocol/si/profile/file-transfer"]],
] as const) {
  scenario(`file-bridge: what a presence announces ${what} stays`, bridged(), async (stage) => {
    const { romeo, juliet, shown } = await seen(stage, presence, features);
    assert.ok(shown.includes("caps"), shown);
    if (presence !== pidgin) {
      await romeo.sends(ask(juliet));
      await juliet.receives("<iq type='get' id='d'/>");
    }
    if (!features.includes("http://jabber.org/protocol/si/profile/file-transfer")) return;
    await romeo.sends(offer(juliet, { size: 10 }));
    await juliet.receives("<iq type='set' id='offer'/>");
  });
}
