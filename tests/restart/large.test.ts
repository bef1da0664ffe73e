import assert from "node:assert/strict";
import { test } from "node:test";
import { attribute, XmppServer } from "#test/bench/load/login.ts";
import { startService } from "#test/harness/service.ts";

const sm = "xmlns='urn:xmpp:sm:3'";
const domain = "example.com";
const count = 40;

test("a client that missed more than may be unsent at a time gets it all when it resumes", {
  timeout: 60_000,
}, async (context) => {
  const settings = { accounts: { iterations: 4096 }, limits: { unsent: "1 MiB" }, c2s: { rate: "0 B" } };
  const service = await startService({ settings });
  context.after(() => service.kill());
  for (const user of ["romeo", "juliet"]) await service.addUser(`${user}@${domain}`, "pencil");
  const server = new XmppServer(service, domain, "pencil");
  const romeo = await server.login("romeo", { tls: true, presence: true });
  romeo.link.send(`<enable ${sm} resume='true'/>`);
  const id = attribute(await romeo.link.next(), "id");
  const juliet = await server.login("juliet", { tls: true, presence: true });
  romeo.link.drop();
  const text = "x".repeat(200_000);
  for (let number = 0; number < count; number++) {
    juliet.link.send(`<message to='${romeo.jid}' type='chat' id='m${number}'><body>${text}</body></message>`);
  }
  juliet.link.send(`<iq type='get' id='sent' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  while (attribute(await juliet.link.next(), "id") !== "sent");

  const back = await server.authenticated("romeo", { tls: true });
  context.after(() => Promise.all([back.close(), juliet.link.close()]));
  back.send(`<resume ${sm} previd='${id}' h='0'/>`);
  const got: string[] = [];
  juliet.link.send(`<message to='${romeo.jid}' type='chat' id='m${count}'><body>after</body></message>`);
  while (got.length <= count) {
    const stanza = await back.next();
    if (stanza.startsWith("<message")) got.push(attribute(stanza, "id")!);
  }
  assert.deepEqual(
    got,
    Array.from({ length: count + 1 }, (_, number) => `m${number}`),
  );
});
