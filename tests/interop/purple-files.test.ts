// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { parseText } from "#xml/parser.ts";
import { compileClient, PurpleClient } from "./purple/client.ts";

/** Files as the guide of the institute has them: "Proxy pour le transfert de fichiers", here one of the domain's names. */

const folder = mkdtempSync(join(tmpdir(), "purple-files-"));
const sent = join(folder, "été & co.bin");
const received = join(folder, "received");
const domain = "obs.example";
const alias = "jabber.obs.example";
let program: string;
let withProxy: RunningService;

before(async () => {
  program = compileClient(folder);
  mkdirSync(received);
  writeFileSync(sent, randomBytes(3_000_001));
  withProxy = await startService({
    domains: [domain],
    settings: {
      domains: [{ name: domain, aliases: [alias] }],
      accounts: { iterations: 4096 },
      proxy65: { listen: [{ port: 0, address: "127.0.0.1" }], public: ["127.0.0.1"] },
    },
  });
});
after(async () => {
  await withProxy?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Setting {
  /** The domain that the account is at in the client. */
  readonly at?: string;
  /** What is typed as file transfer proxy. */
  readonly proxy?: string;
  readonly service?: RunningService;
}

/** A client that cannot be reached from outside, with these settings of its account. */
async function online(context: TestContext, who: string, setting: Setting = {}): Promise<PurpleClient> {
  const { at = domain, proxy, service = withProxy } = setting;
  await service.addUser(`${who}@${domain}`, "pencil");
  const client = new PurpleClient(program, { service, address: `${who}@${at}/pidgin` });
  context.after(() => client.stop());
  await client.signedOn();
  client.do("no-listening", `${service.port}`);
  client.do("save-in", received);
  if (proxy !== undefined) {
    client.do("proxies", proxy);
    client.do("sign-off");
    await client.expect("signed-off");
    client.do("sign-on");
    await client.signedOn();
  }
  await client.settles();
  return client;
}

function hash(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** The proxies that the sender offered. */
function offered(client: PurpleClient): string[] {
  const offers = client.stanzas("xml-sent").flatMap((stanza) => stanza.elements);
  const negotiation = offers.find(({ ns, attrs }) => ns.endsWith("/bytestreams") && attrs.sid !== undefined);
  return (negotiation ?? parseText("<none xmlns='x'/>")).elements.map(({ attrs }) => attrs.jid!);
}

/** Whether it asked the proxy to begin: the file went neither directly nor in-band. */
function activated(client: PurpleClient): boolean {
  return client.stanzas("xml-sent").some(({ elements }) => elements[0]?.elements[0]?.name === "activate");
}

async function passes(from: PurpleClient, to: PurpleClient): Promise<void> {
  rmSync(join(received, "été & co.bin"), { force: true });
  from.do("send-file", to.address, sent);
  const offer = await to.expect("file-offered");
  assert.equal(offer.size, "3000001");
  const [told] = await Promise.all([to.expect("file-received"), from.expect("file-sent")]);
  assert.equal(hash(told.file!), hash(sent));
  assert.ok(activated(from));
}

test("a file passes through the domain that is set as proxy", async (context) => {
  const romeo = await online(context, "romeo1", { proxy: domain });
  const juliet = await online(context, "juliet1");
  await passes(romeo, juliet);
  assert.ok(offered(romeo).includes(domain), offered(romeo).join());
});

test("the guide's setting: the account at one name, the proxy at the other", async (context) => {
  const romeo = await online(context, "romeo2", { proxy: alias });
  const juliet = await online(context, "juliet2");
  await passes(romeo, juliet);
  assert.ok(offered(romeo).includes(alias), offered(romeo).join());
});

test("the two know each other under different names", async (context) => {
  const romeo = await online(context, "romeo3", { proxy: alias });
  const juliet = await online(context, "juliet3", { at: alias });
  romeo.do("send-file", `juliet3@${domain}/pidgin`, sent);
  rmSync(join(received, "été & co.bin"), { force: true });
  const [told] = await Promise.all([juliet.expect("file-received"), romeo.expect("file-sent")]);
  assert.equal(told.who, `romeo3@${alias}/pidgin`);
  assert.equal(hash(told.file!), hash(sent));
  juliet.do("send-file", `romeo3@${alias}/pidgin`, sent);
  const back = await romeo.expect("file-received");
  assert.equal(hash(back.file!), hash(sent));
  assert.ok(activated(romeo) && activated(juliet));
});

test("without any setting, the proxy is found", async (context) => {
  const romeo = await online(context, "romeo4");
  const juliet = await online(context, "juliet4");
  await passes(romeo, juliet);
  assert.deepEqual(offered(romeo), [`proxy.${domain}`]);
});

test("where there is no proxy, the file goes in-band", async (context) => {
  const settings = { accounts: { iterations: 4096 }, proxy65: { listen: [] } };
  const service = await startService({ domains: [domain], settings });
  context.after(() => service.stop());
  writeFileSync(sent, randomBytes(200_001));
  const romeo = await online(context, "romeo5", { service });
  const juliet = await online(context, "juliet5", { service });
  rmSync(join(received, "été & co.bin"), { force: true });
  romeo.do("send-file", juliet.address, sent);
  const [told] = await Promise.all([juliet.expect("file-received"), romeo.expect("file-sent")]);
  assert.equal(hash(told.file!), hash(sent));
  assert.ok(!activated(romeo));
});
