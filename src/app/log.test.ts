import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Format, type Level } from "./log.ts";

function record(format: Format, level: Level = "info") {
  const lines: string[] = [];
  return { lines, log: createLog({ format, level, write: (line) => lines.push(line) }) };
}

test("lines are for people: time, level, sentence, fields", () => {
  const { lines, log } = record("lines");
  log
    .child({ feature: "c2s" })
    .warn("stream refused", { peer: "192.0.2.1:4", why: "too large", all: ["a", "b"], n: 3 });
  assert.match(
    lines[0]!,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warn {2}stream refused feature=c2s peer=192\.0\.2\.1:4 why="too large" all=a,b n=3\n$/,
  );
});

test("a peer's text neither begins a line nor steers the terminal", () => {
  const { lines, log } = record("lines");
  log.info("stream refused", { why: "x\n2026-01-01 error forged\u001b[2J\u009b\u2028" });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.indexOf("\n"), lines[0]!.length - 1);
  assert.doesNotMatch(lines[0]!.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028]/);
});

test("an error is shown with its stack and its cause", () => {
  const { lines, log } = record("lines");
  log.error("stanza not handled", { cause: new Error("outer", { cause: new Error("inner") }) });
  assert.match(lines[0]!, /error stanza not handled\n {4}cause: Error: outer\n[\s\S]*caused by: Error: inner/);
});

test("json is one object a line", () => {
  const { lines, log } = record("json");
  log.child({ host: "example.com" }).info("session bound", { jid: "romeo@example.com/orchard" });
  const { time, ...rest } = JSON.parse(lines[0]!);
  assert.match(time, /^\d{4}-.*Z$/);
  assert.deepEqual(rest, {
    level: "info",
    host: "example.com",
    jid: "romeo@example.com/orchard",
    message: "session bound",
  });
});

test("the level holds for children made before it changed", () => {
  const { lines, log } = record("lines", "warn");
  const child = log.child({ feature: "mam" }).child({ x: 1 });
  child.info("not this");
  log.level = "debug";
  child.debug("this");
  log.level = "error";
  child.warn("nor this");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /debug this/);
});
