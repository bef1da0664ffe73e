// Another institution's server: Debian's Prosody, with a DNS server of the test.
// needs: prosody, dnsmasq-base
import assert from "node:assert/strict";
import { test } from "node:test";
import { startProsodyElsewhere as startProsody } from "#test/harness/prosody-elsewhere.ts";
import { limit, neighbours, says, talk, until } from "./federation/neighbours.ts";

test("certificates of a common authority, both directions on one connection", limit, async (context) => {
  const { romeo, juliet, service } = await neighbours(context, startProsody, { trusted: true, bidirectional: true });
  await talk(await romeo(), await juliet());
  const listed = await service.command(["federation", "list"]);
  assert.match(listed, /theirs\.example {2}with ours\.example {2}both {2}open {2}certificate, encrypted/);
});

test("certificates of a common authority, a connection for each direction", limit, async (context) => {
  const { romeo, juliet } = await neighbours(context, startProsody, { trusted: true, bidirectional: false });
  await talk(await romeo(), await juliet());
});

test("dialback, where nobody knows the authority of the other", limit, async (context) => {
  const circumstances = { trusted: false, bidirectional: false, settings: { dialback: "allowed" } };
  const { romeo, juliet, service } = await neighbours(context, startProsody, circumstances);
  await talk(await romeo(), await juliet());
  const listed = await service.command(["federation", "list"]);
  assert.match(listed, /theirs\.example {2}with ours\.example {2}out {2}open {2}dialback, encrypted/);
  assert.match(listed, /theirs\.example {2}with ours\.example {2}in {2}open {2}dialback, encrypted/);
});

test("dialback, both directions on one connection", limit, async (context) => {
  const circumstances = { trusted: false, bidirectional: true, settings: { dialback: "allowed" } };
  const { romeo, juliet } = await neighbours(context, startProsody, circumstances);
  await talk(await romeo(), await juliet());
});

test("a certificate that has expired is told", limit, async (context) => {
  const { romeo } = await neighbours(context, startProsody, { trusted: true, bidirectional: true, until: -1 });
  await (await romeo()).exchange(
    says("juliet@theirs.example", "1"),
    "<message type='error' id='1'><error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>The certificate of the server of theirs.example has expired.…</text></error></message>",
  );
});

test("the other server restarts", limit, async (context) => {
  const { romeo, juliet, elsewhere } = await neighbours(context, startProsody, { trusted: true, bidirectional: true });
  const one = await romeo();
  await talk(one, await juliet());
  await elsewhere.restart();
  const other = await juliet();
  await one.sends(says("juliet@theirs.example/x", "8"));
  await until(other, ({ attrs }) => attrs.id === "8");
  await other.sends(says(`${one}`, "9"));
  await until(one, ({ attrs }) => attrs.id === "9");
});
