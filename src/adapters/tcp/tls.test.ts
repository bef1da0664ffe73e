import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { after, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { record } from "#stream/transport.recorder.ts";
import type { TlsDetails, Transport } from "#stream/transport.ts";
import { connectTcp } from "./connect.ts";
import { certificatesFor, type Join, joined, listen } from "./fixture.ts";

const { certificates, ca } = await certificatesFor({ after }, "example.com", "example.org");

async function ends(test: TestContext, join: Join): Promise<[Transport, Transport]> {
  const pair = await joined(certificates, ca, join);
  test.after(async () => {
    for (const end of pair.ends) end.destroy();
    await pair.stop?.();
  });
  return [...pair.ends];
}

async function details(test: TestContext, join: Join): Promise<[TlsDetails, TlsDetails]> {
  const [server, client] = await ends(test, join);
  assert.ok(server.tls && client.tls);
  return [server.tls, client.tls];
}

const label = "EXPORTER-Channel-Binding";
const starttls: Join = { tls: "starttls" };
const direct: Join = { tls: "direct" };

test("TLS 1.3: both ends see the same", async (test) => {
  for (const join of [starttls, direct]) {
    const [server, client] = await details(test, join);
    assert.deepEqual([server.version, client.version], ["TLSv1.3", "TLSv1.3"]);
    assert.match(server.cipher, /^TLS_(AES|CHACHA20)/);
    assert.equal(server.cipher, client.cipher);
    assert.equal(server.serverName, "example.com");
    const exported = server.exporter(label, 32);
    assert.equal(exported?.length, 32);
    assert.deepEqual(exported, client.exporter(label, 32));
    assert.notDeepEqual(exported, server.exporter("EXPORTER-Other", 32));
    assert.ok(server.endPoint());
    assert.deepEqual(server.endPoint(), client.endPoint());
    assert.equal(server.peerCertificate(), undefined);
    assert.equal(client.peerCertificate()?.authorized, true);
  }
});

test("the exporter differs between connections", async (test) => {
  const [one] = await details(test, direct);
  const [two] = await details(test, direct);
  assert.notDeepEqual(one.exporter(label, 32), two.exporter(label, 32));
});

test("TLS 1.2: the exporter is there only with the extended master secret", async (test) => {
  for (const tls of ["starttls", "direct"] as const) {
    const [server, client] = await details(test, { tls, connect: { tlsOptions: { maxVersion: "TLSv1.2" } } });
    assert.deepEqual([server.version, client.version], ["TLSv1.2", "TLSv1.2"]);
    assert.match(server.cipher, /^TLS_ECDHE_ECDSA_WITH_(AES|CHACHA20)/);
    assert.equal(server.exporter(label, 32)?.length, 32);
    assert.deepEqual(server.exporter(label, 32), client.exporter(label, 32));
    assert.deepEqual(server.endPoint(), client.endPoint());
  }
  const withoutSecret = { maxVersion: "TLSv1.2", secureOptions: 1 } as const; // SSL_OP_NO_EXTENDED_MASTER_SECRET
  const [server, client] = await details(test, { ...direct, connect: { tlsOptions: withoutSecret } });
  assert.equal(server.exporter(label, 32), undefined);
  assert.equal(client.exporter(label, 32), undefined);
  assert.ok(server.endPoint());
});

test("what TLS knew is gone with the connection, without harm", async (test) => {
  const [server, client] = await ends(test, direct);
  const tls = server.tls;
  const one = record(server);
  record(client);
  server.destroy();
  await one.until(() => one.reason !== undefined);
  assert.equal(tls?.exporter(label, 32), undefined);
  assert.equal(tls?.endPoint(), undefined);
  assert.equal(tls?.peerCertificate(), undefined);
  assert.equal(typeof tls?.version, "string");
  assert.equal(typeof tls?.cipher, "string");
  assert.equal(tls?.alpn, undefined);
});

/** The first domain the certificate that a client was shown names. */
function shown(tls: TlsDetails): string | undefined {
  const raw = tls.peerCertificate()?.raw;
  return raw && new X509Certificate(raw).subjectAltName;
}

test("the certificate follows the server name, else the domain of the stream, else the first", async (test) => {
  const rejectUnauthorized = false;
  for (const [serverName, expected] of [
    ["example.org", "DNS:example.org"],
    ["example.com", "DNS:example.com"],
    ["example.net", "DNS:example.com"],
  ] as const) {
    const [server, client] = await details(test, { ...direct, connect: { serverName, rejectUnauthorized } });
    assert.equal(shown(client), expected);
    assert.equal(server.serverName, serverName);
    assert.deepEqual(server.endPoint(), client.endPoint());
  }
  const { listener, next } = await listen(test, { certificates });
  const ways = [
    ["example.org", "127.0.0.1", "DNS:example.org"], // a client that sends no server name
    ["example.com", "example.org", "DNS:example.org"], // a client whose server name says otherwise
    ["example.org", "example.net", "DNS:example.org"], // a server name that is not ours
  ] as const;
  for (const [domain, name, expected] of ways) {
    const connecting = connectTcp({ host: "127.0.0.1", port: listener.port, timeoutMs: 5000, rejectUnauthorized });
    const [client, server] = await Promise.all([connecting, next()]);
    await Promise.all([server.startTls?.(domain), client.startTls?.(name)]);
    assert.equal(shown(client.tls!), expected);
    assert.deepEqual(server.tls?.endPoint(), client.tls?.endPoint());
    for (const end of [client, server]) end.destroy();
  }
});

test("a client verifies the certificate", async (test) => {
  const failing = async (connect: Join["connect"]): Promise<void> => {
    const { listener } = await listen(test, { certificates, directTls: true });
    const options = { host: "127.0.0.1", port: listener.port, timeoutMs: 5000, tls: "direct", ...connect } as const;
    await assert.rejects(connectTcp(options));
  };
  await failing({ serverName: "example.com" }); // no authority known
  await failing({ serverName: "example.net", ca }); // another name
  const [, client] = await ends(test, { tls: "none", connect: { ca } });
  const recorder = record(client);
  const [, lenient] = await details(test, {
    ...direct,
    connect: { serverName: "example.net", rejectUnauthorized: false },
  });
  assert.equal(lenient.peerCertificate()?.authorized, false);
  assert.ok(lenient.peerCertificate()?.reason);
  client.destroy();
  await recorder.until(() => recorder.reason !== undefined);
});

test("direct TLS: ALPN xmpp-client is agreed on, none is accepted, another is refused", async (test) => {
  const [server, client] = await details(test, { ...direct, connect: { alpn: ["h2", "xmpp-client"] } });
  assert.deepEqual([server.alpn, client.alpn], ["xmpp-client", "xmpp-client"]);
  const [without] = await details(test, direct);
  assert.equal(without.alpn, undefined);
  const { listener, log } = await listen(test, { certificates, directTls: true });
  const options = { host: "127.0.0.1", port: listener.port, timeoutMs: 5000, tls: "direct", ca } as const;
  await assert.rejects(
    connectTcp({ ...options, serverName: "example.com", alpn: ["h2", "http/1.1"] }),
    /no.application.protocol/i,
  );
  while (listener.connections > 0) await delay(1);
  assert.equal(log.count("debug"), 1);
  const { listener: s2s, next } = await listen(test, { certificates, directTls: true, alpn: ["xmpp-server"] });
  const peer = await connectTcp({ ...options, port: s2s.port, serverName: "example.com", alpn: ["xmpp-server"] });
  assert.equal((await next()).tls?.alpn, "xmpp-server");
  peer.destroy();
});

test("STARTTLS takes no notice of ALPN", async (test) => {
  const [server] = await details(test, { ...starttls, connect: { tlsOptions: { ALPNProtocols: ["h2"] } } });
  assert.equal(server.alpn, undefined);
});

test("TLS 1.1 and weak ciphers are refused, and nothing stays open", async (test) => {
  const { listener, next } = await listen(test, { certificates, directTls: true });
  const { listener: plain, next: nextPlain } = await listen(test, { certificates });
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
  const weak = { maxVersion: "TLSv1.2", ciphers: "AES128-SHA:AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA" } as const;
  for (const tlsOptions of [old, weak]) {
    const options = { host: "127.0.0.1", timeoutMs: 5000, ca, tlsOptions, serverName: "example.com" } as const;
    await assert.rejects(connectTcp({ ...options, port: listener.port, tls: "direct" }), {
      code: /ALERT|VERSION|PROTOCOL/,
    });
    const [client, server] = await Promise.all([connectTcp({ ...options, port: plain.port }), nextPlain()]);
    const [one, two] = [record(client), record(server)];
    const both = await Promise.allSettled([server.startTls?.("example.com"), client.startTls?.("example.com")]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    await Promise.all([one, two].map((end) => end.until(() => end.reason !== undefined)));
    assert.deepEqual([one.reason, two.reason], ["tls", "tls"]);
    assert.equal(server.secure, false);
  }
  while (listener.connections + plain.connections > 0) await delay(1);
  const fine = connectTcp({
    host: "127.0.0.1",
    port: listener.port,
    timeoutMs: 5000,
    ca,
    tls: "direct",
    serverName: "example.com",
  });
  const [client, server] = await Promise.all([fine, next()]);
  assert.equal(server.secure, true);
  client.destroy();
});

test("renegotiation is refused", async (test) => {
  const { listener, next } = await listen(test, { certificates, directTls: true });
  const client = connectTls({
    host: "127.0.0.1",
    port: listener.port,
    ca,
    servername: "example.com",
    maxVersion: "TLSv1.2",
  });
  test.after(() => client.destroy());
  const server = record(await next());
  await once(client, "secureConnect");
  const failure = await new Promise<Error>((resolve) => {
    client.once("error", resolve);
    client.renegotiate({}, (error) => resolve(error ?? new Error("it succeeded")));
  });
  assert.match(failure.message, /no renegotiation/);
  client.destroy();
  await server.until(() => server.reason !== undefined);
});
