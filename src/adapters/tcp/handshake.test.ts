import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { record } from "#stream/transport.recorder.ts";
import type { Transport } from "#stream/transport.ts";
import { bare, certificatesFor, type Join, joined, limits, listen } from "./fixture.ts";

const { certificates, ca } = await certificatesFor({ after }, "example.com", "example.org");

async function ends(test: TestContext, join: Join): Promise<[Transport, Transport]> {
  const pair = await joined(certificates, ca, join);
  test.after(async () => {
    for (const end of pair.ends) end.destroy();
    await pair.stop?.();
  });
  return [...pair.ends];
}

test("a handshake that does not come about is ended", async (test) => {
  const short = { ...limits, handshakeMs: 30 };
  const { listener } = await listen(test, { certificates, directTls: true, limits: short });
  const silent = await bare(test, listener.port);
  silent.resume();
  await once(silent, "close");
  while (listener.connections > 0) await delay(1);
  const { listener: plain, next } = await listen(test, { certificates, limits: short });
  await bare(test, plain.port);
  const transport = await next();
  const recorder = record(transport);
  await assert.rejects(async () => transport.startTls?.("example.com"), /took too long/);
  await recorder.until(() => recorder.reason !== undefined);
  assert.equal(recorder.reason, "timeout");
});

test("what is no handshake, or half of one, ends the connection", async (test) => {
  const { listener, log } = await listen(test, { certificates, directTls: true });
  for (const noise of ["GET / HTTP/1.1\r\n\r\n", "<stream:stream>", "\x16\x03\x01\x40\x00\x01", ""]) {
    const socket = await bare(test, listener.port);
    socket.resume();
    socket.end(noise, "latin1");
    await once(socket, "close");
  }
  while (listener.connections > 0) await delay(1);
  assert.equal(log.count("debug"), 4);
  const { listener: plain, next: nextPlain } = await listen(test, { certificates });
  for (const noise of ["<stream:stream>", ""]) {
    const socket = await bare(test, plain.port);
    const transport = await nextPlain();
    const recorder = record(transport);
    const handshake = transport.startTls?.(undefined);
    socket.resume();
    socket.end(noise);
    await assert.rejects(async () => handshake);
    await recorder.until(() => recorder.reason !== undefined);
    assert.equal(recorder.reason, "tls");
    assert.equal(recorder.received, "");
  }
  assert.equal(listener.connections + plain.connections, 0);
});

test("a listener that closes ends the handshakes under way", async (test) => {
  const { listener } = await listen(test, { certificates, directTls: true });
  const silent = await bare(test, listener.port);
  while (listener.connections === 0) await delay(1);
  silent.resume();
  await listener.close();
  await once(silent, "close");
  while (listener.connections > 0) await delay(1);
});

/** Upgrades a bare client; resolves with its TLS socket. */
async function upgradeBare(socket: Socket): Promise<TLSSocket> {
  const client = connectTls({ socket, ca, servername: "example.com" });
  client.on("error", () => {});
  await once(client, "secureConnect");
  return client;
}

test("what came in the clear is never taken for what came under TLS", async (test) => {
  for (const sharedBuffer of [true, false]) {
    const { listener, next } = await listen(test, { certificates, sharedBuffer });
    const socket = await bare(test, listener.port);
    const transport = await next();
    const recorder = record(transport);
    socket.write("<starttls/><injected/>");
    await recorder.until(() => recorder.received !== "");
    assert.equal(recorder.received, "<starttls/><injected/>"); // all of it now: the stream can tell
    transport.write("<proceed/>");
    const upgraded = transport.startTls?.("example.com");
    const [proceed] = await once(socket, "data");
    assert.equal(String(proceed), "<proceed/>");
    const [client] = await Promise.all([upgradeBare(socket), upgraded]);
    client.write("<stream/>");
    await recorder.until(() => recorder.received.length > 22);
    assert.equal(recorder.received, "<starttls/><injected/><stream/>");
    client.destroy();
  }
});

test("a handshake that begins before the server is ready for it is not lost", async (test) => {
  for (const sharedBuffer of [true, false]) {
    const { listener, next } = await listen(test, { certificates, sharedBuffer });
    const socket = await bare(test, listener.port);
    const transport = await next();
    const recorder = record(transport);
    recorder.onData = () => transport.pause();
    socket.write("<starttls/>");
    await recorder.until(() => recorder.received !== "");
    const client = upgradeBare(socket);
    await delay(20);
    const order: string[] = [];
    recorder.onData = () => order.push("data");
    transport.resume();
    const upgraded = transport.startTls?.("example.com").then(() => order.push("secure"));
    (await client).write("<stream/>");
    await upgraded;
    await recorder.until(() => recorder.received === "<starttls/><stream/>");
    assert.deepEqual(order, ["secure", "data"]);
    (await client).destroy();
  }
});

test("what is written during the handshake waits, and a pause lasts through it", async (test) => {
  const [server, client] = await ends(test, { tls: "none", connect: { serverName: "example.com" } });
  const [one, two] = [record(server), record(client)];
  const upgrades = [server.startTls?.("example.com"), client.startTls?.("example.com")];
  assert.throws(() => server.startTls!("example.com"));
  server.pause();
  server.write("from the server");
  client.write("from the client");
  await Promise.all(upgrades);
  await two.until(() => two.received === "from the server");
  await delay(10);
  assert.equal(one.received, "");
  server.resume();
  await one.until(() => one.received === "from the client");
});

test("reading resumed as soon as the handshake is done loses nothing", async (test) => {
  for (const sharedBuffer of [true, false]) {
    const [server, client] = await ends(test, {
      tls: "none",
      listen: { sharedBuffer },
      connect: { serverName: "example.com" },
    });
    const [one, two] = [record(server), record(client)];
    for (const end of [server, client]) end.pause();
    const upgrade = async (end: Transport): Promise<void> => {
      await end.startTls?.("example.com");
      end.resume();
      end.write("first");
      await new Promise((resolve) => setImmediate(resolve));
      end.write(" second");
    };
    await Promise.all([upgrade(server), upgrade(client)]);
    await one.until(() => one.received === "first second");
    await two.until(() => two.received === "first second");
  }
});

test("closing during the handshake ends it", async (test) => {
  const [server, client] = await ends(test, { tls: "none" });
  const [one, two] = [record(server), record(client)];
  const upgrade = server.startTls?.("example.com");
  server.close();
  await assert.rejects(async () => upgrade);
  await Promise.all([one, two].map((end) => end.until(() => end.reason !== undefined)));
  assert.equal(one.reason, "shutdown");
});

test("under TLS too, a peer that ends its side gets what was written", async (test) => {
  const { listener, next } = await listen(test, { certificates, directTls: true });
  const socket = await bare(test, listener.port, { allowHalfOpen: true });
  const client = await upgradeBare(socket);
  const transport = await next();
  const server = record(transport);
  const answer = "x".repeat(3_000_000);
  server.onData = () => transport.write(answer);
  client.end("request");
  let length = 0;
  for await (const bytes of client) length += (bytes as Buffer).length;
  assert.equal(length, answer.length);
  await server.until(() => server.reason !== undefined);
  assert.equal(server.reason, "ended");
});

test("a record that was tampered with ends the connection", async (test) => {
  const { listener, next } = await listen(test, { certificates, directTls: true });
  const socket = await bare(test, listener.port);
  await upgradeBare(socket);
  const server = record(await next());
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", resolve);
  // Behind the back of the client's TLS: a record of application data that nobody encrypted.
  socket.write(`\x17\x03\x03\x00\x20${"x".repeat(32)}`, "latin1");
  await server.until(() => server.reason !== undefined);
  assert.equal(server.reason, "tls");
  assert.equal(server.received, "");
  await promise;
});
