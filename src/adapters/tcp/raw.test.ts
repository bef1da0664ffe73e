import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { silent } from "#core/log.ts";
import { Listening, socketsConform } from "#core/sockets.conformance.ts";
import type { RawSocket } from "#core/sockets.ts";
import { tcpSockets } from "./raw.ts";

interface Options {
  readonly address?: string;
  readonly ownBuffers?: boolean;
}

async function accepted(
  context: TestContext,
  { address = "127.0.0.1", ownBuffers = true }: Options = {},
): Promise<[Socket, RawSocket]> {
  const came = Promise.withResolvers<RawSocket>();
  const sockets = tcpSockets(silent, { ownBuffers });
  const listener = await sockets.listen({ address, port: 0, accept: (socket) => came.resolve(socket) });
  const socket = connect({ host: "127.0.0.1", port: listener.port, allowHalfOpen: true });
  const raw = await came.promise;
  listener.close();
  context.after(() => {
    socket.destroy();
    raw.destroy();
  });
  return [socket, raw];
}

/** Two accepted ends, joined by two sockets of Node that pipe. */
async function joined(context: TestContext, options?: Options): Promise<[RawSocket, RawSocket]> {
  const [one, near] = await accepted(context, options);
  const [other, far] = await accepted(context, options);
  one.pipe(other);
  other.pipe(one);
  one.on("error", () => other.destroy()).on("close", () => other.destroy());
  other.on("error", () => one.destroy()).on("close", () => one.destroy());
  return [near, far];
}

socketsConform("TCP", { pair: joined });
socketsConform("TCP without buffers of its own", { pair: (context) => joined(context, { ownBuffers: false }) });

test("TCP: an IPv4 peer of a listener for everything is shown as IPv4", async (context) => {
  const [, raw] = await accepted(context, { address: "::" });
  assert.equal(raw.address, "127.0.0.1");
  assert.match(raw.peer, /^127\.0\.0\.1:\d+$/);
});

test("TCP: a port that is taken is named, with what to do", async (context) => {
  const other = createServer().listen(0, "127.0.0.1");
  context.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const listening = tcpSockets(silent).listen({ address: "127.0.0.1", port, accept() {} });
  await assert.rejects(listening, /cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
});

test("TCP: what came before the connection was opened is not lost", async (context) => {
  const [socket, raw] = await accepted(context);
  socket.write("early");
  await new Promise(setImmediate);
  const events = new Listening();
  raw.open(events);
  assert.equal(String(await events.until(5)), "early");
});
