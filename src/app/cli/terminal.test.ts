import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import { elapsed } from "./status.ts";
import { newPassword } from "./terminal.ts";

/** A terminal at which somebody types these keys, one chunk at each prompt. */
function typing(...keys: string[]) {
  const modes: boolean[] = [];
  const shown: string[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      modes.push(on);
      if (on) input.write(keys.shift() ?? "\u0003");
    },
  });
  const errors = new PassThrough();
  errors.on("data", (text: Buffer) => shown.push(text.toString()));
  return { terminal: { input, output: new PassThrough(), errors }, modes, shown };
}

test("a password is typed twice and not shown", async () => {
  const { terminal, modes, shown } = typing("penx\u007fcil\r", "pencil\n");
  assert.equal(await newPassword(terminal, "romeo@example.com"), "pencil");
  assert.deepEqual(modes, [true, false, true, false]);
  assert.equal(shown.join(""), "Password for romeo@example.com: \nOnce more: \n");
});

test("two different passwords, none, or Ctrl-C change nothing", async () => {
  await assert.rejects(newPassword(typing("one\r", "two\r").terminal, "x"), /not the same/);
  await assert.rejects(newPassword(typing("\r").terminal, "x"), /no password/);
  const interrupted = typing("abc\u0003");
  await assert.rejects(newPassword(interrupted.terminal, "x"), /interrupted/);
  assert.deepEqual(interrupted.modes, [true, false]);
});

test("standard input gives its first line, and not more than a password's length", async () => {
  const from = (text: string) => ({
    input: Readable.from([Buffer.from(text)]),
    output: new PassThrough(),
    errors: new PassThrough(),
  });
  assert.equal(await newPassword(from("pässword \r\nsecond"), "x"), "pässword ");
  await assert.rejects(newPassword(from("x".repeat(5000)), "x"), /too long/);
});

test("time is told in two units", () => {
  const minute = 60_000;
  assert.deepEqual([0, 999, 5000, 12 * minute + 5000, 4 * 60 * minute + 12 * minute, 27 * 60 * minute].map(elapsed), [
    "0 s",
    "0 s",
    "5 s",
    "12 min 5 s",
    "4 h 12 min",
    "1 d 3 h",
  ]);
});
