import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { sql } from "#core/database.ts";
import { Installation } from "./installation.ts";
import { type LoggedIn, logIn } from "./log-in.ts";

const domain = "example.com";

/** Romeo and Juliet see each other's presence, and each keeps something private. */
async function befriend(installation: Installation): Promise<void> {
  const service = await installation.start();
  const ca = join(installation.data, "certificates", `${domain}.crt`);
  const enter = (user: string) => logIn({ port: service.port, ca, domain, user, password: "pencil" });
  const [romeo, juliet] = [await enter("romeo"), await enter("juliet")];
  for (const one of [romeo, juliet]) one.send("<presence/>");
  await done(romeo, "<presence type='subscribe' to='juliet@example.com'/>");
  await done(juliet, "<presence type='subscribed' to='romeo@example.com'/>");
  await done(juliet, "<presence type='subscribe' to='romeo@example.com'/>");
  await done(romeo, "<presence type='subscribed' to='juliet@example.com'/>");
  await done(
    romeo,
    "<iq type='set' id='p'><query xmlns='jabber:iq:private'><x xmlns='urn:example:x'>y</x></query></iq>",
  );
  for (const one of [romeo, juliet]) one.close();
  await service.stop();
}

/** Sends, and waits until the server has done it: what comes later is answered later. */
async function done(client: LoggedIn, text: string): Promise<void> {
  client.send(text);
  await client.asks("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>");
}

async function rows(installation: Installation): Promise<string[]> {
  const db = await openSqlite({ file: join(installation.data, "parloir.sqlite") });
  const items = await db.all<{ account: string; contact: string; subscription: string }>(
    sql`select account, contact, subscription from roster_item order by account`,
  );
  const kept = await db.all<{ account: string }>(sql`select account from private_storage`);
  await db.close();
  return [...items.map((item) => Object.values(item).join(" ")), ...kept.map(({ account }) => `${account} keeps`)];
}

for (const state of ["running", "stopped"]) {
  test(`a deleted account leaves nothing, and its contacts learn of it (service ${state})`, async (context) => {
    const installation = new Installation(context);
    await installation.parloir(["user", "add", "romeo"], "pencil");
    await installation.parloir(["user", "add", "juliet"], "pencil");
    await befriend(installation);
    assert.deepEqual(await rows(installation), [
      "juliet@example.com romeo@example.com both",
      "romeo@example.com juliet@example.com both",
      "romeo@example.com keeps",
    ]);
    const service = state === "running" ? await installation.start() : undefined;
    assert.equal((await installation.parloir(["user", "delete", "romeo"])).errors, "");
    await service?.stop();
    assert.deepEqual(await rows(installation), ["juliet@example.com romeo@example.com none"]);
  });
}
