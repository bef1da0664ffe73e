// needs: profanity tmux curl
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Profanity, type ProfanityOptions } from "./profanity/client.ts";

/** profanity, a client in the terminal: typed at, and read from its screen. */

const folder = mkdtempSync(join(tmpdir(), "profanity-"));
let service: RunningService;
let count = 0;

before(async () => {
  service = await startService({ domains: ["localhost"], settings: { accounts: { iterations: 4096 } } });
});

after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
  assert.doesNotMatch(service.log, / error /);
});

/** People of one test, each with a home and an account of its own. */
function stage(context: TestContext) {
  const number = ++count;
  const made = new Set<string>();
  const address = (who: string) => `${who}${number}@localhost`;
  const dial = async (who: string, options: Partial<ProfanityOptions> = {}) => {
    if (!made.has(who)) {
      made.add(who);
      await service.addUser(address(who), "pencil");
    }
    const resource = options.address ?? "laptop";
    const home = join(folder, `${number}`, who, resource);
    const client = new Profanity({ service, folder: home, ...options, address: `${address(who)}/${resource}` });
    context.after(() => client.stop());
    return client;
  };
  const online = async (who: string, resource = "laptop") => (await dial(who, { address: resource })).online();
  return { address, dial, online };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const joined = /-> You have joined the room/;

/** Romeo and Juliet allow each other to see their presence. */
async function befriend(romeo: Profanity, juliet: Profanity): Promise<void> {
  const [his, hers] = [romeo, juliet].map(({ address }) => address.split("/")[0]!) as [string, string];
  romeo.do(`/sub request ${hers}`);
  await juliet.shows(new RegExp(`Received authorization request from ${his}`));
  juliet.do(`/sub allow ${his}`).do(`/sub request ${his}`);
  await romeo.shows(new RegExp(`Received authorization request from ${hers}`));
  romeo.do(`/sub allow ${hers}`);
  await romeo.shows(new RegExp(`\\+\\+ ${hers} .* is online`));
  await juliet.shows(new RegExp(`\\+\\+ ${his} .* is online`));
}

test("profanity asks about our certificate, and logs in when it is accepted", async (context) => {
  const { dial } = stage(context);
  for (const tls of ["force", "legacy"] as const) {
    const romeo = await dial("romeo", { tls, address: tls });
    await romeo.shows(/Common name +: localhost/);
    await romeo.shows(/Use '\/tls deny'/);
    await romeo.gets("/tls allow", new RegExp(`/${tls} logged in successfully`));
  }
});

test("profanity tells of a wrong password", async (context) => {
  const { dial } = stage(context);
  const romeo = await dial("romeo", { password: "wrong" });
  await romeo.shows(/Login failed/);
});

test("profanity: two people ask each other, see each other and talk", async (context) => {
  const { address, online } = stage(context);
  const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
  await befriend(romeo, juliet);
  romeo.do(`/msg ${address("juliet")} Ça va & <toi> ?`);
  await juliet.shows(/<< chat message: .*\(win 2\)/);
  await juliet.gets("/win 2", /Ça va & <toi> \?/);
  juliet.do("Oui 👋");
  await romeo.shows(/: Oui 👋/);
  juliet.do(`/status set away "À table"`);
  await romeo.shows(/is away, "À table"/);
  juliet.do("/status set dnd");
  await romeo.shows(/is dnd/);
  await juliet.quit();
  await romeo.shows(/is offline/);
});

test("profanity says why a message did not arrive, in our words", async (context) => {
  const romeo = await stage(context).online("romeo");
  romeo.do("/msg nobody@localhost Hello?");
  await romeo.shows(/Error from nobody@localhost: Nobody has this address here/);
});

test("profanity finds, enters and bookmarks a room; it is there at the next start", async (context) => {
  const { online } = stage(context);
  const romeo = await online("romeo");
  await romeo.gets("/rooms", /test@conference\.localhost/);
  await romeo.gets("/join test@conference.localhost", joined);
  romeo.do("Bonjour à tous");
  await romeo.shows(/romeo\d: Bonjour à tous/);
  await romeo.gets("/bookmark add", /Bookmark added for test@conference\.localhost/);
  await romeo.quit();
  const again = await online("romeo", "phone");
  await again.shows(/Rooms \(0\)|\[2\]/);
  await again.shows(/\[2\]\s*$/);
  again.do("/win 2");
  await again.shows(joined);
  await again.shows(/Bonjour à tous/);
});

test("profanity makes a room, configures it, and governs it", async (context) => {
  const { address, online } = stage(context);
  const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
  const nick = address("juliet").split("@")[0]!;
  romeo.do("/join verona@conference.localhost");
  await romeo.shows(/Room locked, requires configuration/);
  await romeo.gets("/room config", /\[field1\] Name of the room/);
  romeo.do(`/field1 "Les Montaigu"`).do("/field6 on");
  await romeo.shows(/\[field6\] Only members may enter: TRUE/);
  await romeo.gets("/form submit", /Room configuration successful/);
  const enter = () => juliet.do("/join verona@conference.localhost");
  enter();
  await juliet.shows(/Error joining room verona@conference\.localhost, reason: registration-required/);
  romeo.do(`/affiliation set member ${address("juliet")}`);
  await romeo.gets("/affiliation list member", new RegExp(`Affiliation: member\\s.*\\s.*${address("juliet")}`));
  enter();
  await juliet.shows(joined);
  await juliet.gets("/win 1", /registration-required/);
  await juliet.gets("/rooms", /verona@conference\.localhost \(Les Montaigu\)/);
  await romeo.gets(`/kick ${nick} Dehors`, new RegExp(`${nick} has been kicked`));
  await juliet.shows(/Kicked from verona@conference\.localhost.*Dehors/);
  enter();
  await juliet.gets("/win 2", joined);
  juliet.do("/win 1");
  await romeo.gets(`/ban ${address("juliet")} Adieu`, new RegExp(`${nick} has been banned`));
  await juliet.shows(/Banned from verona@conference\.localhost.*Adieu/);
  enter();
  await juliet.shows(/Error joining room verona@conference\.localhost, reason: forbidden/);
});

test("profanity: what one client says and hears, the other shows", async (context) => {
  const { address, online } = stage(context);
  const [laptop, phone, juliet] = await Promise.all([online("romeo"), online("romeo", "phone"), online("juliet")]);
  juliet.do(`/msg ${address("romeo")} For all of you`);
  for (const client of [laptop, phone]) {
    await client.shows(/<< chat message: .*\(win 2\)/);
    await client.gets("/win 2", /For all of you/);
  }
  laptop.do("From the laptop");
  await phone.shows(/me: From the laptop/);
  await juliet.shows(/romeo.*: From the laptop/);
  juliet.do("To the laptop");
  for (const client of [laptop, phone]) await client.shows(/juliet.*: To the laptop/);
});

test("profanity sends a file: the link that its contact sees leads to the same bytes", async (context) => {
  const { address, online } = stage(context);
  const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
  const file = join(folder, "photo d'été.jpg");
  const bytes = randomBytes(700_001);
  writeFileSync(file, bytes);
  romeo.do(`/msg ${address("juliet")} Look`);
  romeo.do(`/sendfile "${file}"`);
  await juliet.shows(/<< chat message/);
  await romeo.shows(/Upload.*100%/);
  juliet.do("/win 2");
  const [link] = await juliet.shows(/https:\/\/localhost:\S+/);
  const authority = ["--cacert", service.certificate("localhost")];
  const fetched = execFileSync("curl", ["--silent", "--fail", ...authority, link], { maxBuffer: 1 << 20 });
  assert.equal(sha256(fetched), sha256(bytes));
});

test("profanity shows what was said while it was away", async (context) => {
  const { address, online } = stage(context);
  const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
  await juliet.quit();
  romeo.do(`/msg ${address("juliet")} While away 1.`);
  for (let number = 2; number <= 20; number++) romeo.do(`While away ${number}.`);
  await romeo.shows(/While away 20/);
  const phone = await online("juliet", "phone"); // it has no history of its own
  phone.do(`/msg ${address("romeo")}`);
  await phone.shows(/While away 1\.[\s\S]*While away 20\./);
  const shown = (await phone.terminal.screen()).match(/While away \d+/g)!;
  assert.deepEqual(
    shown,
    Array.from({ length: 20 }, (_, index) => `While away ${index + 1}`),
  );
});

test("profanity shows what was said to another client, from the archive", async (context) => {
  const { address, online } = stage(context);
  const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
  romeo.do(`/msg ${address("juliet")} For the laptop.`);
  await juliet.shows(/<< chat message/);
  await juliet.gets("/win 2", /For the laptop/);
  await juliet.gets("Read.", /me: Read/);
  // profanity 0.13 leaves without a last acknowledgement: what it did not acknowledge is handed out again, to the phone;
  // and it asks no archive for a window that opens by such a message, before it knows what the server offers.
  await juliet.acknowledges("For the laptop.");
  await juliet.quit();
  const phone = await online("juliet", "phone");
  phone.do(`/msg ${address("romeo")}`);
  await phone.shows(/For the laptop\.[\s\S]*me: Read\./);
});

for (const how of ["stop", "kill"] as const) {
  test(`profanity comes back by itself after a ${how} of the service`, async (context) => {
    const home = mkdtempSync(join(tmpdir(), "profanity-restart-"));
    context.after(() => rmSync(home, { recursive: true, force: true }));
    const common = { folder: join(home, "service"), domains: ["localhost"] };
    const accounts = { iterations: 4096 };
    mkdirSync(common.folder);
    let running = await startService({ ...common, settings: { accounts } });
    context.after(() => running.kill());
    const online = async (who: string) => {
      await running.addUser(`${who}@localhost`, "pencil");
      const client = new Profanity({ service: running, folder: join(home, who), address: `${who}@localhost/laptop` });
      context.after(() => client.stop());
      return client.online();
    };
    const [romeo, juliet] = await Promise.all([online("romeo"), online("juliet")]);
    await romeo.gets("/join test@conference.localhost", joined);
    await juliet.gets("/join test@conference.localhost", joined);
    romeo.do("Before");
    await juliet.shows(/romeo: Before/);
    const listen = [
      { port: running.port, address: running.host, tls: "starttls" },
      { port: running.directPort, address: running.host, tls: "direct" },
    ];
    await running[how]();
    running = await startService({ ...common, settings: { accounts, listen } });
    for (const client of [romeo, juliet])
      await client.gets("/win 1", /Lost connection[\s\S]*(logged in successfully|re-established)/);
    for (const client of [romeo, juliet]) client.do("/win 2");
    romeo.do("And after");
    await juliet.shows(/romeo: And after/);
  });
}
