/**
 * The disk is full, or slow. What cannot be kept is refused with an explanation, everything else goes on, nothing that was
 * acknowledged is dropped, and once there is room again the service works as before, without a restart.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "#app/control/client.ts";
import { XmppServer } from "#test/bench/load/login.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { ArchiveReader } from "./archive.ts";
import { ManagedClient } from "./client.ts";
import { MessageLedger } from "./ledger.ts";

const domain = "example.com";
const settings = {
  c2s: { encryption: "optional", rate: "0 B" },
  log: { level: "warn" },
  accounts: { iterations: 4096 },
};

/** Something that takes the room on the disk, and gives it back. */
interface Shortage {
  begin(service: RunningService, data: string): Promise<void>;
  end(): void;
}

/** A file system of its own, of a few MB, and a file that fills it. */
class SmallFileSystem implements Shortage {
  #filler = "";

  async begin(_service: RunningService, data: string): Promise<void> {
    this.#filler = join(data, "filler");
    for (let size = 1 << 20; size >= 4096; size /= 2) {
      for (;;) {
        try {
          writeFileSync(this.#filler, Buffer.alloc(size), { flag: "a" });
        } catch {
          break;
        }
      }
    }
  }

  end(): void {
    rmSync(this.#filler);
  }
}

/** A limit to the size of files of the running process (RLIMIT_FSIZE). */
class FileSizeLimit implements Shortage {
  #pid = 0;

  async begin(_service: RunningService, data: string): Promise<void> {
    const answer = await ask(data, { command: "status", arguments: {} });
    this.#pid = (answer!.result as { pid: number }).pid;
    const largest = Math.max(...["", "-wal"].map((end) => statSync(join(data, `parloir.sqlite${end}`)).size));
    this.#limit(String(largest));
  }

  end(): void {
    this.#limit("unlimited");
  }

  #limit(soft: string): void {
    execFileSync("prlimit", ["--pid", String(this.#pid), `--fsize=${soft}:`]);
  }
}

test("the file system is full", { timeout: 60_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-full-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", data]);
  context.after(() => {
    if (status === 0) spawnSync("umount", ["--lazy", data]);
    rmSync(folder, { recursive: true, force: true });
  });
  if (status !== 0) return context.skip(`a small file system needs root: ${stderr}`);
  await endure(context, folder, new SmallFileSystem());
});

test("files may not grow any more", { timeout: 60_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-limit-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await endure(context, folder, new FileSizeLimit());
});

async function endure(context: TestContext, folder: string, shortage: Shortage): Promise<void> {
  const service = await startService({ folder, settings });
  context.after(() => service.kill());
  const { ledger, client } = await cast(context, service);
  const romeo = await client("romeo");
  const juliet = await client("juliet");
  await shortage.begin(service, join(folder, "data"));
  let number = 0;
  const say = (to: string, extra = "") => {
    const id = `d${++number}`;
    romeo.say(id, to === "juliet" ? "online" : "away", `${to}@${domain}`, { extra });
    return id;
  };
  const long = `<long xmlns='urn:example:long'>${"x".repeat(15_000)}</long>`;
  while (romeo.refused.size === 0) {
    say("juliet", long);
    await settled(romeo);
    assert.ok(number < 2_000, "the disk is never full");
  }
  const accepted = number - 1;

  // What must be kept is refused, and says why.
  const online = say("juliet", long);
  const away = say("nurse", long);
  await settled(romeo);
  for (const id of [online, away]) assert.match(romeo.refused.get(id) ?? "accepted", explained, id);
  const contact = await romeo.ask(
    "set",
    `<query xmlns='jabber:iq:roster'><item jid='friend@${domain}' name='${"x".repeat(900)}'/></query>`,
  );
  if (!/^<iq[^>]* type=['"]result/.test(contact.answer)) assert.match(contact.answer, explained);

  // What need not be kept goes on.
  const passing = say("juliet", "<no-store xmlns='urn:xmpp:hints'/><no-permanent-store xmlns='urn:xmpp:hints'/>");
  await settled(romeo);
  await settled(juliet);
  assert.ok(!romeo.refused.has(passing));
  assert.deepEqual(ledger.count("online").lost, 0);
  await whatNeedsNoDisk(service, romeo);

  // There is room again: it works as before, by itself.
  shortage.end();
  for (let refused = true; refused; ) {
    const id = say("juliet");
    await settled(romeo);
    refused = romeo.refused.has(id);
    if (refused) await sleep(100);
  }
  const later = say("nurse");
  await romeo.acknowledged();
  assert.ok(!romeo.refused.has(later));
  const nurse = await client("nurse");
  await settled(nurse);
  for (const { id, number: name } of (await new ArchiveReader().next(juliet)) ?? [])
    ledger.archived(id, ["juliet"], name);
  assert.deepEqual(ledger.details("online", "away").lost, []);
  assert.ok(ledger.count("online").acknowledged > accepted);
  assert.equal(ledger.archives("juliet"), ledger.count("online").acknowledged - 1, "all but what passed is archived");
  for (const line of service.log.split("\n").filter((text) => / (error|warn) /.test(text)))
    assert.match(line, complaints);
}

/** Somebody can log in; presence, questions, typing notices and what is not to be kept pass both ways. */
async function whatNeedsNoDisk(service: RunningService, romeo: ManagedClient): Promise<void> {
  const { link, jid } = await new XmppServer(service, domain, "pencil").login("tybalt", { tls: false, presence: true });
  const comes = async (pattern: RegExp) => {
    for (;;) {
      const stanza = await link.next();
      assert.doesNotMatch(stanza, /type=['"]error/);
      if (pattern.test(stanza)) return;
    }
  };
  romeo.send(`<presence to='${jid}'/>`);
  await comes(/^<presence [^>]*romeo@/);
  romeo.send(`<message to='${jid}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`);
  await comes(/^<message .*<composing/);
  link.send(`<iq type='get' id='there' to='romeo@${domain}/client'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await comes(/^<iq [^>]*there/);
  await romeo.ask("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>", domain);
  romeo.send(
    `<message to='tybalt@${domain}' type='chat' id='passing'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>`,
  );
  await comes(/^<message [^>]*passing/);
  await link.close("</stream:stream>");
}

const explained = /type=['"]error['"].*<resource-constraint [^>]*\/><text [^>]*>[^<]{20}/s;
/** What an operator is told meanwhile. */
const complaints = /archive|not handled|not kept|full|disk/;

/** The server has handled all that a client sent. */
async function settled(client: ManagedClient): Promise<void> {
  await client.ask("get", "<ping xmlns='urn:xmpp:ping'/>", domain);
}

async function cast(context: TestContext, service: RunningService) {
  for (const name of ["romeo", "juliet", "nurse", "tybalt"]) await service.addUser(`${name}@${domain}`, "pencil");
  const ledger = new MessageLedger();
  const place = { server: Promise.resolve(new XmppServer(service, domain, "pencil")), generation: 1 };
  const client = async (user: string) => {
    const made = new ManagedClient({
      place,
      user,
      ledger,
      patience: 60_000,
      acknowledgeEvery: Number.POSITIVE_INFINITY,
    });
    context.after(() => made.stop());
    await made.start();
    return made;
  };
  return { ledger, client };
}

test("the disk is slower than the senders: they wait, nothing is lost, little is under way", {
  timeout: 60_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-slow-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const service = await startService({
    folder,
    settings,
  });
  context.after(() => service.kill());
  const { ledger, client } = await cast(context, service);
  const romeo = await client("romeo");
  const juliet = await client("juliet");
  const data = join(folder, "data");
  // Nobody else can write while another connection does.
  const other = new DatabaseSync(join(data, "parloir.sqlite"));
  context.after(() => other.close());
  other.exec("begin immediate");
  const flood = 14_000;
  for (let number = 0; number < flood; number++) romeo.say(`s${number}`, "online", `juliet@${domain}`);
  const most = { waiting: 0 };
  for (let time = 0; time < 15; time++) {
    await sleep(100);
    const { counters } = (await ask(data, { command: "status", arguments: {} }))!.result as {
      counters: Record<string, number>;
    };
    most.waiting = Math.max(most.waiting, counters.archive_waiting!);
  }
  assert.equal(ledger.acknowledged, 0, "acknowledged, but not on disk");
  assert.ok(most.waiting >= 10_000, `only ${most.waiting} messages were under way`);
  assert.ok(most.waiting < 12_000, `${most.waiting} messages were under way`);
  other.exec("rollback");
  await romeo.acknowledged();
  await settled(juliet);
  const { acknowledged, ...others } = ledger.count("online");
  assert.deepEqual(others, { lost: 0, archiveOnly: 0, duplicated: 0, redelivered: 0, repeated: 0 });
  assert.equal(acknowledged, flood);
  assert.equal(service.log, "", "the service complained");
});
