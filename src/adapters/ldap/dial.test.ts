import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { dial, readEndpoint } from "./dial.ts";

test("URLs of directories", () => {
  const table: Record<string, readonly [secure: boolean, host: string, port: number] | undefined> = {
    "ldap://ldap.example": [false, "ldap.example", 389],
    "LDAPS://ldap.example/": [true, "ldap.example", 636],
    "ldaps://[::1]:1636": [true, "::1", 1636],
    "ldap://10.0.0.1:3890": [false, "10.0.0.1", 3890],
    "ldap://": undefined,
    "ldap://a:0": undefined,
    "ldap://a:70000": undefined,
    "ldap://user@a": undefined,
    "ldap://a/dc=x": undefined,
    "https://a": undefined,
    "ldap.example": undefined,
  };
  for (const [url, expected] of Object.entries(table)) {
    const found = readEndpoint(url);
    assert.deepEqual(found && [found.secure, found.host, found.port], expected, url);
  }
});

const success = Buffer.from("300c02010178070a010004000400", "hex");
const refusal = Buffer.from("300c02010178070a013504000400", "hex");

/** A server that answers StartTLS with some bytes; tells what it got. */
async function answering(t: TestContext, answer: (socket: Socket) => void): Promise<{ url: string; got: Buffer[] }> {
  const got: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (part) => {
      got.push(part);
      if (got.length === 1) answer(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

const options = { startTls: true, ca: undefined, timeout: 300 };

test("StartTLS: the request is as RFC 4511 §4.14 says, and TLS follows the agreement, in pieces too", async (t) => {
  const { url, got } = await answering(t, (socket) => {
    socket.write(success.subarray(0, 5));
    setImmediate(() => socket.write(success.subarray(5)));
  });
  await assert.rejects(dial(readEndpoint(url)!, options)); // what follows is no TLS server
  assert.equal(got[0]!.toString("hex"), `301d02010177188016${Buffer.from("1.3.6.1.4.1.1466.20037").toString("hex")}`);
  assert.equal(got[1]![0], 0x16, "a TLS handshake, and nothing else");
});

const answers: Record<string, { bytes: Buffer; reason: RegExp }> = {
  "a refusal": { bytes: refusal, reason: /refuses StartTLS/ },
  "anything after the agreement, in the clear": {
    bytes: Buffer.concat([success, Buffer.from("300c02010261070a010004000400", "hex")]),
    reason: /more than it should/,
  },
  "the beginning of anything after the agreement": {
    bytes: Buffer.concat([success, Buffer.from("30")]),
    reason: /more than it should/,
  },
  "no LDAP": { bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), reason: /./ },
  "an endless message": {
    bytes: Buffer.from(`3084ffffffff${"00".repeat(5000)}`, "hex"),
    reason: /more than it should/,
  },
  nothing: { bytes: Buffer.alloc(0), reason: /no answer within 300 ms/ },
};
for (const [name, { bytes, reason }] of Object.entries(answers)) {
  test(`StartTLS: ${name} ends the connection`, async (t) => {
    const { url, got } = await answering(t, (socket) => void socket.write(bytes));
    await assert.rejects(dial(readEndpoint(url)!, options), reason);
    assert.equal(got.length, 1, "nothing more was said");
  });
}

test("a server that closes instead of answering", async (t) => {
  const { url } = await answering(t, (socket) => socket.end());
  await assert.rejects(dial(readEndpoint(url)!, options), /closed the connection/);
});

test("a connection is not encrypted only where that is asked for", async (t) => {
  const { url } = await answering(t, () => {});
  const socket = await dial(readEndpoint(url)!, { ...options, startTls: false });
  assert.equal("encrypted" in socket, false);
  socket.destroy();
});
