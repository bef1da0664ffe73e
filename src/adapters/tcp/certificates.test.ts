import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { record } from "#stream/transport.recorder.ts";
import type { Transport } from "#stream/transport.ts";
import { Certificates } from "./certificates.ts";
import { connectTcp } from "./connect.ts";
import { certificatesFor, folder, Journal, listen, writePair } from "./fixture.ts";
import { selfSigned } from "./self-signed.ts";

const day = 86_400_000;

async function loading(test: TestContext, domain: string, pems: { certificate: string; key: string }) {
  const log = new Journal();
  const files = await writePair(await folder(test), "x", pems);
  const certificates = await Certificates.load({ domains: { [domain]: files }, log });
  test.after(() => certificates.close());
  return { certificates, log, files };
}

/** What the client is shown. */
function shown(transport: Transport): string | undefined {
  const certificate = transport.tls?.peerCertificate();
  return certificate && new X509Certificate(certificate.raw).fingerprint256;
}

test("a self-signed certificate names its domains and addresses and fits its key", async () => {
  const { certificate, key } = await selfSigned({
    names: ["example.com", "*.example.com", "::1", "192.0.2.7"],
    days: 30,
  });
  const x509 = new X509Certificate(certificate);
  assert.equal(x509.checkHost("example.com"), "example.com");
  assert.ok(x509.checkHost("rooms.example.com"));
  assert.ok(x509.checkIP("::1"));
  assert.ok(x509.checkIP("192.0.2.7"));
  assert.equal(x509.checkHost("example.org"), undefined);
  assert.ok(x509.verify(x509.publicKey));
  assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/);
  const left = x509.validToDate.getTime() - Date.now();
  assert.ok(left > 29 * day && left <= 30 * day);
  assert.notEqual((await selfSigned({ names: ["example.com"] })).certificate, certificate);
});

test("a name finds its certificate: exact, then wildcard, then any that names it, then the fallback", async (test) => {
  const { certificates } = await certificatesFor(test, "example.com", "*.example.com", "a.example.com");
  const other = await selfSigned({ names: ["example.org", "rooms.example.org"] });
  const { certificates: two } = await loading(test, "example.org", other);
  const find = (name: string) => certificates.find(name);
  assert.ok(find("example.com"));
  assert.ok(find("a.example.com"));
  assert.notEqual(find("a.example.com"), find("b.example.com"));
  assert.equal(find("B.Example.COM"), find("c.example.com"));
  assert.equal(find("x.y.example.com"), undefined);
  assert.equal(find("org"), undefined);
  // SNI comes from anybody.
  for (const odd of ["", ".", "a\0b", "\u{10ffff}", " x", "*", "x".repeat(300), "::1"]) {
    assert.equal(two.find(odd), undefined, JSON.stringify(odd));
  }
  assert.equal(certificates.context("example.net"), find("example.com"));
  assert.equal(certificates.context(undefined), find("example.com"));
  assert.equal(two.find("rooms.example.org"), two.find("example.org"));
  assert.equal(two.find("files.example.org"), undefined);
});

test("a domain with letters beyond ASCII is found in both forms", async (test) => {
  const pems = await selfSigned({ names: ["xn--mnchen-3ya.example"] });
  const { certificates, log } = await loading(test, "münchen.example", pems);
  assert.ok(certificates.find("münchen.example"));
  assert.equal(certificates.find("XN--MNCHEN-3YA.example"), certificates.find("münchen.example"));
  assert.equal(log.count("warn"), 0);
});

test("what cannot be used is refused at the start, with the domain, the file and the reason", async (test) => {
  const path = await folder(test);
  const [good, other] = [await selfSigned({ names: ["example.com"] }), await selfSigned({ names: ["example.com"] })];
  const files = await writePair(path, "good", good);
  const load = (certificate: string, key: string) =>
    Certificates.load({ domains: { "example.com": { certificate, key } }, log: new Journal() });
  const wrong = await writePair(path, "wrong", { certificate: good.certificate, key: other.key });
  await assert.rejects(
    load(wrong.certificate, wrong.key),
    /certificate of example\.com: .*wrong\.key: this key is not/,
  );
  await assert.rejects(load(join(path, "none.crt"), files.key), /none\.crt: there is no such file/);
  await assert.rejects(load(path, files.key), /it is a folder/);
  await writeFile(join(path, "text"), "hello");
  await assert.rejects(load(join(path, "text"), files.key), /text: not a certificate in PEM form/);
  await assert.rejects(load(files.certificate, join(path, "text")), /text: not a private key/);
  await assert.rejects(Certificates.load({ domains: {}, log: new Journal() }), /no certificate of any domain/);
});

test("what can be used but is not right is told", async (test) => {
  const { certificates, log } = await loading(
    test,
    "example.com",
    await selfSigned({ names: ["example.org"], days: 5 }),
  );
  const [status] = certificates.status();
  assert.equal(status?.domain, "example.com");
  assert.equal(status?.daysLeft, 4);
  assert.match(status?.names ?? "", /DNS:example\.org/);
  assert.equal(status?.warnings.length, 2);
  assert.match(status?.warnings[0] ?? "", /does not name example\.com/);
  assert.match(status?.warnings[1] ?? "", /expires on/);
  assert.equal(log.count("warn"), 2);
  const expired = await loading(test, "example.com", await selfSigned({ names: ["example.com"], days: -0.5 }));
  assert.match(expired.certificates.status()[0]?.warnings[0] ?? "", /it expired on/);
});

test("a key that everybody can read is told", async (test) => {
  const { files } = await loading(test, "example.com", await selfSigned({ names: ["example.com"] }));
  await chmod(files.key, 0o644);
  const log = new Journal();
  const certificates = await Certificates.load({ domains: { "example.com": files }, log });
  certificates.close();
  assert.match(JSON.stringify(log.entries), /chmod o= /);
});

test("a new certificate is used for new connections, the old ones go on", async (test) => {
  const { certificates, files } = await certificatesFor(test, "example.com");
  const { listener, next } = await listen(test, { certificates, directTls: true });
  const connect = async (): Promise<[Transport, Transport]> => {
    const client = connectTcp({
      host: "127.0.0.1",
      port: listener.port,
      tls: "direct",
      timeoutMs: 9000,
      rejectUnauthorized: false,
    });
    return Promise.all([client, next()]);
  };
  const [client, server] = await connect();
  const [one, two] = [record(client), record(server)];
  const before = shown(client);
  const renewed = await selfSigned({ names: ["example.com"] });
  const { certificate, key } = files[0]![1];
  await writeFile(certificate, renewed.certificate);
  await writeFile(key, renewed.key);
  await certificates.reload();
  const [later, laterServer] = await connect();
  assert.equal(shown(later), new X509Certificate(renewed.certificate).fingerprint256);
  assert.notEqual(shown(later), before);
  client.write("still");
  await two.until(() => two.received === "still");
  server.write("here");
  await one.until(() => one.received === "here");
  assert.equal(one.reason, undefined);
  for (const end of [client, server, later, laterServer]) end.destroy();
});

test("changed files are noticed", async (test) => {
  const { certificates, files } = await certificatesFor(test, "example.com");
  const context = certificates.context();
  const renewed = await selfSigned({ names: ["example.com"] });
  await writeFile(files[0]![1].key, renewed.key);
  await writeFile(files[0]![1].certificate, renewed.certificate);
  while (certificates.context() === context) await delay(10);
  assert.match(certificates.status()[0]?.names ?? "", /example\.com/);
});

test("changed files are noticed by comparison where the folder cannot be watched", async (test) => {
  const path = await folder(test);
  const files = await writePair(path, "x", await selfSigned({ names: ["example.com"] }));
  const log = new Journal();
  const certificates = await Certificates.load({ domains: { "example.com": files }, log, pollMs: 20, watch: false });
  test.after(() => certificates.close());
  const context = certificates.context();
  await writePair(path, "x", await selfSigned({ names: ["example.com"] }));
  while (certificates.context() === context) await delay(10);
});

test("a new certificate that is no good is logged once and the old one kept", async (test) => {
  const { certificates, files, log } = await loading(test, "example.com", await selfSigned({ names: ["example.com"] }));
  const context = certificates.context();
  const bad: readonly (readonly [string, string, RegExp])[] = [
    [files.key, (await selfSigned({ names: ["example.com"] })).key, /this key is not the one/],
    [files.certificate, "half a certif", /not a certificate/],
  ];
  for (const [file, content, problem] of bad) {
    await writeFile(file, content);
    const before = log.count("error");
    await certificates.reload();
    await certificates.reload();
    assert.equal(log.count("error"), before + 1);
    assert.match(JSON.stringify(log.entries.at(-1)), problem);
    assert.equal(certificates.context(), context);
  }
  const expired = await selfSigned({ names: ["example.com"], days: -0.5 });
  await writeFile(files.key, expired.key);
  await writeFile(files.certificate, expired.certificate);
  await certificates.reload();
  assert.match(JSON.stringify(log.entries.at(-1)), /expired on/);
  assert.equal(certificates.context(), context);
  const good = await selfSigned({ names: ["example.com"] });
  await writeFile(files.key, good.key);
  await writeFile(files.certificate, good.certificate);
  await certificates.reload();
  assert.notEqual(certificates.context(), context);
});
