import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "./target.ts";
import { Traffic } from "./traffic.ts";

/** One who writes and one who gets what a server makes of it. */
function pair(server: (stanza: string) => readonly string[]): Traffic {
  const receiver = { user: "b", jid: "b", link: { listener: (_stanza: string) => {} } } as unknown as Peer;
  const send = (stanza: string) => {
    setImmediate(() => {
      for (const one of server(stanza)) receiver.link.listener!(one);
    });
  };
  const sender = { user: "a", jid: "a", link: { send } } as unknown as Peer;
  return new Traffic({
    lanes: [{ sender, receivers: [receiver], stanza: (number) => String(number) }],
    window: 2,
    recognize: (_receiver, stanza) => (/^\d+$/.test(stanza) ? { sender: "a", number: Number(stanza) } : undefined),
  });
}

test("a server that forwards everything passes", async () => {
  assert.ok((await pair((stanza) => [stanza]).run(20)) > 2);
});

test("a stanza that is doubled, left out, out of order or unknown fails the run", async () => {
  const doubled = pair((stanza) => (stanza === "5" ? ["5", "5"] : [stanza]));
  await assert.rejects(doubled.run(20), /lost, doubled/);
  const leftOut = pair((stanza) => (stanza === "5" ? [] : [stanza]));
  await assert.rejects(leftOut.run(20), /lost, doubled/);
  const swapped = pair((stanza) => (stanza === "4" ? [] : stanza === "5" ? ["5", "4"] : [stanza]));
  await assert.rejects(swapped.run(20), /lost, doubled/);
  const unknown = pair((stanza) => (stanza === "5" ? ["error"] : [stanza]));
  await assert.rejects(unknown.run(20), /not expected/);
});
