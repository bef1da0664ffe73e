import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { InUseError, takeFolder } from "./instance.ts";

const folder = mkdtempSync(join(tmpdir(), "parloir-instance-"));
after(() => rmSync(folder, { recursive: true }));

test("a data folder has one owner at a time, and is private", () => {
  const data = join(folder, "deep", "data");
  const first = takeFolder(data);
  assert.throws(() => takeFolder(data, 0), InUseError);
  first.release();
  takeFolder(data, 0).release();
  assert.equal(statSync(data).mode & 0o777, 0o700);
});

test("a process that was killed leaves the folder free", async () => {
  const data = join(folder, "killed");
  const program = `const { takeFolder } = await import(process.argv[1]); takeFolder(process.argv[2]);
    console.log("taken"); setInterval(() => {}, 1000);`;
  const arguments_ = ["--input-type=module", "-e", program, join(import.meta.dirname, "instance.ts"), data];
  const owner = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
  await once(owner.stdout, "data");
  assert.throws(() => takeFolder(data, 0), InUseError);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  takeFolder(data, 0).release();
});
