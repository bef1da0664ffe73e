import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Authority, toDer, type Wish } from "#test/harness/authority.ts";
import { identifies, type NameForm, presentedNames } from "./identity.ts";

const authority = await Authority.make("An authority");

async function certificate(wish: Wish): Promise<Uint8Array> {
  return toDer(await authority.issue(wish));
}

const cases: readonly (readonly [string, Wish, string, NameForm | undefined])[] = [
  ["a name of DNS", { names: ["example.org", "example.com"] }, "example.com", "dns"],
  ["another name", { names: ["example.org"] }, "example.com", undefined],
  ["a name above", { names: ["example.com"] }, "chat.example.com", undefined],
  ["a name below", { names: ["chat.example.com"] }, "example.com", undefined],
  ["a name that ends alike", { names: ["example.com"] }, "anexample.com", undefined],
  ["capitals and a final dot", { names: ["EXAMPLE.Com."] }, "example.com", "dns"],
  ["a wildcard", { names: ["*.example.com"] }, "chat.example.com", "dns"],
  ["a wildcard is not nothing", { names: ["*.example.com"] }, "example.com", undefined],
  ["a wildcard is one label", { names: ["*.example.com"] }, "a.chat.example.com", undefined],
  ["a wildcard is a whole label", { names: ["c*.example.com"] }, "chat.example.com", undefined],
  ["a wildcard is the first label", { names: ["chat.*.com"] }, "chat.example.com", undefined],
  ["a wildcard leaves two labels", { names: ["*.com"] }, "example.com", undefined],
  ["a wildcard alone", { names: ["*"] }, "localhost", undefined],
  ["two wildcards", { names: ["*.*.example.com"] }, "a.b.example.com", undefined],
  ["A-labels", { names: ["xn--bcher-kva.example"] }, "bücher.example", "dns"],
  ["a wildcard beside A-labels", { names: ["*.xn--bcher-kva.example"] }, "chat.bücher.example", "dns"],
  ["a wildcard for an A-label", { names: ["*.example.com"] }, "bücher.example.com", "dns"],
  ["letters outside ASCII in DNS", { names: ["b\u00fccher.example"] }, "bücher.example", undefined],
  ["a NUL", { names: ["example.com\0.example.org"] }, "example.com", undefined],
  ["a service", { services: ["_xmpp-server.example.com"] }, "example.com", "srv"],
  ["a service, capitals", { services: ["_XMPP-Server.Example.com"] }, "example.com", "srv"],
  ["a service for clients", { services: ["_xmpp-client.example.com"] }, "example.com", undefined],
  ["a service with a wildcard", { services: ["_xmpp-server.*.example.com"] }, "chat.example.com", "srv"],
  ["a service is no name of DNS", { names: ["_xmpp-server.example.com"] }, "example.com", undefined],
  ["an address of XMPP", { xmpp: ["example.com"] }, "example.com", "xmpp"],
  ["an address of XMPP, U-labels", { xmpp: ["Bücher.example"] }, "bücher.example", "xmpp"],
  ["an address of XMPP has no wildcard", { xmpp: ["*.example.com"] }, "chat.example.com", undefined],
  ["an account", { xmpp: ["romeo@example.com"] }, "example.com", undefined],
  ["the common name counts for nothing", { commonName: "example.com" }, "example.com", undefined],
  ["the common name beside another", { commonName: "example.com", names: ["example.org"] }, "example.com", undefined],
  ["an address as a name", { names: ["192.0.2.1"] }, "192.0.2.1", undefined],
  ["an address under a wildcard", { names: ["*.0.2.1"] }, "192.0.2.1", undefined],
  ["a name that is long", { names: [`${"a.".repeat(120)}example.com`] }, "example.com", undefined],
];

for (const [what, wish, domain, form] of cases) {
  test(`identity: ${what}`, async () => {
    const found = identifies(await certificate(wish), domain);
    assert.equal(found.identified ? found.by.form : undefined, form);
  });
}

test("who is not identified can be told what the certificate presents", async () => {
  const der = await certificate({
    names: ["example.org"],
    services: ["_xmpp-server.example.org"],
    xmpp: ["example.org"],
  });
  assert.deepEqual(identifies(der, "example.com"), {
    identified: false,
    presented: [
      { form: "dns", name: "example.org" },
      { form: "srv", name: "_xmpp-server.example.org" },
      { form: "xmpp", name: "example.org" },
    ],
  });
});

test("a service for clients identifies where that is asked for", async () => {
  const der = await certificate({ services: ["_xmpp-client.example.com"] });
  assert.equal(identifies(der, "example.com", "xmpp-client").identified, true);
});

test("names beyond the limit are not looked at", async () => {
  const names = Array.from({ length: 501 }, (_, index) => `n${index}.example.com`);
  const der = await certificate({ names });
  assert.equal(presentedNames(der).length, 500);
  assert.equal(identifies(der, "n499.example.com").identified, true);
  assert.equal(identifies(der, "n500.example.com").identified, false);
});

test("any bytes, and any damage to a certificate, do no harm", async () => {
  const der = await certificate({
    names: ["*.example.com"],
    services: ["_xmpp-server.example.com"],
    xmpp: ["a.example"],
  });
  const damage = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = Uint8Array.from(der);
      for (const [at, byte] of changes) bytes[at] = byte;
      identifies(bytes, "example.com");
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void identifies(bytes, "example.com")));
});

test("a name identifies itself and nothing else", async () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const domains = await Promise.all(
    fc.sample(fc.array(label, { minLength: 2, maxLength: 4 }), 20).map(async (labels) => {
      const domain = labels.join(".");
      return { domain, der: await certificate({ names: [domain] }) };
    }),
  );
  for (const { domain, der } of domains) {
    for (const other of domains) assert.equal(identifies(der, other.domain).identified, other.domain === domain);
  }
});
