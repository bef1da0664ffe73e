// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config python3-slixmpp
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PurpleClient } from "./purple/client.ts";
import { type PurpleStage, PurpleSuite } from "./purple/suite.ts";
import { type Heard, type SlixmppClient, SlixmppProcess } from "./slixmpp/driven.ts";

/**
 * One person, two clients: libpurple, which knows neither archive nor carbons, and slixmpp, which knows both. Nothing is
 * lost to either, and what was read in one does not come as new to the other (docs/adr/0014).
 */

const suite = new PurpleSuite();

interface Scene extends PurpleStage {
  /** Writes to Juliet. */
  readonly romeo: SlixmppClient;
  /** Juliet's client that reads the archive; not logged in. */
  readonly phone: SlixmppClient;
  readonly juliet: string;
}

async function scene(context: TestContext): Promise<Scene> {
  const stage = suite.stage(context);
  const slixmpp = new SlixmppProcess(suite.service);
  context.after(() => slixmpp.stop());
  const romeo = slixmpp.client(`${await stage.account("romeo")}/orchard`);
  const juliet = await stage.account("juliet");
  await romeo.logIn();
  return { ...stage, romeo, phone: slixmpp.client(`${juliet}/phone`), juliet };
}

const numbered = (count: number, name = "number") => Array.from({ length: count }, (_, index) => `${name} ${index}`);
const bodies = (heard: readonly Heard[]) => heard.map(({ body }) => body);

/** The messages that libpurple has shown so far, in order. */
async function shown(client: PurpleClient): Promise<string[]> {
  await client.settles();
  const messages = client.story.filter(({ event, kind }) => event === "message" && kind === "received");
  return messages.map(({ text }) => text!);
}

test("what was read in the archive does not come to libpurple as new; what was missed since does", async (context) => {
  const { romeo, phone, juliet, online } = await scene(context);
  const [read, missed] = [numbered(30), numbered(10, "later")];
  await romeo.say(juliet, read);
  await phone.logIn();
  assert.deepEqual(bodies(await phone.read()), read);
  await phone.show();
  assert.deepEqual(await phone.heard(), [], "offline copies of what it has read");
  await phone.leave();
  await romeo.say(juliet, missed);
  const pidgin = await online("juliet");
  assert.deepEqual(await shown(pidgin), missed);
  pidgin.do("sign-off");
  await pidgin.expect("signed-off");
  pidgin.do("sign-on");
  await pidgin.signedOn();
  assert.deepEqual(await shown(pidgin), missed, "they came again");
});

test("libpurple gets all it missed, once, with their times; then the archive has them, and nothing else does", async (context) => {
  const { romeo, phone, juliet, online } = await scene(context);
  const written = numbered(30);
  await romeo.say(juliet, written);
  await sleep(1_000); // libpurple counts seconds: now is another one than then
  const pidgin = await online("juliet");
  assert.deepEqual(await shown(pidgin), written);
  await phone.logIn();
  const archived = await phone.read();
  assert.deepEqual(bodies(archived), written);
  const messages = pidgin.stanzas("xml-received").filter(({ name }) => name === "message");
  const told = pidgin.story.filter(({ event, kind }) => event === "message" && kind === "received");
  for (const [index, message] of messages.entries()) {
    const child = (wanted: string) => message.elements.find(({ name }) => name === wanted);
    assert.equal(child("stanza-id")?.attrs.id, archived[index]!.kind, "the id of the archive is another one");
    const stamp = Date.parse(child("delay")!.attrs.stamp!);
    assert.equal(Number(told[index]!.time), Math.floor(stamp / 1000), "libpurple shows the time of sending");
  }
  await phone.show();
  assert.deepEqual(await phone.heard(), [], "what another client got, and the archive had");
});

test("libpurple is not flooded with what came while only the other client was there", async (context) => {
  const { romeo, phone, juliet, dial } = await scene(context);
  await phone.logIn();
  await phone.show();
  const pidgin = await (await dial("juliet")).signedOn();
  pidgin.do("sign-off");
  await pidgin.expect("signed-off");
  await romeo.say(juliet, numbered(10, "to her"));
  await romeo.say(pidgin.address, numbered(10, "to that client"));
  const both = [...numbered(10, "to her"), ...numbered(10, "to that client")];
  assert.deepEqual(bodies(await phone.heard()), both);
  pidgin.do("sign-on");
  await pidgin.signedOn();
  assert.deepEqual(await shown(pidgin), []);
  await romeo.say(pidgin.address, ["just you"]);
  await pidgin.expect("message", { kind: "received", text: "just you" });
  assert.deepEqual(
    (await phone.heard()).map(({ kind, body }) => [kind, body]),
    [["received", "just you"]],
  );
});

test("what one client sends, the other sees: by carbon while it is there, in the archive later", async (context) => {
  const { romeo, phone, juliet, online, address } = await scene(context);
  await romeo.show();
  await phone.logIn();
  await phone.show();
  const pidgin = await online("juliet");
  pidgin.do("say", address("romeo"), "from Pidgin");
  await pidgin.settles();
  const carbons = await phone.heard();
  assert.deepEqual(
    carbons.map(({ kind, body, from }) => [kind, body, from]),
    [["sent", "from Pidgin", pidgin.address]],
  );
  await phone.say(address("romeo"), ["from the phone"]);
  assert.deepEqual(await shown(pidgin), [], "libpurple takes a copy for a message to it");
  await phone.leave();
  pidgin.do("say", address("romeo"), "while the phone was off");
  await pidgin.settles();
  await romeo.say(juliet, ["an answer"]);
  await pidgin.expect("message", { kind: "received", text: "an answer" });
  await phone.logIn();
  const all = ["from Pidgin", "from the phone", "while the phone was off", "an answer"];
  assert.deepEqual(bodies(await phone.read()), all);
  await phone.show();
  assert.deepEqual(await phone.heard(), []);
  assert.deepEqual(bodies(await romeo.heard()), all.slice(0, 3));
});

test("the service found no fault of its own", () => {
  assert.doesNotMatch(suite.service.log, /^\S+ \S+ error /m);
});
