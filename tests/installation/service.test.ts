import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Installation } from "./installation.ts";
import { logIn } from "./log-in.ts";

test("the first start makes an administrator and says how to connect; the second does not", async (context) => {
  const installation = new Installation(context);
  const first = await installation.start("--guide");
  await waitFor(() => first.output().includes("Stop: Ctrl-C"));
  const said = first.output();
  const password = /password {4}((?:[a-z]{4}-){5}[a-z]{4})\n/.exec(said)?.[1];
  assert.ok(password);
  assert.match(said, /address {5}admin@example\.com/);
  assert.match(said, /\.\/parloir user add \S+@example\.com --config \S+/);
  assert.match(said, new RegExp(`${first.port} with STARTTLS`));
  const ca = join(installation.data, "certificates", "example.com.crt");
  assert.ok(said.includes(new X509Certificate(readFileSync(ca)).fingerprint256));
  const admin = await logIn({ port: first.port, ca, domain: "example.com", user: "admin", password });
  assert.match(admin.jid, /^admin@example\.com\//);
  assert.equal(await first.stop("SIGINT"), 0);
  assert.ok(!first.errors().includes(password));

  const second = await installation.start("--guide");
  await waitFor(() => second.output().includes("Stop: Ctrl-C"));
  assert.doesNotMatch(second.output(), /password {4}/);
  (await logIn({ port: second.port, ca, domain: "example.com", user: "admin", password })).close();
  await second.stop();
});

test("demo accounts keep their passwords from start to start", async (context) => {
  const installation = new Installation(context);
  const first = await installation.start("--demo");
  await waitFor(() => first.output().includes("Stop: Ctrl-C"));
  const password = /romeo@example\.com\s+(\S+)/.exec(first.output())?.[1];
  assert.ok(password);
  const ca = join(installation.data, "certificates", "example.com.crt");
  (await logIn({ port: first.port, ca, domain: "example.com", user: "romeo", password })).close();
  await installation.parloir(["user", "passwd", "juliet"], "changed");
  await first.stop();
  const second = await installation.start("--demo");
  await waitFor(() => second.output().includes("Stop: Ctrl-C"));
  assert.match(second.output(), new RegExp(`romeo@example\\.com\\s+${password}`));
  assert.match(second.output(), /juliet@example\.com\s+\(its password was changed\)/);
  await second.stop();
});

test("status tells what runs; exit code 1 when nothing does", async (context) => {
  const installation = new Installation(context);
  const before = await installation.parloir(["status"]);
  assert.equal(before.code, 1);
  assert.match(before.errors, /not running/);
  await installation.parloir(["user", "add", "romeo"], "pencil");
  const service = await installation.start();
  const ca = join(installation.data, "certificates", "example.com.crt");
  const romeo = await logIn({ port: service.port, ca, domain: "example.com", user: "romeo", password: "pencil" });
  const lines = (await installation.parloir(["status"])).output;
  assert.match(lines, new RegExp(`running {6}Parloir \\S+, process ${service.process.pid}, for`));
  assert.match(lines, /sessions {5}example\.com 1\n/);
  assert.match(lines, new RegExp(`port ${service.port} \\(starttls\\): 1 connections`));
  const status = JSON.parse((await installation.parloir(["status", "--json"])).output);
  assert.deepEqual(status.domains, [{ name: "example.com", sessions: 1 }]);
  assert.equal(status.counters.logins, 1);
  romeo.close();
  await service.stop();
});

test("a second service on the same data is refused, and so is a port that is taken", async (context) => {
  const installation = new Installation(context);
  const service = await installation.start();
  const second = await installation.parloir(["start"]);
  assert.equal(second.code, 1);
  assert.match(second.errors, /in use by another process/);
  await service.stop();

  const other = createServer().listen(0, "127.0.0.1");
  context.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  // The other services would take the next ports, and whether those are free is not what is asked here.
  installation.write(
    "domains: [{ name: example.com }]\nlisten: [{ port: 0, address: 127.0.0.1 }]\nhttp: { listen: [] }\n",
  );
  const refused = await installation.parloir(["start", "--port", String(port)]);
  assert.equal(refused.code, 1);
  assert.match(refused.errors, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there`));
});

test("a service that was killed starts again, with its accounts", async (context) => {
  const installation = new Installation(context);
  const service = await installation.start();
  await installation.parloir(["user", "add", "romeo"], "pencil");
  await service.stop("SIGKILL");
  assert.equal((await installation.parloir(["user", "list"])).output, "romeo@example.com\n");
  const again = await installation.start();
  assert.equal((await installation.parloir(["user", "list"])).output, "romeo@example.com\n");
  await again.stop();
});

test("SIGHUP takes the new log level, and keeps the old one when the file is wrong", async (context) => {
  const settings = "domains: [{ name: example.com }]\nlisten: [{ port: 0, address: 127.0.0.1 }]\n";
  const installation = new Installation(context, settings);
  const service = await installation.start();
  installation.write(`${settings}log: { level: loud }\n`);
  service.process.kill("SIGHUP");
  await service.logged(/not reloaded.*log\.level/);
  installation.write(`${settings}log: { level: debug }\n`);
  service.process.kill("SIGHUP");
  await service.logged(/log level reloaded/);
  await installation.parloir(["status"]);
  await service.logged(/debug command done command=status/);
  await service.stop();
});

test("config check says what is wrong, or that nothing is", async (context) => {
  const installation = new Installation(context);
  const good = await installation.parloir(["config", "check"]);
  assert.deepEqual(good, { code: 0, output: `${installation.file}: no errors\n`, errors: "" });
  installation.write("domains:\n  - name: example.com\n    certificate: none.crt\n    key: none.key\nlogs: {}\n");
  const unknown = await installation.parloir(["config", "check"]);
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.errors,
    /^The configuration has errors:\n {2}logs: no such setting; did you mean log\? \(line 5\)\n$/,
  );
  installation.write("domains:\n  - name: example.com\n    certificate: none.crt\n    key: none.key\n");
  const missing = await installation.parloir(["start"]);
  assert.equal(missing.code, 1);
  assert.match(missing.errors, /domains\[0\]\.certificate: file not found: .*none\.crt \(line 3\)/);
});

test("every command explains itself", async (context) => {
  const installation = new Installation(context);
  for (const command of [
    "start",
    "user add",
    "user passwd",
    "user delete",
    "user list",
    "user lock",
    "user unlock",
    "config check",
    "status",
  ]) {
    const { code, output } = await installation.parloir([...command.split(" "), "--help"]);
    assert.equal(code, 0);
    assert.match(output, new RegExp(`^Usage: parloir ${command}`));
    assert.match(output, /--config <file>/);
  }
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
