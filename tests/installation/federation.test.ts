// needs: dnsmasq-base
import assert from "node:assert/strict";
import { test } from "node:test";
import { startDns } from "#test/harness/dns.ts";
import { startService } from "#test/harness/service.ts";
import { logIn } from "./log-in.ts";

test("a domain that does not exist is told at once, and listed with the reason", async (context) => {
  const dns = await startDns({});
  context.after(() => dns.stop());
  const service = await startService({ settings: { dns: { servers: [dns.server] } } });
  context.after(() => service.stop());
  assert.equal(await service.command(["federation", "list"]), "No other server is connected.\n");
  await service.addUser("romeo@example.com", "pencil");
  const romeo = await logIn({
    port: service.port,
    ca: service.certificate(),
    domain: "example.com",
    user: "romeo",
    password: "pencil",
  });
  romeo.send("<message to='somebody@gmail.com' type='chat' id='1'><body>Hi</body></message>");
  let listed = "";
  while (!listed.includes("resting")) listed = await service.command(["federation", "list"]);
  assert.match(listed, /^gmail\.com {2}with example\.com {2}out {2}resting {2}for another .* {2}failed at dns: /);
  const [one] = JSON.parse(await service.command(["federation", "list", "--json"]));
  assert.equal(one.state, "resting");
  await romeo.asks("<iq type='get' id='2' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
  romeo.close();
  assert.match(
    await romeo.ended,
    /<message type='error'.*<remote-server-not-found.*Google no longer exchanges messages/,
  );
});
