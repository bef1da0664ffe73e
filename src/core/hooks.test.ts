import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hooks, handled, hook, type Outcome } from "./hooks.ts";

interface Event {
  seen: string[];
}
const moment = hook<Event>("moment");
const note = (name: string) => (event: Event) => void event.seen.push(name);

describe("hooks", () => {
  test("handlers run by phase, then in the order in which they were added", () => {
    const hooks = new Hooks();
    hooks.on(moment, "copy", note("copy"));
    hooks.on(moment, "check", note("check 1"));
    hooks.on(moment, "record", note("record"));
    hooks.on(moment, "amend", note("amend"));
    hooks.on(moment, "check", note("check 2"));
    const event = { seen: [] };
    assert.equal(hooks.fire(moment, event), false);
    assert.deepEqual(event.seen, ["check 1", "check 2", "amend", "record", "copy"]);
  });

  test("who takes the event ends it", () => {
    const hooks = new Hooks();
    hooks.on(moment, "check", (event) => {
      event.seen.push("taker");
      return handled;
    });
    hooks.on(moment, "copy", note("never"));
    const event = { seen: [] };
    assert.equal(hooks.fire(moment, event), true);
    assert.deepEqual(event.seen, ["taker"]);
  });

  test("a handler that waits makes those after it wait, in order", async () => {
    const hooks = new Hooks();
    hooks.on(moment, "check", async (event) => {
      await new Promise((resolve) => setImmediate(resolve));
      event.seen.push("slow");
    });
    hooks.on(moment, "amend", note("quick"));
    hooks.on(moment, "record", async (): Promise<Outcome> => handled);
    hooks.on(moment, "copy", note("never"));
    const event = { seen: [] };
    const outcome = hooks.fire(moment, event);
    assert.ok(outcome instanceof Promise);
    assert.equal(await outcome, true);
    assert.deepEqual(event.seen, ["slow", "quick"]);
  });

  test("what a handler throws reaches who fired, at once or later", async () => {
    const hooks = new Hooks();
    hooks.on(moment, "amend", () => {
      throw new Error("now");
    });
    assert.throws(() => hooks.fire(moment, { seen: [] }), /now/);
    hooks.on(moment, "check", async () => {});
    await assert.rejects(Promise.resolve(hooks.fire(moment, { seen: [] })), /now/);
  });

  test("a handler taken off while the event is on its way still runs, and never again", () => {
    const hooks = new Hooks();
    let off = () => {};
    hooks.on(moment, "check", () => off());
    off = hooks.on(moment, "amend", note("removed"));
    const first = { seen: [] };
    hooks.fire(moment, first);
    const second = { seen: [] };
    hooks.fire(moment, second);
    assert.deepEqual([first.seen, second.seen], [["removed"], []]);
  });

  test("nobody listening costs nothing and takes nothing", () => {
    const hooks = new Hooks();
    assert.equal(hooks.has(moment), false);
    assert.equal(hooks.fire(moment, { seen: [] }), false);
  });
});
