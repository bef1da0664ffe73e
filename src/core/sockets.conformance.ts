import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { type TestContext, test } from "node:test";
import type { RawSocket, SocketEvents } from "./sockets.ts";

export interface SocketsUnderTest {
  /** Two ends of a fresh connection: the one that connected and the one that was accepted. */
  pair(context: TestContext): Promise<[RawSocket, RawSocket]>;
}

/** What an end was told, to wait for. */
export class Listening extends EventEmitter implements SocketEvents {
  readonly parts: Buffer[] = [];
  over = false;
  finished = false;

  data(bytes: Uint8Array): void {
    this.parts.push(Buffer.from(bytes)); // a copy: they are lent
    this.emit("data");
  }

  drained(): void {
    this.emit("drained");
  }

  ended(): void {
    this.finished = true;
    this.emit("ended");
  }

  closed(): void {
    assert.equal(this.over, false, "closed is told once");
    this.over = true;
    this.emit("closed");
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  async until(length: number): Promise<Buffer> {
    while (this.bytes.length < length) await once(this, "data");
    return this.bytes;
  }
}

/** What each implementation of the contract must do. */
export function socketsConform(name: string, { pair }: SocketsUnderTest): void {
  async function opened(context: TestContext) {
    const [near, far] = await pair(context);
    const [here, there] = [new Listening(), new Listening()];
    near.open(here);
    far.open(there);
    return { near, far, here, there };
  }

  test(`${name}: bytes come through both ways`, async (context) => {
    const { near, far, here, there } = await opened(context);
    near.write(Buffer.from("one"));
    far.write(Buffer.from([0, 255, 10]));
    assert.equal(String(await there.until(3)), "one");
    assert.deepEqual([...(await here.until(3))], [0, 255, 10]);
  });

  test(`${name}: an end leaves the other direction open; both ends close`, async (context) => {
    const { near, far, here, there } = await opened(context);
    near.write(Buffer.from("last"));
    near.end();
    if (!there.finished) await once(there, "ended");
    assert.equal(String(there.bytes), "last");
    far.write(Buffer.from("answer"));
    assert.equal(String(await here.until(6)), "answer");
    const over = [once(here, "closed"), once(there, "closed")];
    far.end();
    await Promise.all(over);
  });

  test(`${name}: who does not read makes the writer wait, and loses nothing`, async (context) => {
    const { near, far, there, here } = await opened(context);
    far.pause();
    const block = Buffer.alloc(65_536);
    let sent = 0;
    let more = true;
    while (more) {
      block.fill(sent & 255);
      more = near.write(Buffer.from(block));
      sent++;
      assert.ok(sent < 1_000, "it never has to wait");
      await new Promise(setImmediate);
    }
    const drained = once(here, "drained");
    far.widen();
    far.resume();
    await drained;
    const all = await there.until(sent * block.length);
    for (let at = 0; at < sent; at++) assert.equal(all[at * block.length], at & 255);
  });

  test(`${name}: bytes stay as they are while paused in the call that brought them`, async (context) => {
    const { near, far } = await opened(context);
    const held: Uint8Array[] = [];
    const seen = new EventEmitter();
    far.open({
      data(bytes) {
        held.push(bytes);
        far.pause();
        seen.emit("data");
      },
      drained() {},
      ended() {},
      closed() {},
    });
    const first = once(seen, "data");
    near.write(Buffer.from("first"));
    await first;
    near.write(Buffer.from("other"));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(String(Buffer.from(held[0]!)), "first");
    assert.equal(held.length, 1);
    const second = once(seen, "data");
    far.resume();
    await second;
    assert.equal(String(Buffer.from(held[1]!)), "other");
  });

  test(`${name}: destroyed, it is over once; the other end notices`, async (context) => {
    const { near, here, there } = await opened(context);
    const over = once(here, "closed");
    const noticed = Promise.race([once(there, "ended"), once(there, "closed")]);
    near.destroy();
    near.destroy();
    await Promise.all([over, noticed]);
    assert.equal(near.write(Buffer.from("nobody")), true);
  });
}
