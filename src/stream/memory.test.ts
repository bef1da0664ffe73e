import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryPair } from "./memory.ts";
import { transportConformance } from "./transport.conformance.ts";
import { record } from "./transport.recorder.ts";

transportConformance("memory", async (options) => ({ ends: memoryPair(options) }));
transportConformance("memory, secure", async (options) => ({ ends: memoryPair({ ...options, secure: true }) }));

test("memory: both ends are secure once both have asked for TLS", async () => {
  const [server, client] = memoryPair({ peers: ["[2001:db8::7]:51000", "192.0.2.1:5222"] });
  assert.equal(server.address, "2001:db8::7");
  const [first, second] = [record(server), record(client)];
  server.write("<proceed/>");
  const accepted = server.startTls?.("example.com");
  await second.until(() => second.received === "<proceed/>");
  assert.equal(server.secure, false);
  await Promise.all([accepted, client.startTls?.("example.com")]);
  assert.equal(server.secure && client.secure, true);
  assert.equal(server.startTls, undefined);
  client.write("<stream/>");
  await first.until(() => first.received === "<stream/>");
  client.destroy();
  await first.until(() => first.reason === "reset");
});

test("memory: a handshake fails when the other end goes", async () => {
  const [server, client] = memoryPair();
  const accepted = server.startTls?.(undefined);
  client.destroy();
  await assert.rejects(async () => accepted);
});
