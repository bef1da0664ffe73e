import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

/** The mechanisms and channel bindings that a client is offered over TLS. */
async function offered(settings: Record<string, unknown>): Promise<string[]> {
  const service = await startService({ settings });
  try {
    const transport = await connectTcp({
      host: service.host,
      port: service.directPort,
      tls: "direct",
      serverName: "example.com",
      alpn: ["xmpp-client"],
      ca: readFileSync(service.certificate(), "utf8"),
      timeoutMs: 10_000,
    });
    const wire = new Wire(transport);
    const { features } = await wire.opens("example.com");
    transport.destroy();
    return features.elements.flatMap((feature) => feature.elements.map((one) => one.attrs.type ?? one.text));
  } finally {
    await service.stop();
  }
}

test("channel binding is offered, by both types", async () => {
  const names = await offered({});
  for (const name of ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "tls-exporter", "tls-server-end-point"]) {
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  }
});

test("channel binding can be turned off for clients that cannot do it", async () => {
  const names = await offered({ c2s: { "channel-binding": false } });
  assert.ok(names.includes("SCRAM-SHA-256"));
  assert.deepEqual(
    names.filter((name) => /PLUS$|^tls-/.test(name)),
    [],
  );
});
