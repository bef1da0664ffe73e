import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { tcpSockets } from "#adapters/tcp/raw.ts";
import { silent } from "#core/log.ts";
import type { RawSocket } from "#core/sockets.ts";
import { Transfer, type TransferEnd } from "#features/proxy65/transfer.ts";

/** Transfers over real connections: their ends, and what breaks. */

interface Joined {
  readonly from: Socket;
  readonly to: Socket;
  readonly transfer: Transfer;
  /** Why it was over; fails if that is told twice. */
  readonly over: Promise<TransferEnd>;
}

async function joined(context: TestContext, rate = 0): Promise<Joined> {
  const waiting: RawSocket[] = [];
  const both = Promise.withResolvers<void>();
  const accept = (socket: RawSocket) => void (waiting.push(socket) === 2 && both.resolve());
  const listener = await tcpSockets(silent).listen({ address: "127.0.0.1", port: 0, accept });
  const dial = async () => {
    const socket = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const [from, to] = [await dial(), await dial()];
  await both.promise;
  listener.close();
  const over = Promise.withResolvers<TransferEnd>();
  let times = 0;
  const ends = waiting.map((socket) => ({ socket, early: new Uint8Array(0) }));
  const transfer = new Transfer([ends[0]!, ends[1]!], {
    rate,
    passing: () => true,
    over: (why) => {
      assert.equal(++times, 1);
      over.resolve(why);
    },
  });
  transfer.start();
  context.after(() => {
    transfer.stop("stopped");
    from.destroy();
    to.destroy();
  });
  return { from, to, transfer, over: over.promise };
}

async function hashOf(socket: Socket, pausing: boolean): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    hash.update(part);
    if (pausing) await new Promise(setImmediate);
  }
  return hash.digest("hex");
}

test("megabytes pass both ways at once, intact, then both ends are over", async (context) => {
  const { from, to, transfer, over } = await joined(context);
  const files = [randomBytes(20_000_000), randomBytes(15_000_001)] as const;
  const got = Promise.all([hashOf(from, false), hashOf(to, true)]);
  from.end(files[0]);
  to.end(files[1]);
  const [back, there] = await got;
  assert.equal(there, createHash("sha256").update(files[0]).digest("hex"));
  assert.equal(back, createHash("sha256").update(files[1]).digest("hex"));
  assert.equal(await over, "done");
  assert.equal(transfer.bytes, 35_000_001);
});

test("with a rate and a slow reader, nothing is lost or mixed up", async (context) => {
  const { from, to, over } = await joined(context, 20_000_000);
  const file = randomBytes(25_000_000);
  const got = hashOf(to, true);
  from.end(file);
  assert.equal(await got, createHash("sha256").update(file).digest("hex"));
  to.end();
  from.resume();
  assert.equal(await over, "done");
});

test("a receiver that disappears while the sender is held back: the sender notices", async (context) => {
  const { from, to, over } = await joined(context);
  to.pause();
  const block = Buffer.alloc(1_000_000);
  while (from.write(block)) await new Promise(setImmediate);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  const noticed = Promise.race([once(from, "end"), once(from, "close")]);
  from.resume();
  to.resetAndDestroy();
  await noticed;
  from.destroy();
  assert.equal(await over, "done");
});

test("a sender whose connection breaks: the receiver gets what had come, and the end", async (context) => {
  const { from, to, over } = await joined(context);
  from.write("half of it");
  const [part] = await once(to, "data");
  assert.equal(String(part), "half of it");
  const ended = once(to, "end");
  from.resetAndDestroy();
  await ended;
  to.end();
  assert.equal(await over, "done");
});

test("a receiver that closes early: what still comes for it ends the transfer", async (context) => {
  const { from, to, over } = await joined(context);
  to.destroy();
  await Promise.race([once(from.resume(), "end"), once(from, "close")]);
  from.write(Buffer.alloc(100_000));
  from.write(Buffer.alloc(100_000));
  const tick = setInterval(() => from.writable && from.write(Buffer.alloc(1000)), 5);
  context.after(() => clearInterval(tick));
  assert.equal(await over, "done");
});
