// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config python3-slixmpp
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { compileClient, PurpleClient } from "./purple/client.ts";
import { type Heard, type SlixmppClient, SlixmppProcess } from "./slixmpp/driven.ts";

/**
 * The service is killed while libpurple gets messages. What was acknowledged to their senders is in the archive, once; what
 * waited for libpurple comes (docs/adr/0017). What was on its way to it at that moment, only the archive has.
 */

const folder = mkdtempSync(join(tmpdir(), "purple-crash-"));
const accounts = { iterations: 4096 };
let program = "";
before(() => {
  program = compileClient(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Scene {
  readonly romeo: SlixmppClient;
  /** Another client of Juliet's, not logged in. */
  readonly phone: SlixmppClient;
  readonly juliet: PurpleClient;
  /** Kills the service; starts it again. */
  crash(): Promise<void>;
  restart(): Promise<void>;
}

const address = "juliet@example.com";
const numbered = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name} ${index}`);
const bodies = (heard: readonly Heard[]) => heard.map(({ body }) => body);

/** Romeo is there, and has written some; then Juliet's libpurple logs in. */
async function scene(context: TestContext, written: readonly string[]): Promise<Scene> {
  const home = mkdtempSync(join(tmpdir(), "parloir-crash-"));
  let service: RunningService = await startService({ folder: home, settings: { accounts } });
  context.after(async () => {
    await service.stop();
    rmSync(home, { recursive: true, force: true });
  });
  const { host, port, directPort } = service;
  for (const name of ["romeo", "juliet"]) await service.addUser(`${name}@example.com`, "pencil");
  const slixmpp = new SlixmppProcess(service);
  context.after(() => slixmpp.stop());
  const romeo = slixmpp.client("romeo@example.com/orchard");
  await romeo.logIn();
  await romeo.say(address, written);
  const juliet = new PurpleClient(program, { service, address: `${address}/pidgin` });
  context.after(() => juliet.stop());
  await juliet.signedOn();
  const listen = [
    { port, address: host, tls: "starttls" },
    { port: directPort, address: host, tls: "direct" },
  ];
  const crash = () => service.kill();
  const restart = async () => {
    service = await startService({ folder: home, settings: { accounts, listen } });
    assert.equal(await romeo.comeBack(), "anew", "no session goes on after a crash");
  };
  return { romeo, phone: slixmpp.client(`${address}/phone`), juliet, crash, restart };
}

async function noticed(juliet: PurpleClient): Promise<void> {
  const error = await juliet.expect("connection-error");
  assert.equal(error.fatal, "no", "a client that takes the error for final would not come back by itself");
}

async function comesBack(juliet: PurpleClient): Promise<void> {
  juliet.do("sign-off");
  juliet.do("sign-on");
  await juliet.signedOn();
}

function shown(juliet: PurpleClient): string[] {
  return juliet.story.filter(({ event, kind }) => event === "message" && kind === "received").map(({ text }) => text!);
}

test("killed while somebody writes to libpurple: what was acknowledged is in the archive, what comes later is there", async (context) => {
  const { romeo, phone, juliet, crash, restart } = await scene(context, []);
  await romeo.flood(address, "flood", 0.002);
  await juliet.expect("message", { text: "flood 50" });
  await crash();
  await noticed(juliet);
  await restart();
  const acknowledged = await romeo.acknowledged();
  assert.ok(acknowledged.length > 0);
  const meanwhile = numbered(10, "while she was away");
  await romeo.say(address, meanwhile);
  await comesBack(juliet);
  await juliet.expect("message", { text: meanwhile.at(-1)! });
  await juliet.settles();
  const got = shown(juliet);
  assert.equal(new Set(got).size, got.length, "a message came twice");
  assert.deepEqual(got.slice(-meanwhile.length), meanwhile);
  await phone.logIn();
  const archived = bodies(await phone.read());
  assert.equal(new Set(archived).size, archived.length, "a message is twice in the archive");
  const all = new Set(archived);
  assert.deepEqual(
    acknowledged.filter((body) => !all.has(body)),
    [],
    "acknowledged, but not in the archive",
  );
});

test("killed while libpurple gets what it missed: all comes, what it has not acknowledged once more", async (context) => {
  const written = numbered(150, "missed");
  const { juliet, crash, restart } = await scene(context, written);
  await juliet.expect("message", { text: written[20]! });
  await crash();
  await noticed(juliet);
  const before = shown(juliet);
  await restart();
  await comesBack(juliet);
  await juliet.expect("message", { text: written.at(-1)! });
  await juliet.settles();
  const later = shown(juliet).slice(before.length);
  assert.deepEqual(later, written.slice(-later.length), "in order, from where it had not acknowledged");
  assert.ok(before.length + later.length >= written.length, `${before.length}, then ${later.length}`);
});
