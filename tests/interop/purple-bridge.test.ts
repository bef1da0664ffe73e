// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config curl
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { Jid } from "#jid/jid.ts";
import type { Client } from "#test/harness/client.ts";
import { announces, capable } from "#test/harness/file-bridge.ts";
import { logIn } from "#test/harness/scenario.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";
import { compileClient, PurpleClient } from "./purple/client.ts";

/** Files of libpurple to people who cannot take them: the server does, and passes them on as links over HTTPS. */

const run = promisify(execFile);
const domain = "example.com";
const folder = mkdtempSync(join(tmpdir(), "purple-bridge-"));
const sent = join(folder, "compte rendu été.bin");
let program: string;
let service: RunningService;

before(async () => {
  program = compileClient(folder);
  mkdirSync(join(folder, "received"));
  writeFileSync(sent, randomBytes(2_000_001));
  service = await startService({ settings: { accounts: { iterations: 4096 }, "http-upload": { reserve: "1 MiB" } } });
});
after(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function online(context: TestContext, who: string, at = service): Promise<PurpleClient> {
  await at.addUser(`${who}@${domain}`, "pencil");
  const client = new PurpleClient(program, { service: at, address: `${who}@${domain}/pidgin` });
  context.after(() => client.stop());
  await client.signedOn();
  client.do("no-listening", `${at.port}`);
  await client.settles();
  return client;
}

/** A client that is no libpurple. */
async function other(context: TestContext, who: string, at = service): Promise<Client> {
  await at.addUser(`${who}@${domain}`, "pencil").catch(() => {}); // it is there already
  const { host, directPort: port } = at;
  const direct = { tls: "direct", serverName: domain, alpn: ["xmpp-client"], rejectUnauthorized: false } as const;
  const wire = new Wire(await connectTcp({ host, port, timeoutMs: 5_000, ...direct }));
  context.after(() => wire.transport.destroy());
  return logIn(wire, Jid.parse(`${who}@${domain}/web`), domain);
}

/** Each sees when the other one is there. */
async function befriend(romeo: PurpleClient, juliet: Client): Promise<void> {
  const him = romeo.address.replace(/\/.*/, "");
  romeo.do("xml", `<presence type='subscribe' to='${juliet.jid.bare}'/>`);
  for (;;) {
    const stanza = await juliet.next("a request");
    if (stanza.name === "presence" && stanza.attrs.type === "subscribe") break;
  }
  await juliet.sends(`<presence type='subscribed' to='${him}'/>`);
  await juliet.settles();
}

/** The message with the link comes, and the link leads to the file. */
async function arrives(client: Client, from: string, file = sent): Promise<void> {
  for (;;) {
    const stanza = await client.next("the message with the link");
    if (stanza.name !== "message" || stanza.attrs.type !== "chat") continue;
    assert.equal(stanza.attrs.from, from);
    const link = stanza.elements.find(({ name }) => name === "body")!.text;
    assert.equal(hash(await curl(service, link)), hash(readFileSync(file)));
    assert.match(link, /compte%20rendu%20%C3%A9t%C3%A9\.bin$/);
    return;
  }
}

/** curl, which checks the certificate against the name in the address. */
async function curl(at: RunningService, ...words: string[]): Promise<Buffer> {
  const where = ["-sSf", "--connect-to", `${domain}::${at.host}:`, "--cacert", at.certificate()];
  return (await run("curl", [...where, ...words], { encoding: "buffer", maxBuffer: 1 << 24 })).stdout;
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("to a colleague who has gone: the link is there when they come back", async (context) => {
  const romeo = await online(context, "romeo1");
  await service.addUser(`juliet1@${domain}`, "pencil");
  romeo.do("send-file", `juliet1@${domain}/pidgin`, sent);
  await romeo.expect("file-sent");
  const juliet = await other(context, "juliet1");
  await juliet.becomesAvailable();
  await arrives(juliet, romeo.address);
});

test("to a colleague whose client takes no files: at once", async (context) => {
  // The server learns what such clients can when the first of them comes.
  const modern = ["http://jabber.org/protocol/disco#info", "urn:xmpp:jingle:apps:file-transfer:5"];
  const first = await other(context, "first3");
  await announces(first, modern);
  const romeo = await online(context, "romeo3");
  const juliet = await other(context, "juliet3");
  await juliet.becomesAvailable(capable(modern));
  await befriend(romeo, juliet);
  await romeo.expect("buddy-signed-on", { who: `juliet3@${domain}` });
  romeo.do("send-file", `${juliet}`, sent);
  await romeo.expect("file-sent");
  await arrives(juliet, romeo.address);
  const notice = await romeo.expect("notice", ({ text = "" }) => text.includes("cannot take files"));
  assert.match(notice.text!, /The software of juliet3@example\.com cannot take files: your file .* put on the server/);
});

test("in-band, where there is no proxy", async (context) => {
  const settings = { accounts: { iterations: 4096 }, "http-upload": { reserve: "1 MiB" }, proxy65: { listen: [] } };
  const before = service;
  service = await startService({ settings });
  const here = service;
  context.after(async () => {
    service = before;
    await here.stop();
  });
  const small = join(folder, "kleiner compte rendu été.bin");
  writeFileSync(small, randomBytes(150_001));
  const romeo = await online(context, "romeo4");
  await service.addUser(`juliet4@${domain}`, "pencil");
  romeo.do("send-file", `juliet4@${domain}/pidgin`, small);
  await romeo.expect("file-sent");
  const juliet = await other(context, "juliet4");
  await juliet.becomesAvailable();
  await arrives(juliet, romeo.address, small);
});

test("the other way: a link is offered as a file", async (context) => {
  const uploads = { accounts: { iterations: 4096 }, "http-upload": { reserve: "1 MiB" } };
  const here = await startService({ settings: { ...uploads, "file-bridge": { offer: "ask" } } });
  context.after(() => here.stop());
  const romeo = await online(context, "romeo7", here);
  romeo.do("save-in", join(folder, "received"));
  const juliet = await other(context, "juliet7", here);
  const reply = await juliet.exchange(
    `<iq type='get' id='s' to='upload.${domain}'><request xmlns='urn:xmpp:http:upload:0' filename='été.bin' size='2000001'/></iq>`,
    "<iq type='result' id='s'/>",
  );
  const [put, get] = reply.elements[0]!.elements.map(({ attrs }) => attrs.url!);
  await curl(here, "-T", sent, put!);
  const him = `romeo7@${domain}`;
  await juliet.sends(
    `<message to='${him}' type='chat'><body>${get}</body><x xmlns='jabber:x:oob'><url>${get}</url></x></message>`,
  );
  const told = await romeo.expect("file-received");
  assert.equal(told.who, `${juliet}`);
  assert.equal(hash(readFileSync(told.file!)), hash(readFileSync(sent)));
  await juliet.receivesNothing();
});

test("where there is nobody of that name, it says so", async (context) => {
  const romeo = await online(context, "romeo5");
  romeo.do("send-file", `nobody@${domain}/pidgin`, sent);
  await romeo.expect("notice");
});

test("a file that the quota has no room for is refused", async (context) => {
  const romeo = await online(context, "romeo6");
  await service.addUser(`juliet6@${domain}`, "pencil");
  const large = join(folder, "large.bin");
  writeFileSync(large, "");
  truncateSync(large, 6 * 1024 ** 3);
  romeo.do("send-file", `juliet6@${domain}/pidgin`, large);
  await romeo.expect("file-cancelled");
});
