import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, done } from "./command.ts";
import { CommandSessions } from "./sessions.ts";

const nothing: Command = {
  node: "nothing",
  name: { en: "Nothing", fr: "Rien" },
  permits: () => true,
  execute: () => done(),
};

function table(mostOfOne = 2, most = 3) {
  const clock = { now: 0 };
  const sessions = new CommandSessions({ most, mostOfOne, lifetime: 1000 }, () => clock.now);
  const put = (id: string, from: string) =>
    sessions.put({ id, command: nothing, from, to: "example.com", lang: undefined, stages: [] });
  const take = (id: string, from: string) => sessions.take(id, from, "example.com")?.id;
  return { clock, sessions, put, take };
}

test("the oldest of one account goes, whichever of its clients began it", () => {
  const { put, take } = table();
  put("1", "romeo@example.com/a");
  put("2", "romeo@example.com/b");
  put("3", "romeo@example.com/c");
  assert.equal(take("1", "romeo@example.com/a"), undefined);
  assert.equal(take("2", "romeo@example.com/b"), "2");
});

test("the oldest of all goes where there are too many", () => {
  const { sessions, put, take } = table();
  for (const [index, who] of ["a", "b", "c", "d"].entries()) put(`${index}`, `${who}@example.com`);
  assert.equal(sessions.size, 3);
  assert.equal(take("0", "a@example.com"), undefined);
});

test("a session ends when nobody goes on with it, and belongs to one caller", () => {
  const { clock, sessions, put, take } = table();
  put("1", "romeo@example.com/a");
  clock.now = 600;
  assert.equal(take("1", "romeo@example.com/b"), undefined);
  assert.equal(take("1", "romeo@example.com/a"), "1");
  put("1", "romeo@example.com/a");
  clock.now = 1500;
  assert.equal(take("1", "romeo@example.com/a"), "1");
  put("1", "romeo@example.com/a");
  clock.now = 2500;
  assert.equal(take("1", "romeo@example.com/a"), undefined);
  assert.equal(sessions.size, 0);
});

test("0 is no limit", () => {
  const { sessions, put } = table(0, 0);
  for (const id of ["1", "2", "3", "4"]) put(id, "romeo@example.com/a");
  assert.equal(sessions.size, 4);
});
