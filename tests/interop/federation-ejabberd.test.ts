// Another institution's server: Debian's ejabberd, with a DNS server of the test.
// needs: ejabberd, dnsmasq-base
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEjabberdElsewhere as startEjabberd } from "#test/harness/ejabberd-elsewhere.ts";
import { limit, neighbours, says, talk, until } from "./federation/neighbours.ts";

test("ejabberd: certificates of a common authority", limit, async (context) => {
  const { romeo, juliet, service } = await neighbours(context, startEjabberd, { trusted: true, bidirectional: false });
  await talk(await romeo(), await juliet());
  const listed = await service.command(["federation", "list"]);
  assert.match(listed, /theirs\.example {2}with ours\.example {2}out {2}open {2}certificate, encrypted/);
});

test("ejabberd: dialback, where nobody knows the authority of the other", limit, async (context) => {
  const circumstances = { trusted: false, bidirectional: false, settings: { dialback: "allowed" } };
  const { romeo, juliet } = await neighbours(context, startEjabberd, circumstances);
  await talk(await romeo(), await juliet());
});

test("ejabberd: the other server restarts", limit, async (context) => {
  const circumstances = { trusted: true, bidirectional: false };
  const { romeo, juliet, elsewhere } = await neighbours(context, startEjabberd, circumstances);
  const one = await romeo();
  await talk(one, await juliet());
  await elsewhere.restart();
  const other = await juliet();
  await one.sends(says("juliet@theirs.example/x", "8"));
  await until(other, ({ attrs }) => attrs.id === "8");
  await other.sends(says(`${one}`, "9"));
  await until(one, ({ attrs }) => attrs.id === "9");
});
