import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Installation } from "./installation.ts";
import { logIn } from "./log-in.ts";

test("users are administered while the service is stopped", async (context) => {
  const { parloir } = bound(new Installation(context));
  assert.deepEqual(await parloir(["user", "list"]), { code: 0, output: "", errors: "" });
  const added = await parloir(["user", "add", "romeo@example.com"], "pencil\n");
  assert.deepEqual(added, { code: 0, output: "romeo@example.com was made\n", errors: "" });
  assert.equal((await parloir(["user", "add", "Juliet"], "pencil")).output, "juliet@example.com was made\n");
  assert.equal((await parloir(["user", "list"])).output, "juliet@example.com\nromeo@example.com\n");
  const again = await parloir(["user", "add", "romeo"], "other");
  assert.equal(again.code, 1);
  assert.match(again.errors, /romeo@example\.com exists already/);
  assert.equal((await parloir(["user", "delete", "romeo"])).output, "romeo@example.com was deleted\n");
  assert.match((await parloir(["user", "delete", "romeo"])).errors, /romeo@example\.com/);
  assert.equal((await parloir(["user", "passwd", "romeo"], "x")).code, 1);
  assert.equal((await parloir(["user", "list"])).output, "juliet@example.com\n");
});

test("users are administered while the service runs, and a deleted one is sent away", async (context) => {
  const installation = new Installation(context);
  const { parloir } = bound(installation);
  await parloir(["user", "add", "romeo"], "early");
  const service = await installation.start();
  const ca = join(installation.data, "certificates", "example.com.crt");
  assert.equal((await parloir(["user", "add", "juliet"], "balcony")).code, 0);
  assert.equal((await parloir(["user", "list"])).output, "juliet@example.com\nromeo@example.com\n");
  const juliet = await logIn({ port: service.port, ca, domain: "example.com", user: "juliet", password: "balcony" });
  assert.equal((await parloir(["user", "passwd", "romeo"], "late")).code, 0);
  await assert.rejects(logIn({ port: service.port, ca, domain: "example.com", user: "romeo", password: "early" }));
  const romeo = await logIn({ port: service.port, ca, domain: "example.com", user: "romeo", password: "late" });
  const deleted = await parloir(["user", "delete", "juliet"]);
  assert.deepEqual(deleted, { code: 0, output: "juliet@example.com was deleted, sessions ended: 1\n", errors: "" });
  await juliet.ended;
  await assert.rejects(logIn({ port: service.port, ca, domain: "example.com", user: "juliet", password: "balcony" }));
  assert.equal((await parloir(["user", "list"])).output, "romeo@example.com\n");
  assert.equal(await service.stop(), 0);
  assert.match(await romeo.ended, /<system-shutdown/);
  assert.equal((await parloir(["user", "list"])).output, "romeo@example.com\n");
  assert.doesNotMatch(service.errors(), /balcony|early|late/);
});

test("what is typed wrong says what to do, with exit code 2", async (context) => {
  const { parloir } = bound(new Installation(context, "domains: [{ name: a.example }, { name: b.example }]\n"));
  const cases: readonly [words: readonly string[], input: string, errors: RegExp][] = [
    [["user", "add", "romeo"], "x", /which domain\? Write romeo@a\.example/],
    [["user", "add", "romeo@c.example"], "x", /c\.example is not a domain of this server \(a\.example, b\.example\)/],
    [["user", "add", "ro meo@a.example"], "x", /ro meo@a\.example: invalid localpart/],
    [["user", "add", "romeo@a.example/home"], "x", /expected name@domain/],
    [["user", "add", "romeo@a.example"], "\n", /no password was given/],
    [["user", "add"], "", /missing required argument 'account'/],
    [["user", "add", "romeo@a.example", "pencil"], "", /too many arguments/],
    [["usr"], "", /unknown command 'usr'[\s\S]*Did you mean user/],
    [["start", "--port", "none"], "", /expected a number from 0 to 65534/],
  ];
  for (const [words, input, errors] of cases) {
    const said = await parloir(words, input);
    assert.match(said.errors, errors);
    assert.equal(said.code, 2, words.join(" "));
  }
});

test("the script at the root takes a password from standard input", async (context) => {
  const installation = new Installation(context);
  const { code, output } = await installation.script(["user", "add", "romeo"], "pencil\n");
  assert.equal(output, "romeo@example.com was made\n");
  assert.equal(code, 0);
  assert.equal((await installation.script(["user", "ad"])).code, 2);
});

test("what is kept is private", async (context) => {
  const installation = new Installation(context);
  const service = await installation.start();
  const mode = (...path: string[]) => (statSync(join(installation.data, ...path)).mode & 0o777).toString(8);
  assert.equal(mode(), "700");
  assert.equal(mode("parloir.sqlite"), "600");
  assert.equal(mode("control.sock"), "600");
  assert.equal(mode("certificates", "example.com.key"), "600");
  await service.stop();
});

function bound(installation: Installation) {
  return { parloir: installation.parloir.bind(installation) };
}
