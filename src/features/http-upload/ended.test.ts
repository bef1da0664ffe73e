import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { HttpError, type HttpRequest } from "#core/http.ts";
import { locking } from "#features/off-boarding/index.ts";
import { Jid } from "#jid/jid.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { uploadedFiles } from "./index.ts";

const settings: ScenarioOptions = {
  skipOn: ["prosody", "service"],
  why: "locks are ours",
  settings: { "http-upload": { reserve: "1 KiB" } },
};
const account = "romeo@example.com";

async function locks({ assembly }: Stage, locked: boolean): Promise<void> {
  await assembly.hosts.get("example.com")!.fire(locking, { account: Jid.parse(account), locked });
}

scenario("http-upload: whose account is locked uploads nothing more, whatever was begun", settings, async (stage) => {
  await stage.account(account);
  const files = uploadedFiles(stage.assembly.server)!;
  const slot = await files.reserve({ account, name: "a", size: 2 });
  const begun = await files.reserve({ account, name: "b", size: 2 });
  const body = new PassThrough();
  const put = files.put(begun, body);
  body.write("a");
  await locks(stage, true);
  body.end("b");
  await assert.rejects(put, { reason: "no-account" });
  await assert.rejects(files.put(slot, Readable.from(["ab"])), { reason: "no-account" });
  assert.equal((await files.usage(1)).files, 0);
});

scenario("http-upload: whose account is locked deletes nothing either", settings, async (stage) => {
  const { routes, server } = stage.assembly;
  routes.securePort = 5443;
  await stage.account(account);
  const files = uploadedFiles(server)!;
  const slot = await files.reserve({ account, name: "a", size: 2 });
  await files.put(slot, Readable.from([Buffer.from("ab")]));
  const { pathname, search } = new URL(files.uploadLink(slot, "example.com")!);
  const request = { method: "DELETE", path: pathname, query: search.slice(1), headers: {} } as HttpRequest;
  const remove = async () => routes.find("example.com", pathname)!.methods.DELETE!(request);
  await locks(stage, true);
  await assert.rejects(remove, (error) => error instanceof HttpError && error.status === 403);
  assert.ok(await files.find(slot.id));
  await locks(stage, false);
  assert.equal((await remove()).status, 204);
});
