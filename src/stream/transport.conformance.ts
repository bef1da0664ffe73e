import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type Recorder, record } from "./transport.recorder.ts";
import type { Transport } from "./transport.ts";

/** Two ends that are connected and not opened yet, the accepting one first. */
export interface Pair {
  readonly ends: readonly [Transport, Transport];
  /** Whatever must be stopped besides the transports. */
  stop?(): Promise<void> | void;
}

/** Makes a pair. `unsentBytes` is the limit of both ends where given, `graceMs` the time to close. */
export type MakePair = (options: { unsentBytes?: number; graceMs?: number }) => Promise<Pair>;

/** Waits some loop turns: enough for what is on its way on the same machine, were it to come. */
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
const limit = { timeout: 20_000 };

/** What every implementation of the transport contract must do. */
export function transportConformance(name: string, makePair: MakePair): void {
  const ends = async (test: TestContext, options: Parameters<MakePair>[0] = {}): Promise<[Transport, Transport]> => {
    const pair = await makePair(options);
    test.after(async () => {
      for (const end of pair.ends) end.destroy();
      await pair.stop?.();
    });
    return [...pair.ends];
  };
  describe(`transport: ${name}`, limit, () => {
    carriesBytes(ends);
    paces(ends);
    endures(ends);
    closes(ends);
    cuts(ends);
  });
}

type Ends = (test: TestContext, options?: Parameters<MakePair>[0]) => Promise<[Transport, Transport]>;

function carriesBytes(ends: Ends): void {
  it("carries every byte both ways, in order", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    one.write(everyByte);
    two.write("hello ");
    two.write("world");
    await second.until(() => second.received.length === 256);
    await first.until(() => first.received.length === 11);
    assert.equal(second.received, everyByte);
    assert.equal(first.received, "hello world");
  });

  it("sends what is written in one turn as one", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    record(one);
    for (const part of ["<a/>", "", "<b/>", "<c/>"]) assert.equal(one.write(part), true);
    await second.until(() => second.received.length === 12);
    assert.equal(second.received, "<a/><b/><c/>");
    assert.equal(second.chunks, 1);
  });

  it("carries single bytes, each in its turn", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    record(one);
    for (const byte of everyByte) {
      one.write(byte);
      await turn();
    }
    await second.until(() => second.received.length === 256);
    assert.equal(second.received, everyByte);
  });

  it("keeps what arrives before it is opened", async (test) => {
    const [one, two] = await ends(test);
    record(one);
    one.write("early");
    await turns();
    const second = record(two);
    await second.until(() => second.received === "early");
  });

  it("says who the peer is", async (test) => {
    const [one, two] = await ends(test);
    for (const end of [one, two]) {
      assert.match(end.peer, /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):\d+$/);
      assert.ok(end.peer.includes(end.address));
      assert.ok(!end.address.startsWith("::ffff:"));
    }
  });

  it("agrees on security and framing at both ends", async (test) => {
    const [one, two] = await ends(test);
    assert.equal(one.secure, two.secure);
    assert.equal(one.framing, two.framing);
    if (one.secure) assert.equal(one.startTls, undefined);
    assert.equal(one.tls === undefined, two.tls === undefined);
  });

  it("refuses to be opened twice", async (test) => {
    const [one] = await ends(test);
    record(one);
    assert.throws(() => record(one));
  });
}

/** Bytes that show a swap or a loss. */
function pattern(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += `${i.toString(36)}.${String.fromCharCode(128 + (i % 128))}`;
  return text.slice(0, length);
}

/** Writes a text as a well-behaved producer does: stops when told to. */
async function pour(transport: Transport, recorder: Recorder, text: string): Promise<void> {
  for (let at = 0; at < text.length; at += 10_000) {
    const drains = recorder.drains;
    if (transport.write(text.slice(at, at + 10_000))) continue;
    await recorder.until(() => recorder.drains > drains || recorder.reason !== undefined);
  }
}

function paces(ends: Ends): void {
  it("delivers nothing while paused", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    record(one);
    second.onData = () => two.pause();
    one.write("first");
    await second.until(() => second.received === "first");
    one.write("second");
    await turns();
    assert.equal(second.received, "first");
    two.resume();
    await second.until(() => second.received === "firstsecond");
  });

  it("may be paused at once and resumed twice", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    two.pause();
    record(one);
    one.write("late");
    await turns();
    assert.equal(second.received, "");
    two.resume();
    two.resume();
    await second.until(() => second.received === "late");
  });

  it("carries megabytes both ways, intact, the readers pausing now and then", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    const text = pattern(3_000_000);
    for (const [end, recorder] of [
      [one, first],
      [two, second],
    ] as const) {
      recorder.onData = () => {
        if (recorder.chunks % 7 !== 0) return;
        end.pause();
        void turns(3).then(() => end.resume());
      };
    }
    await Promise.all([pour(one, first, text), pour(two, second, text)]);
    await Promise.all([first, second].map((end) => end.until(() => end.received.length >= text.length)));
    assert.ok(first.received === text, "the text from the second end came intact");
    assert.ok(second.received === text, "the text from the first end came intact");
  });

  it("counts what the peer has not taken, and tells when it has", async (test) => {
    const [one, two] = await ends(test, { unsentBytes: 64_000_000 });
    const first = record(one);
    const second = record(two);
    two.pause();
    const text = pattern(100_000);
    let written = 0;
    // What lies between the two ends takes some megabytes; then nothing moves any more.
    while (one.buffered < 4_000_000) {
      for (; one.buffered < 4_000_000; await turn()) {
        one.write(text);
        written += text.length;
      }
      await turns();
    }
    const drains = first.drains;
    assert.equal(one.write(""), false);
    await turns();
    assert.equal(first.drains, drains);
    two.resume();
    await first.until(() => first.drains > drains);
    await second.until(() => second.received.length === written);
    await turns();
    assert.equal(one.buffered, 0);
    assert.equal(one.write(""), true);
    assert.equal(first.drains, drains + 1);
  });

  it("cuts off a peer that does not read", async (test) => {
    const [one, two] = await ends(test, { unsentBytes: 200_000 });
    const first = record(one);
    const second = record(two);
    two.pause();
    const text = pattern(50_000);
    for (let i = 0; i < 2000 && first.reason === undefined; i++) {
      one.write(text);
      assert.ok(one.buffered <= 200_000);
      await turn();
    }
    assert.equal(first.reason, "slow");
    assert.equal(one.write("more"), false);
    two.resume();
    await second.until(() => second.reason !== undefined);
  });
}

/** Numbers from 0 to 1 that are the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function endures(ends: Ends): void {
  for (const seed of [1, 2, 3]) {
    it(`loses nothing whatever the pace (seed ${seed})`, async (test) => {
      const [one, two] = await ends(test);
      const [first, second] = [record(one), record(two)];
      const random = numbers(seed);
      const sent = ["", ""];
      for (let step = 0; step < 400; step++) {
        const side = random() < 0.5 ? 0 : 1;
        const end = side === 0 ? one : two;
        const choice = random();
        if (choice < 0.15) end.pause();
        else if (choice < 0.4) end.resume();
        else if (choice < 0.9) {
          const bytes = pattern(Math.floor(random() ** 6 * 60_000));
          sent[side] += bytes;
          end.write(bytes);
        } else await turns(Math.ceil(random() * 5));
      }
      for (const end of [one, two]) end.resume();
      await first.until(() => first.received.length >= sent[1]!.length);
      one.close();
      await Promise.all([first, second].map((end) => end.until(() => end.reason !== undefined)));
      assert.ok(first.received === sent[1], "the second end's bytes");
      assert.ok(second.received === sent[0], "the first end's bytes");
      assert.deepEqual([first.reason, second.reason], ["ended", "ended"]);
    });
  }
}

function closes(ends: Ends): void {
  it("sends what was written before it closes, then both ends are over", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    const text = pattern(300_000);
    one.write(text);
    one.write("</stream:stream>");
    one.close();
    await second.until(() => second.reason !== undefined);
    await first.until(() => first.reason !== undefined);
    assert.ok(second.received === `${text}</stream:stream>`, "all of it arrived");
    assert.deepEqual([first.reason, second.reason], ["ended", "ended"]);
    await turns();
    assert.deepEqual([first.afterwards, second.afterwards], [[], []]);
  });

  it("sends what was written when the peer closes first", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    one.write("bye");
    second.onData = () => {
      two.write("the answer to bye");
      two.write("</stream:stream>");
    };
    await first.until(() => first.received.endsWith("</stream:stream>"));
    one.close();
    await Promise.all([first, second].map((end) => end.until(() => end.reason !== undefined)));
    assert.equal(first.received, "the answer to bye</stream:stream>");
    assert.deepEqual([first.reason, second.reason], ["ended", "ended"]);
  });

  it("ignores what is written after its close, and drops what arrives", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    two.write("too late");
    one.write("last");
    one.close();
    assert.equal(one.write("not sent"), false);
    one.close();
    await Promise.all([first, second].map((end) => end.until(() => end.reason !== undefined)));
    assert.equal(second.received, "last");
    assert.equal(first.received, "");
  });

  it("can close in the middle of its data", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    second.onData = () => {
      two.write("<error/>");
      two.close();
    };
    one.write("bad");
    await Promise.all([first, second].map((end) => end.until(() => end.reason !== undefined)));
    assert.equal(first.received, "<error/>");
  });

  it("closes both at once", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    one.close();
    two.close();
    await Promise.all([first, second].map((end) => end.until(() => end.reason !== undefined)));
    assert.deepEqual([first.reason, second.reason], ["ended", "ended"]);
  });

  it("does not wait for ever for the peer to close", async (test) => {
    const [one, two] = await ends(test, { graceMs: 50 });
    const first = record(one);
    record(two);
    two.pause();
    one.write("unread");
    one.close();
    await first.until(() => first.reason !== undefined);
    assert.equal(first.reason, "timeout");
  });

  it("can be closed before it is opened", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    one.write("go away");
    one.close();
    await second.until(() => second.reason !== undefined);
    assert.equal(second.received, "go away");
    const first = record(one);
    await first.until(() => first.reason !== undefined);
  });
}

function cuts(ends: Ends): void {
  it("is over at once when destroyed, once and for all", async (test) => {
    const [one, two] = await ends(test);
    const [first, second] = [record(one), record(two)];
    one.write("x".repeat(1000));
    two.write("dropped");
    one.destroy();
    assert.equal(first.reason, undefined, "told later, not from inside the call");
    one.destroy();
    one.close();
    one.pause();
    one.resume();
    assert.equal(one.write("y"), false);
    await first.until(() => first.reason !== undefined);
    await second.until(() => second.reason !== undefined);
    assert.equal(first.reason, "shutdown");
    assert.equal(first.received, "");
    await turns();
    assert.deepEqual([first.afterwards, second.afterwards], [[], []]);
  });

  it("tells of its end when opened after it", async (test) => {
    const [one, two] = await ends(test);
    one.destroy();
    await turns();
    const [first, second] = [record(one), record(two)];
    assert.equal(first.reason, undefined);
    await first.until(() => first.reason !== undefined);
    await second.until(() => second.reason !== undefined);
    assert.equal(first.reason, "shutdown");
  });

  it("delivers nothing after being destroyed in the middle of its data", async (test) => {
    const [one, two] = await ends(test);
    const second = record(two);
    record(one);
    second.onData = () => two.destroy();
    one.write(pattern(400_000));
    await second.until(() => second.reason !== undefined);
    await turns();
    assert.equal(second.chunks, 1);
  });
}
