// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { compileClient, PurpleClient } from "./purple/client.ts";

/** Rooms as the guide of the institute has them: Pidgin's list of rooms, the room that is always there, one's own. */

const folder = mkdtempSync(join(tmpdir(), "purple-rooms-"));
let program: string;
let service: RunningService;

before(async () => {
  program = compileClient(folder);
  service = await startService({ settings: { accounts: { iterations: 4096 } } });
});
after(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function online(context: TestContext, who: string): Promise<PurpleClient> {
  await service.addUser(`${who}@example.com`, "pencil");
  const client = new PurpleClient(program, { service, address: `${who}@example.com/pidgin` });
  context.after(() => client.stop());
  return client.signedOn();
}

test("the list of rooms: the service is proposed, the room `test` is there", async (context) => {
  const romeo = await online(context, "romeo1");
  romeo.do("rooms");
  const asked = await romeo.expect("input");
  assert.equal(asked.value, "conference.example.com");
  romeo.do("enter");
  const room = await romeo.expect("room", ({ name }) => name === "test");
  assert.equal(room.name, "test");
});

test("two people join the room `test` and read each other", async (context) => {
  const romeo = await online(context, "romeo2");
  const juliet = await online(context, "juliet2");
  const room = "test@conference.example.com";
  romeo.do("join", "test", "conference.example.com", "Roméo");
  await romeo.expect("room-joined", { room });
  juliet.do("join", "test", "conference.example.com", "Juliette");
  await juliet.expect("room-joined", { room });
  await romeo.expect("occupant", { room, name: "Juliette" });
  juliet.do("speak", room, "Salut à tous &amp; bienvenue");
  const heard = await romeo.expect("message", { with: room, name: "Juliette", kind: "received" });
  assert.equal(heard.text, "Salut à tous & bienvenue");
});

test("a room of one's own with the default configuration; a colleague joins it", async (context) => {
  const romeo = await online(context, "romeo3");
  const juliet = await online(context, "juliet3");
  const room = "verone@conference.example.com";
  romeo.do("join", "verone", "conference.example.com", "Roméo");
  const question = await romeo.expect("question");
  assert.match(question.buttons!, /Accept Defaults/);
  romeo.do("answer", `${question.buttons!.split("|").findIndex((label) => /Accept Defaults/.test(label))}`);
  await romeo.settles();
  juliet.do("join", "verone", "conference.example.com", "Juliette");
  await juliet.expect("room-joined", { room });
  await romeo.expect("occupant", { room, name: "Juliette" });
  romeo.do("speak", room, "Bienvenue");
  assert.equal((await juliet.expect("message", { with: room, name: "Roméo" })).text, "Bienvenue");
});
