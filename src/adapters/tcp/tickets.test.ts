import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { Certificates } from "./certificates.ts";
import { folder, Journal, listen, writePair } from "./fixture.ts";
import { selfSigned } from "./self-signed.ts";
import { Tickets } from "./tickets.ts";

const oneDay = 86_400_000;
const hour = 3_600_000;

/** A server as it is after each start: with the certificates and the secret that its folder holds. */
async function started(test: TestContext, path: string, ...domains: string[]) {
  const log = new Journal();
  const files = Object.fromEntries(
    domains.map((name) => [name, { certificate: join(path, `${name}.crt`), key: join(path, `${name}.key`) }]),
  );
  const tickets = new Tickets(join(path, "tickets"), log);
  const certificates = await Certificates.load({ domains: files, log, tickets, watch: false });
  test.after(() => certificates.close());
  const { listener, next } = await listen(test, { certificates, directTls: true });
  /** Connects with what an earlier connection was given; is it taken up again, and what is given now? */
  const visit = async (servername: string, session?: Buffer) => {
    const options = { host: "127.0.0.1", port: listener.port, servername, rejectUnauthorized: false };
    const socket = connect({ ...options, ...(session && { session }) });
    test.after(() => socket.destroy());
    socket.resume();
    const given = new Promise<Buffer>((resolve) => socket.once("session", resolve));
    await once(socket, "secureConnect");
    const { tls } = await next();
    const shown = socket.getPeerX509Certificate()?.fingerprint256;
    return { resumed: socket.isSessionReused(), given, shown, endPoint: Buffer.from(tls!.endPoint()!) };
  };
  return { visit, certificates, log };
}

async function installation(test: TestContext, ...domains: string[]): Promise<string> {
  const path = await folder(test);
  for (const domain of domains) await writePair(path, domain, await selfSigned({ names: [domain] }));
  return path;
}

test("who comes back after a restart goes on with its TLS session", async (test) => {
  const path = await installation(test, "example.com", "example.org");
  const before = await started(test, path, "example.com", "example.org");
  for (const domain of ["example.com", "example.org"]) {
    const first = await before.visit(domain);
    assert.equal(first.resumed, false);
    const after = await started(test, path, "example.com", "example.org");
    const again = await after.visit(domain, await first.given);
    assert.equal(again.resumed, true);
    assert.deepEqual(again.endPoint, first.endPoint);
  }
  assert.equal(statSync(join(path, "tickets")).mode & 0o777, 0o600);
});

test("a certificate that has changed is shown to everybody", async (test) => {
  const path = await installation(test, "example.com", "example.org");
  const { visit, certificates } = await started(test, path, "example.com", "example.org");
  const first = await visit("example.org");
  const renewed = await selfSigned({ names: ["example.org"] });
  await writeFile(join(path, "example.org.crt"), renewed.certificate);
  await writeFile(join(path, "example.org.key"), renewed.key);
  await certificates.reload();
  const again = await visit("example.org", await first.given);
  assert.equal(again.resumed, false);
  assert.notEqual(again.shown, first.shown);
  assert.notDeepEqual(again.endPoint, first.endPoint);
});

test("after a day there is another secret", async (test) => {
  const path = await installation(test, "example.com");
  const file = join(path, "tickets");
  const first = await (await started(test, path, "example.com")).visit("example.com");
  const secret = readFileSync(file);
  const old = (Date.now() - oneDay) / 1000;
  utimesSync(file, old, old);
  const later = await started(test, path, "example.com");
  assert.notDeepEqual(readFileSync(file), secret);
  assert.equal((await later.visit("example.com", await first.given)).resumed, false);
});

test("it is changed while the server runs, too", async (test) => {
  const path = await folder(test);
  const now = Date.now();
  const tickets = new Tickets(join(path, "tickets"), new Journal(), now);
  const keys = tickets.keys("a");
  assert.equal(keys.length, 48);
  assert.notDeepEqual(tickets.keys("b"), keys);
  assert.equal(tickets.renew(now + oneDay - hour), false);
  assert.deepEqual(tickets.keys("a"), keys);
  assert.equal(tickets.renew(now + oneDay), true);
  assert.notDeepEqual(tickets.keys("a"), keys);
  assert.equal(tickets.renew(now + oneDay + hour), false);
  assert.equal(tickets.renew(now - oneDay), true);
});

test("a file that is damaged is replaced; one that cannot be written is told", async (test) => {
  const path = await folder(test);
  const file = join(path, "tickets");
  writeFileSync(file, "half");
  const log = new Journal();
  const { length } = new Tickets(file, log).keys("a");
  assert.equal(length, 48);
  assert.equal(readFileSync(file).length, 32);
  assert.equal(log.count("warn"), 0);
  const nowhere = new Tickets(join(path, "none", "tickets"), log);
  assert.equal(nowhere.keys("a").length, 48);
  assert.equal(log.count("warn"), 1);
});
