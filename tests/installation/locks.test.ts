import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Installation } from "./installation.ts";
import { logIn } from "./log-in.ts";

test("an account is locked while the service runs, and while it does not", async (context) => {
  const installation = new Installation(context);
  const parloir = (...words: string[]) => installation.parloir(words);
  await installation.parloir(["user", "add", "romeo"], "pencil");
  const ca = join(installation.data, "certificates", "example.com.crt");
  const first = await installation.start();
  const enter = (port: number) => logIn({ port, ca, domain: "example.com", user: "romeo", password: "pencil" });
  const sessions = [await enter(first.port), await enter(first.port)];
  const locked = await parloir("user", "lock", "romeo");
  assert.deepEqual(locked, { code: 0, output: "romeo@example.com is locked, sessions ended: 2\n", errors: "" });
  for (const session of sessions) assert.match(await session.ended, /<not-authorized .*closed or locked/);
  await assert.rejects(enter(first.port), /account-disabled/);
  await first.stop();

  const unlocked = await parloir("user", "unlock", "romeo");
  assert.deepEqual(unlocked, { code: 0, output: "romeo@example.com is not locked\n", errors: "" });
  const second = await installation.start();
  (await enter(second.port)).close();
  await second.stop();

  assert.equal((await parloir("user", "lock", "romeo@example.com")).output, "romeo@example.com is locked\n");
  const third = await installation.start();
  await assert.rejects(enter(third.port), /account-disabled/);
  assert.equal((await parloir("user", "unlock", "romeo")).code, 0);
  (await enter(third.port)).close();
  assert.deepEqual(await parloir("user", "lock", "nobody"), {
    code: 1,
    output: "",
    errors: "parloir: there is no account nobody@example.com\n",
  });
  await third.stop();
});
