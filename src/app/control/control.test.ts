import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silent } from "#core/log.ts";
import type { Accounts } from "#sasl/authenticator.ts";
import { AccountError } from "#sasl/error.ts";
import type { Administration } from "../admin/command.ts";
import { ask } from "./client.ts";
import { openControl } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "parloir-control-"));
after(() => rmSync(folder, { recursive: true }));

const accounts: Accounts = {
  async create(user) {
    if (user === "romeo") throw new AccountError("conflict", "romeo is there");
    if (user === "bug") throw new TypeError("secret inside");
  },
  async setPassword() {},
  async remove() {},
  list: async ({ after = "" } = {}) => (after === "" ? Array.from({ length: 1000 }, (_, index) => `u${index}`) : ["z"]),
};
const administration = { domains: ["a.example", "b.example"], accounts: () => accounts } as unknown as Administration;

const add = (account: string) => ({ command: "user add", arguments: { account, password: "x" } });

test("commands are answered; refusals keep their code, faults are not told", async () => {
  const control = await openControl(folder, administration, silent);
  assert.deepEqual(await ask(folder, add("juliet@a.example")), { result: { account: "juliet@a.example" } });
  await assert.rejects(ask(folder, add("romeo@a.example")), {
    name: "CommandError",
    code: "conflict",
    message: "romeo is there",
  });
  await assert.rejects(ask(folder, add("bug@a.example")), (error: Error) => !error.message.includes("secret"));
  await assert.rejects(ask(folder, { command: "user ad", arguments: {} }), { code: "usage" });
  await assert.rejects(ask(folder, { command: "user add", arguments: { account: "x" } }), {
    code: "usage",
    message: /password/,
  });
  await control.close();
  assert.equal(await ask(folder, add("juliet@a.example")), undefined);
  assert.deepEqual(readdirSync(folder), []);
});

test("what is no request is refused, and what is too long cut off", async () => {
  const control = await openControl(folder, administration, silent);
  assert.match(await say("nonsense\n"), /"code":"usage"/);
  assert.match(await say('{"command":3}\n'), /"code":"usage"/);
  assert.equal(await say("x".repeat(200_000)), "");
  await control.close();
});

test("a page of accounts leads to the next, over all domains", async () => {
  const control = await openControl(folder, administration, silent);
  const list = (given: object) => ask(folder, { command: "user list", arguments: given });
  const first = (await list({}))?.result as { accounts: string[]; next: object };
  assert.equal(first.accounts.length, 1000);
  assert.deepEqual(first.next, { domain: "a.example", after: "u999" });
  assert.deepEqual((await list(first.next))?.result, {
    accounts: ["z@a.example"],
    next: { domain: "b.example", after: "" },
  });
  assert.deepEqual((await list({ domain: "b.example", after: "y" }))?.result, { accounts: ["z@b.example"] });
  await assert.rejects(list({ domain: "c.example" }), { code: "usage" });
  await control.close();
});

test("a data folder may have a long name", async () => {
  const long = join(folder, "x".repeat(120));
  mkdirSync(long);
  const control = await openControl(long, administration, silent);
  assert.deepEqual(await ask(long, add("juliet@a.example")), { result: { account: "juliet@a.example" } });
  await control.close();
  assert.equal(await ask(long, add("juliet@a.example")), undefined);
});

function say(text: string): Promise<string> {
  return new Promise((resolve) => {
    let reply = "";
    const socket = connect(join(folder, "control.sock"), () => socket.write(text));
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      reply += part;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(reply));
  });
}
