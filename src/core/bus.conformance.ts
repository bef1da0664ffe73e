import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, channels, type NodeId } from "./bus.ts";

/** A cluster under test: nodes join it by name. */
export interface BusUnderTest {
  join(self: NodeId): Promise<Bus>;
  /** Waits until all that was sent has arrived. */
  settle(): Promise<void>;
}

/** What every Bus must do. */
export function busConformance(name: string, make: () => Promise<BusUnderTest>): void {
  describe(`bus over ${name}`, () => {
    test("a message arrives at the node and channel it was sent to, and nowhere else", async () => {
      const cluster = await make();
      const [a, b, c] = [await cluster.join("a"), await cluster.join("b"), await cluster.join("c")];
      const got: string[] = [];
      for (const node of [a, b, c]) {
        node.on(channels.deliver, (payload, from) => got.push(`${node.self} ${from} ${payload}`));
        node.on(channels.route, () => got.push("wrong channel"));
      }
      a.send("b", channels.deliver, "hello");
      a.send("a", channels.deliver, "self");
      await cluster.settle();
      assert.deepEqual(got.sort(), ["a a self", "b a hello"]);
    });

    test("messages between two nodes keep their order", async () => {
      const cluster = await make();
      const [a, b] = [await cluster.join("a"), await cluster.join("b")];
      const got: string[] = [];
      b.on(channels.deliver, (payload) => got.push(payload));
      const sent = Array.from({ length: 500 }, (_, number) => String(number));
      for (const payload of sent) a.send("b", channels.deliver, payload);
      await cluster.settle();
      assert.deepEqual(got, sent);
    });

    test("a broadcast reaches all others", async () => {
      const cluster = await make();
      const nodes = [await cluster.join("a"), await cluster.join("b"), await cluster.join("c")];
      const got: string[] = [];
      for (const node of nodes) node.on(channels.stale, () => got.push(node.self));
      nodes[0]!.broadcast(channels.stale, "key");
      await cluster.settle();
      assert.deepEqual(got.sort(), ["b", "c"]);
    });

    test("members are told who joins and who leaves", async () => {
      const cluster = await make();
      const a = await cluster.join("a");
      const seen: string[] = [];
      a.onMembers((joined, left) => seen.push(`+${joined} -${left}`));
      const b = await cluster.join("b");
      await cluster.settle();
      assert.deepEqual([...a.members].sort(), ["a", "b"]);
      await b.close();
      await cluster.settle();
      assert.deepEqual([...a.members], ["a"]);
      assert.deepEqual(seen, ["+b -", "+ -b"]);
    });

    test("all nodes agree on the owner of a key, and few keys move when a node leaves", async () => {
      const cluster = await make();
      const [a, b, c] = [await cluster.join("a"), await cluster.join("b"), await cluster.join("c")];
      const keys = Array.from({ length: 300 }, (_, number) => `room${number}@conference.example.com`);
      const before = keys.map((key) => a.owner(key));
      assert.deepEqual(
        before,
        keys.map((key) => b.owner(key)),
      );
      assert.equal(new Set(before).size, 3);
      await c.close();
      await cluster.settle();
      keys.forEach((key, at) => {
        if (before[at] !== "c") assert.equal(a.owner(key), before[at]);
      });
    });
  });
}
