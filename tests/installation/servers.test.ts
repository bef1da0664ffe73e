import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Certificates } from "#adapters/tcp/certificates.ts";
import { dialer } from "#adapters/tcp/dial.ts";
import { silent } from "#core/log.ts";
import { identifies } from "#stream/identity.ts";
import { Authority, type Issued } from "#test/harness/authority.ts";
import { startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

/** The doors for other servers, of the whole service: who may prove its domain by a certificate. */

const [ours, theirs] = ["montague.example", "capulet.example"] as const;

function written(folder: string, name: string, issued: Issued) {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  writeFileSync(files.certificate, issued.certificate);
  writeFileSync(files.key, issued.key, { mode: 0o600 });
  return files;
}

async function service(context: TestContext, authority: Authority) {
  const folder = mkdtempSync(join(tmpdir(), "parloir-servers-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "authority.crt"), authority.certificate);
  const address = "127.0.0.1";
  const running = await startService({
    folder,
    settings: {
      domains: [{ name: ours, ...written(folder, ours, await authority.issue({ names: [ours] })) }],
      authorities: ["authority.crt"],
      dns: { servers: ["127.0.0.1:1"] },
      listen: [
        { port: 0, address, tls: "starttls" },
        { port: 0, address, tls: "direct" },
        { protocol: "s2s", port: 0, address, tls: "direct" },
      ],
    },
  });
  context.after(() => running.stop());
  const [, port] = /s2s 127\.0\.0\.1 port (\d+) \(direct\)/.exec(await running.command(["status"])) ?? [];
  return { folder, port: Number(port) };
}

/** Connects as a server with a certificate; what it is offered. */
async function offered(context: TestContext, { folder, port }: { folder: string; port: number }, issued: Issued) {
  const files = written(folder, "peer", issued);
  const certificates = await Certificates.load({ domains: { [theirs]: files }, log: silent, watch: false });
  context.after(() => certificates.close());
  const connect = dialer({ certificates, log: silent, unsentBytes: 1_000_000 });
  const endpoint = { host: ours, address: "127.0.0.1", port, security: "direct" } as const;
  const transport = await connect(endpoint, { from: theirs, to: ours, timeoutMs: 5000 });
  context.after(() => transport.destroy());
  assert.equal(transport.tls?.alpn, "xmpp-server");
  assert.equal(identifies(transport.tls!.peerCertificate()!.raw, ours).identified, true);
  const wire = new Wire(transport);
  wire.writes(
    `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' from='${theirs}' to='${ours}'>`,
  );
  await wire.next("a header");
  return (await wire.receives("<stream:features/>")).toString();
}

test("a server whose certificate an authority of the settings has signed may use it", async (context) => {
  const authority = await Authority.make("The institution");
  const running = await service(context, authority);
  assert.match(await offered(context, running, await authority.issue({ names: [theirs] })), />EXTERNAL</);
  assert.doesNotMatch(
    await offered(context, running, await authority.issue({ names: ["other.example"] })),
    />EXTERNAL</,
  );
  const stranger = await Authority.make("A stranger");
  assert.doesNotMatch(await offered(context, running, await stranger.issue({ names: [theirs] })), />EXTERNAL</);
});
