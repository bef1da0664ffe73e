import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { startDeafDns, startDns, type Zone } from "#test/harness/dns.ts";
import { dnsEndpoints } from "./endpoints.ts";

const skip = existsSync("/usr/sbin/dnsmasq") ? false : "dnsmasq-base is not installed";

async function resolving(test: TestContext, zone: Zone) {
  const dns = await startDns(zone);
  test.after(() => dns.stop());
  const endpoints = dnsEndpoints({ servers: [dns.server], timeoutMs: 4000, random: () => 0 });
  return { endpoints, dns, places: async (domain: string) => (await endpoints(domain)).map(shown) };
}

function shown({ address, port, security }: { address: string; port: number; security: string }): string {
  return `${address} ${port} ${security}`;
}

test("SRV records of both kinds are one list, by priority", { skip }, async (test) => {
  const { endpoints } = await resolving(test, {
    hosts: { "one.example": ["192.0.2.1"], "two.example": ["192.0.2.2"], "three.example": ["192.0.2.3"] },
    services: {
      "_xmpp-server._tcp.example.com": [
        { name: "one.example", port: 5269, priority: 5 },
        { name: "three.example", port: 15269, priority: 20 },
      ],
      "_xmpps-server._tcp.example.com": [{ name: "two.example", port: 443, priority: 10 }],
    },
  });
  assert.deepEqual(await endpoints("example.com"), [
    { host: "one.example", address: "192.0.2.1", port: 5269, security: "starttls" },
    { host: "two.example", address: "192.0.2.2", port: 443, security: "direct" },
    { host: "three.example", address: "192.0.2.3", port: 15269, security: "starttls" },
  ]);
});

test("IPv6 and IPv4 addresses in turn", { skip }, async (test) => {
  const { places } = await resolving(test, {
    hosts: { "one.example": ["192.0.2.1", "192.0.2.2", "2001:db8::1"] },
    services: { "_xmpp-server._tcp.example.com": [{ name: "one.example", port: 1 }] },
  });
  const [first, ...others] = await places("example.com");
  assert.equal(first, "2001:db8::1 1 starttls");
  assert.deepEqual(others.sort(), ["192.0.2.1 1 starttls", "192.0.2.2 1 starttls"]);
});

test("without SRV the domain's own addresses, port 5269", { skip }, async (test) => {
  const { endpoints } = await resolving(test, { hosts: { "example.com": ["192.0.2.1"] } });
  assert.deepEqual(await endpoints("example.com"), [
    { host: "example.com", address: "192.0.2.1", port: 5269, security: "starttls" },
  ]);
});

test("aliases are followed", { skip }, async (test) => {
  const { places } = await resolving(test, {
    hosts: { "machine.example": ["192.0.2.1"] },
    services: { "_xmpp-server._tcp.example.org": [{ name: "xmpp.example.org", port: 7 }] },
    aliases: { "example.com": "machine.example", "xmpp.example.org": "machine.example" },
  });
  assert.deepEqual(await places("example.com"), ["192.0.2.1 5269 starttls"]);
  assert.deepEqual(await places("example.org"), ["192.0.2.1 7 starttls"]);
});

test("names of other alphabets are asked for as A-labels", { skip }, async (test) => {
  const { places } = await resolving(test, { hosts: { "xn--bcher-kva.example": ["192.0.2.1"] } });
  assert.deepEqual(await places("bücher.example"), ["192.0.2.1 5269 starttls"]);
});

test("nowhere: no such domain, no address, a service that is denied, an address for a domain", {
  skip,
}, async (test) => {
  const { endpoints, places } = await resolving(test, {
    hosts: { "denied.example": ["192.0.2.1"], "half.example": ["192.0.2.1"], "plain.example": ["192.0.2.2"] },
    services: {
      "_xmpp-server._tcp.denied.example": [{ name: ".", port: 0 }],
      "_xmpps-server._tcp.denied.example": [{ name: ".", port: 0 }],
      "_xmpps-server._tcp.half.example": [{ name: ".", port: 0 }],
      "_xmpp-server._tcp.plain.example": [{ name: ".", port: 0 }],
      "_xmpps-server._tcp.plain.example": [{ name: "plain.example", port: 5270 }],
      "_xmpp-server._tcp.lost.example": [{ name: "nowhere.example", port: 5269 }],
    },
  });
  for (const domain of ["absent.example", "denied.example", "lost.example", "192.0.2.1", "[2001:db8::1]", "a..b"]) {
    await assert.rejects(endpoints(domain), { name: "ResolutionError", kind: "none" }, domain);
  }
  assert.deepEqual(await places("half.example"), ["192.0.2.1 5269 starttls"], "no direct TLS, but the other way");
  assert.deepEqual(await places("plain.example"), ["192.0.2.2 5270 direct"], "direct TLS only");
});

test("one place without an address leaves the others", { skip }, async (test) => {
  const { places } = await resolving(test, {
    hosts: { "one.example": ["192.0.2.1"] },
    services: {
      "_xmpp-server._tcp.example.com": [
        { name: "nowhere.example", port: 5269, priority: 1 },
        { name: "one.example", port: 5269, priority: 2 },
      ],
    },
  });
  assert.deepEqual(await places("example.com"), ["192.0.2.1 5269 starttls"]);
});

test("of many records only so many are looked at", { skip }, async (test) => {
  const targets = Array.from({ length: 60 }, (_, index) => ({
    name: "one.example",
    port: 1000 + index,
    priority: index,
  }));
  const { places } = await resolving(test, {
    hosts: { "one.example": Array.from({ length: 30 }, (_, index) => `192.0.2.${index + 1}`) },
    services: { "_xmpp-server._tcp.example.com": targets },
  });
  assert.equal((await places("example.com")).length, 20 * 8);
});

test("the DNS fails, refuses or is silent", async (test) => {
  for (const code of [2, 5, undefined]) {
    const deaf = await startDeafDns(code);
    test.after(() => deaf.stop());
    const endpoints = dnsEndpoints({ servers: [deaf.server], timeoutMs: 300 });
    const asking = Promise.all(["one.example", "two.example"].map((domain) => endpoints(domain)));
    await assert.rejects(asking, { name: "ResolutionError", kind: "failed" }, `${code}`);
    assert.ok(deaf.questions > 0);
  }
});

test("where one kind of record gets no answer, the other counts", { skip }, async (test) => {
  const { dns } = await resolving(test, {
    hosts: { "one.example": ["192.0.2.1"], "plain.example": ["192.0.2.2"] },
    services: {
      "_xmpp-server._tcp.example.com": [{ name: "one.example", port: 5269 }],
      "_xmpps-server._tcp.example.com": [{ name: "one.example", port: 5270, priority: 1 }],
    },
  });
  for (const code of [2, undefined]) {
    for (const [label, expected] of [
      ["_xmpps-server", "192.0.2.1 5269 starttls"],
      ["_xmpp-server", "192.0.2.1 5270 direct"],
    ] as const) {
      const deaf = await startDeafDns(code, { label, server: dns });
      test.after(() => deaf.stop());
      const endpoints = dnsEndpoints({ servers: [deaf.server], timeoutMs: 300 });
      assert.deepEqual((await endpoints("example.com")).map(shown), [expected]);
      // There may be records that say otherwise: the domain's own address is no answer.
      await assert.rejects(endpoints("plain.example"), { kind: "failed" });
    }
  }
});

test("answers are remembered, failures are not", { skip }, async (test) => {
  const { endpoints, dns } = await resolving(test, { hosts: { "example.com": ["192.0.2.1"] } });
  await endpoints("example.com");
  await assert.rejects(endpoints("absent.example"));
  await dns.stop();
  assert.equal((await endpoints("example.com")).length, 1);
  await assert.rejects(endpoints("absent.example"), { kind: "none" });
  const deaf = await startDeafDns(2);
  test.after(() => deaf.stop());
  const failing = dnsEndpoints({ servers: [deaf.server], timeoutMs: 300 });
  await assert.rejects(failing("example.com"), { kind: "failed" });
  const before = deaf.questions;
  await assert.rejects(failing("example.com"), { kind: "failed" });
  assert.ok(deaf.questions > before);
});
