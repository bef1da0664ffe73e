import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Status } from "#app/admin/status.ts";
import { ask } from "#app/control/client.ts";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, XmppServer } from "#test/bench/load/login.ts";
import { type RunningService, startService } from "#test/harness/service.ts";

/** What becomes of sessions when the service is killed (docs/adr/0017), with a process that really is. */

const sm = "xmlns='urn:xmpp:sm:3'";
const domain = "example.com";

/** The next stanza that this fits. */
async function until(link: Link, fits: RegExp): Promise<string> {
  for (;;) {
    const stanza = await link.next();
    if (fits.test(stanza)) return stanza;
  }
}

/** The ids of the messages that have come, when the answer to a ping does. */
async function messages(link: Link): Promise<string[]> {
  link.send(`<iq type='get' id='all' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const ids: string[] = [];
  for (;;) {
    const stanza = await link.next();
    if (stanza.startsWith("<message")) ids.push(attribute(stanza, "id")!);
    if (attribute(stanza, "id") === "all") return ids;
  }
}

/** Whether the service has noticed that a client is away. */
async function isAway({ folder }: RunningService): Promise<boolean> {
  const answer = await ask(join(folder, "data"), { command: "status", arguments: {} });
  return (answer!.result as Status).counters.sessions_away === 1;
}

test("killed: what was acknowledged is there once, and counts are certain or none", {
  timeout: 60_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-kill-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const settings = { accounts: { iterations: 4096 }, log: { level: "warn" } };
  let service: RunningService = await startService({ folder, settings });
  context.after(() => service.kill());
  for (const user of ["romeo", "juliet"]) await service.addUser(`${user}@${domain}`, "pencil");
  const links: Link[] = [];
  context.after(() => Promise.all(links.map((link) => link.close())));
  const connect = async (user: string) => {
    const link = await new XmppServer(service, domain, "pencil").authenticated(user, { tls: true });
    links.push(link);
    return link;
  };
  const bind = async (link: Link) => {
    const jid = await new XmppServer(service, domain, "pencil").bind(link, "client");
    link.send(`<enable ${sm} resume='true'/>`);
    const id = attribute(await until(link, /^<enabled/), "id")!;
    link.send("<presence/>");
    return { link, jid, id };
  };
  const romeo = await bind(await connect("romeo"));
  const juliet = await bind(await connect("juliet"));

  romeo.link.send(`<message to='${juliet.jid}' type='chat' id='sent'><body>x</body></message><r ${sm}/>`);
  assert.equal(attribute(await until(romeo.link, /^<a /), "h"), "2"); // the presence, too
  romeo.link.drop();
  while (!(await isAway(service))) await sleep(20);
  await sleep(100); // its session is on disk
  juliet.link.send(`<message to='${romeo.jid}' type='chat' id='waits'><body>x</body></message><r ${sm}/>`);
  assert.equal(attribute(await until(juliet.link, /^<a /), "h"), "2"); // the presence, too
  await service.kill();

  service = await startService({ folder, settings });
  const away = await connect("romeo");
  away.send(`<resume ${sm} previd='${romeo.id}' h='0'/>`);
  assert.equal(attribute(await until(away, /^<failed/), "h"), "2");
  assert.deepEqual(await messages((await bind(away)).link), ["waits"]);
  const connected = await connect("juliet");
  connected.send(`<resume ${sm} previd='${juliet.id}' h='0'/>`);
  assert.doesNotMatch(await until(connected, /^<failed/), / h=/);
  // Romeo's message had reached her socket; it is hers to say what of it she has seen, and in her archive.
  assert.deepEqual(await messages((await bind(connected)).link), []);
  connected.send("<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'/></iq>");
  assert.match(await until(connected, /id=['"]sent['"]/), /urn:xmpp:mam:2/);
});
