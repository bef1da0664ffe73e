import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { connect as connectTls, createSecureContext } from "node:tls";
import { identifies } from "#stream/identity.ts";
import type { PeerCertificate, Transport } from "#stream/transport.ts";
import { Authority, type Issued, type Wish } from "#test/harness/authority.ts";
import { Certificates } from "./certificates.ts";
import { dialer } from "./dial.ts";
import { folder, Journal, listen, writePair } from "./fixture.ts";
import { selfSigned } from "./self-signed.ts";
import { trustAuthorities } from "./trust.ts";

const authority = await Authority.make("An authority");
const between = await Authority.make("Between", authority);
const stranger = await Authority.make("A stranger");
trustAuthorities([authority.certificate]);

const domains = ["capulet.example", "montague.example"] as const;
const [ours, theirs] = domains;

async function certificatesOf(domain: string, issued: Issued): Promise<Certificates> {
  const path = await folder({ after });
  const certificates = await Certificates.load({
    domains: { [domain]: await writePair(path, domain, issued) },
    log: new Journal(),
    watch: false,
  });
  after(() => certificates.close());
  return certificates;
}

const server = await certificatesOf(theirs, await authority.issue({ names: [theirs] }));

/** A server connects to another; what each thinks of the other's certificate. */
async function meeting(
  test: TestContext,
  client: Certificates,
  { direct = false, to = theirs as string, at = server } = {},
): Promise<{ accepted: Transport; connected: Transport }> {
  const { listener, next } = await listen(test, {
    certificates: at,
    directTls: direct,
    alpn: ["xmpp-server"],
    asksCertificate: true,
  });
  const connect = dialer({ certificates: client, log: new Journal(), unsentBytes: 1_000_000 });
  const endpoint = {
    host: to,
    address: "127.0.0.1",
    port: listener.port,
    security: direct ? "direct" : "starttls",
  } as const;
  const [connected, accepted] = await Promise.all([connect(endpoint, { from: ours, to, timeoutMs: 10_000 }), next()]);
  test.after(() => {
    for (const end of [connected, accepted]) end.destroy();
  });
  if (!direct) await Promise.all([accepted.startTls?.(theirs), connected.startTls?.(to)]);
  return { accepted, connected };
}

function shown(certificate: PeerCertificate | undefined) {
  assert.ok(certificate !== undefined);
  const { raw: _raw, ...rest } = certificate;
  return rest;
}

for (const direct of [false, true]) {
  test(`each server sees the other's certificate: ${direct ? "direct TLS" : "STARTTLS"}`, async (test) => {
    const client = await certificatesOf(ours, await authority.issue({ names: [ours] }));
    const { accepted, connected } = await meeting(test, client, { direct });
    assert.deepEqual(shown(accepted.tls?.peerCertificate()), { authorized: true });
    assert.equal(identifies(accepted.tls!.peerCertificate()!.raw, ours).identified, true);
    assert.deepEqual(shown(connected.tls?.peerCertificate()), { authorized: true });
    assert.equal(identifies(connected.tls!.peerCertificate()!.raw, theirs).identified, true);
    assert.equal(accepted.tls?.alpn, direct ? "xmpp-server" : undefined);
    assert.equal(accepted.tls?.serverName, theirs);
  });
}

const year = 365;
const serverOnly = ["1.3.6.1.5.5.7.3.1"];
const verdicts: readonly (readonly [string, () => Promise<Issued>, object])[] = [
  [
    "expired",
    () => authority.issue({ names: [ours], from: -90, until: -1 }),
    { authorized: false, problem: "time", reason: "CERT_HAS_EXPIRED" },
  ],
  [
    "not valid yet",
    () => authority.issue({ names: [ours], from: 1, until: year }),
    { authorized: false, problem: "time", reason: "CERT_NOT_YET_VALID" },
  ],
  [
    "of a stranger",
    () => stranger.issue({ names: [ours] }),
    { authorized: false, problem: "trust", reason: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  ],
  [
    "its own",
    () => selfSigned({ names: [ours] }),
    { authorized: false, problem: "trust", reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
  ],
  ["for servers only", () => authority.issue({ names: [ours], purposes: serverOnly }), { authorized: true }],
  ["for servers only, through another", chained(authority, between), { authorized: true }],
  [
    "for servers only, and expired",
    () => authority.issue({ names: [ours], purposes: serverOnly, until: -0.5 }),
    { authorized: false, problem: "time", reason: "CERT_HAS_EXPIRED" },
  ],
  [
    "for mail",
    () => authority.issue({ names: [ours], purposes: ["1.3.6.1.5.5.7.3.4"] }),
    { authorized: false, problem: "trust", reason: "INVALID_PURPOSE" },
  ],
  [
    "for servers only, of a stranger",
    () => stranger.issue({ names: [ours], purposes: serverOnly }),
    { authorized: false, problem: "trust", reason: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  ],
  [
    "for servers only, of a stranger who comes along",
    withRoot(stranger),
    { authorized: false, problem: "trust", reason: "INVALID_PURPOSE" },
  ],
  ["at the end of a chain too long", tooLong, { authorized: false, problem: "trust", reason: "INVALID_PURPOSE" }],
  ["issued by an authority for mail", byMail, { authorized: false, problem: "trust", reason: "INVALID_PURPOSE" }],
  [
    "not understood",
    () => authority.issue({ names: [ours], purposes: serverOnly, critical: ["1.3.6.1.4.1.11129.2.4.3"] }),
    { authorized: false, problem: "trust" },
  ],
  ["issued by who may not", issuedByLeaf, { authorized: false, problem: "trust" }],
];

function chained(root: Authority, issuer: Authority): () => Promise<Issued> {
  return async () => {
    const leaf = await issuer.issue({ names: [ours], purposes: serverOnly });
    return { ...leaf, certificate: leaf.certificate + issuer.certificate + root.certificate };
  };
}

function withRoot(root: Authority): () => Promise<Issued> {
  return async () => {
    const leaf = await root.issue({ names: [ours], purposes: serverOnly });
    return { ...leaf, certificate: leaf.certificate + root.certificate };
  };
}

/** An authority that may issue for servers only makes another authority. OpenSSL ends with the purpose of the one above. */
async function tooLong(): Promise<Issued> {
  const above = await Authority.make("Above", authority, { purposes: serverOnly });
  const first = await Authority.make("First", above, { length: 0 });
  const second = await Authority.make("Second", first);
  const leaf = await second.issue({ names: [ours], purposes: serverOnly });
  return { ...leaf, certificate: [leaf, second, first, above].map(({ certificate }) => certificate).join("") };
}

/** An authority for mail issues for a server. */
async function byMail(): Promise<Issued> {
  const mail = await Authority.make("Mail", authority, { purposes: ["1.3.6.1.5.5.7.3.4"] });
  const leaf = await mail.issue({ names: [ours], purposes: serverOnly });
  return { ...leaf, certificate: leaf.certificate + mail.certificate };
}

/** Somebody with a certificate for a name of theirs issues one for ours. */
async function issuedByLeaf(): Promise<Issued> {
  const false_ = await Authority.make("evil.example", authority, { authority: false });
  const leaf = await false_.issue({ names: [ours], purposes: serverOnly });
  return { ...leaf, certificate: leaf.certificate + false_.certificate };
}

for (const [what, issue, expected] of verdicts) {
  test(`a certificate that is ${what}, shown to the accepting side`, async (test) => {
    const { accepted } = await meeting(test, await certificatesOf(ours, await issue()));
    const found = shown(accepted.tls?.peerCertificate());
    assert.deepEqual({ ...found, ...expected }, found);
  });
}

test("on the connecting side trust and time tell apart, and another name is no problem", async (test) => {
  const client = await certificatesOf(ours, await authority.issue({ names: [ours] }));
  const at = async (wish: Wish, by = authority) => {
    const certificates = await certificatesOf(theirs, await by.issue({ names: [theirs], ...wish }));
    const { connected } = await meeting(test, client, { at: certificates });
    return shown(connected.tls?.peerCertificate());
  };
  assert.deepEqual(await at({ names: ["another.example"] }), { authorized: true });
  assert.deepEqual(await at({ until: -1, from: -9 }), {
    authorized: false,
    problem: "time",
    reason: "CERT_HAS_EXPIRED",
  });
  assert.equal((await at({}, stranger)).problem, "trust");
});

test("who has no certificate, or is not asked, shows none", async (test) => {
  for (const asksCertificate of [true, false]) {
    const { listener, next } = await listen(test, { certificates: server, directTls: true, asksCertificate });
    const context = server.context(theirs);
    const socket = connectTls({
      host: "127.0.0.1",
      port: listener.port,
      rejectUnauthorized: false,
      ...(asksCertificate ? {} : { secureContext: context }),
    });
    test.after(() => socket.destroy());
    assert.equal((await next()).tls?.peerCertificate(), undefined);
  }
});

test("a session that is taken up again keeps its certificate, and one without gets none", async (test) => {
  const { listener, next } = await listen(test, { certificates: server, directTls: true, asksCertificate: true });
  const { listener: clients, next: nextClient } = await listen(test, { certificates: server, directTls: true });
  const issued = await authority.issue({ names: [ours] });
  const context = createSecureContext({ cert: issued.certificate, key: issued.key });
  const through = async (port: number, accepted: () => Promise<Transport>, session?: Buffer) => {
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      rejectUnauthorized: false,
      secureContext: context,
      ...(session ? { session } : {}),
    });
    test.after(() => socket.destroy());
    socket.resume();
    const ticket = new Promise<Buffer>((resolve) => socket.once("session", resolve));
    const transport = await accepted();
    return { transport, ticket, reused: socket.isSessionReused() };
  };
  const first = await through(listener.port, next);
  assert.equal(first.transport.tls?.peerCertificate()?.authorized, true);
  const again = await through(listener.port, next, await first.ticket);
  assert.equal(again.transport.tls?.peerCertificate()?.authorized, true);
  assert.equal(again.reused, true);
  const anonymous = await through(clients.port, nextClient);
  const taken = await through(listener.port, next, await anonymous.ticket);
  assert.equal(taken.transport.tls?.peerCertificate(), undefined);
});

test("names of other alphabets go as A-labels", async (test) => {
  const name = "xn--bcher-kva.example";
  const at = await certificatesOf("bücher.example", await authority.issue({ names: [name] }));
  const client = await certificatesOf(ours, await authority.issue({ names: [ours] }));
  for (const direct of [false, true]) {
    const { accepted, connected } = await meeting(test, client, { at, to: "bücher.example", direct });
    assert.equal(accepted.tls?.serverName, name);
    assert.equal(identifies(connected.tls!.peerCertificate()!.raw, "bücher.example").identified, true);
  }
});
