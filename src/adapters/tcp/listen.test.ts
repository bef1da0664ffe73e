import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { record } from "#stream/transport.recorder.ts";
import type { Transport } from "#stream/transport.ts";
import { connectTcp } from "./connect.ts";
import { bare, certificatesFor, limits, listen } from "./fixture.ts";
import { SharedBuffer } from "./shared-buffer.ts";

const { certificates } = await certificatesFor({ after }, "example.com");

async function client(test: TestContext, port: number): Promise<Transport> {
  const transport = await connectTcp({ host: "127.0.0.1", port, timeoutMs: 5000 });
  test.after(() => transport.destroy());
  return transport;
}

test("a port in use, an address of another machine and a name say what to do", async (test) => {
  const { listener } = await listen(test, { certificates });
  assert.ok(listener.port > 0);
  assert.equal(listener.address, "127.0.0.1");
  const { port } = listener;
  await assert.rejects(
    listen(test, { certificates, port }),
    new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there already`),
  );
  await assert.rejects(
    listen(test, { certificates, address: "2001:db8::1" }),
    /\[2001:db8::1\]:0: this machine does not/,
  );
});

test("listens again on the port it had, while old connections go on", async (test) => {
  const { listener, next } = await listen(test, { certificates });
  const [one, two] = await Promise.all([client(test, listener.port), next()]);
  const [first, second] = [record(one), record(two)];
  await listener.close();
  await listener.close();
  await assert.rejects(connectTcp({ host: "127.0.0.1", port: listener.port, timeoutMs: 5000 }));
  const { listener: again } = await listen(test, { certificates, port: listener.port });
  assert.equal(again.port, listener.port);
  one.write("still");
  await second.until(() => second.received === "still");
  two.write("here");
  await first.until(() => first.received === "here");
  assert.equal(listener.connections, 1);
  two.close();
  await second.until(() => second.reason === "ended");
  assert.equal(listener.connections, 0);
});

test("connections over the limits are refused, counted and logged once", async (test) => {
  for (const tight of [{ connectionsPerAddress: 2 }, { connections: 2 }]) {
    const { listener, next, log } = await listen(test, { certificates, limits: { ...limits, ...tight } });
    const { port } = listener;
    const one = record(await client(test, port));
    const first = await next();
    await client(test, port);
    await next();
    for (let i = 0; i < 3; i++) {
      const refused = record(await client(test, port));
      await refused.until(() => refused.reason !== undefined);
    }
    assert.deepEqual([listener.connections, listener.refused], [2, 3]);
    assert.equal(log.count("warn"), 1);
    assert.match(JSON.stringify(log.entries), new RegExp(Object.keys(tight)[0]!));
    const gone = record(first);
    first.destroy();
    await Promise.all([one.until(() => one.reason !== undefined), gone.until(() => gone.reason !== undefined)]);
    const again = record(await client(test, port));
    const last = await next();
    last.write("welcome");
    await again.until(() => again.received === "welcome");
    assert.equal(listener.connections, 2);
  }
});

test("a peer that ends its side still gets what was written, then the connection is over", async (test) => {
  for (const sharedBuffer of [true, false]) {
    const { listener, next } = await listen(test, { certificates, sharedBuffer });
    const socket = await bare(test, listener.port, { allowHalfOpen: true });
    const transport = await next();
    const server = record(transport);
    const answer = "x".repeat(8_000_000);
    server.onData = () => transport.write(answer);
    let length = 0;
    socket.end("request");
    await server.until(() => server.received === "request");
    // Read late: all of it must wait for the reader although the peer has ended.
    await delay(20);
    assert.equal(server.reason, undefined);
    for await (const bytes of socket) length += (bytes as Buffer).length;
    assert.equal(length, answer.length);
    await server.until(() => server.reason !== undefined);
    assert.equal(server.reason, "ended");
  }
});

test("a connection that breaks is told from one that ends", async (test) => {
  for (const sharedBuffer of [true, false]) {
    const { listener, next } = await listen(test, { certificates, sharedBuffer });
    const socket = await bare(test, listener.port);
    const server = record(await next());
    socket.resetAndDestroy();
    await server.until(() => server.reason !== undefined);
    assert.equal(server.reason, "reset");
    assert.ok(server.cause instanceof Error);
    assert.equal(listener.connections, 0);
  }
});

test("connections that come and go at once leave nothing behind", async (test) => {
  const opened: Transport[] = [];
  const accept = (transport: Transport): void => {
    opened.push(transport);
    record(transport);
  };
  const { listener } = await listen(test, { certificates, accept });
  const visits = Array.from({ length: 50 }, async (_, i) => {
    const socket = connectSocket({ host: "127.0.0.1", port: listener.port });
    socket.once("connect", () => (i % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()));
    await new Promise((resolve) => socket.once("close", resolve));
  });
  await Promise.all(visits);
  await client(test, listener.port); // accepted after all of them
  while (opened.length === 0 || listener.connections !== 1) await delay(1);
  assert.equal(listener.refused, 0);
});

test("a fault in what uses a connection costs that connection only", async (test) => {
  let fault = "accept";
  const { listener, log } = await listen(test, {
    certificates,
    accept(transport) {
      if (fault === "accept") throw new Error("a fault in accept");
      transport.open({
        data() {
          throw new Error("a fault in data");
        },
        drain() {},
        closed() {
          throw new Error("a fault in closed");
        },
      });
    },
  });
  for (fault of ["accept", "data"]) {
    const one = await client(test, listener.port);
    const recorder = record(one);
    one.write("x");
    await recorder.until(() => recorder.reason !== undefined);
  }
  while (listener.connections > 0) await delay(1);
  assert.equal(log.count("error"), 3);
});

test("connecting fails where nobody listens, and where nobody answers", async (test) => {
  const { listener } = await listen(test, { certificates });
  const options = { host: "127.0.0.1", port: listener.port } as const;
  await assert.rejects(connectTcp({ ...options, tls: "direct", timeoutMs: 50 }), /the TLS handshake took too long/);
  await listener.close();
  await assert.rejects(connectTcp({ ...options, timeoutMs: 5000 }), { code: "ECONNREFUSED" });
});

test("two listeners can share a port", async (test) => {
  const { listener } = await listen(test, { certificates, reusePort: true });
  const { listener: second } = await listen(test, { certificates, reusePort: true, port: listener.port });
  assert.equal(second.port, listener.port);
  for (let i = 0; i < 20; i++) await client(test, listener.port);
  while (listener.connections + second.connections < 20) await delay(1);
});

test("accepted sockets do read into the shared buffer, and others are left as they are", async (test) => {
  const { promise, resolve } = Promise.withResolvers<readonly [number, Uint8Array]>();
  const receive = (length: number, buffer: Uint8Array): boolean => {
    resolve([length, buffer]);
    return true;
  };
  const shared = new SharedBuffer(receive);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => void server.close());
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const sender = await bare(test, (server.address() as AddressInfo).port);
  const adopted = shared.adopt((await accepted)[0]);
  test.after(() => void adopted.socket.destroy());
  assert.equal(adopted.shared, true);
  sender.write("hello");
  adopted.socket.resume();
  const [length, buffer] = await promise;
  assert.equal(Buffer.from(buffer.subarray(0, length)).toString(), "hello");
  const unconnected = new Socket();
  assert.deepEqual(shared.adopt(unconnected), { socket: unconnected, shared: false });
  assert.deepEqual(new SharedBuffer(receive, false).adopt(adopted.socket), { socket: adopted.socket, shared: false });
});
