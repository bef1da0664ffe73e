import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { Jid } from "#jid/jid.ts";
import { authenticate } from "#test/harness/scenario.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

const run = promisify(execFile);

async function started(context: TestContext, settings: object = {}): Promise<RunningService> {
  const service = await startService({
    settings: {
      domains: [{ name: "example.com", aliases: ["example.org"] }],
      "http-upload": { reserve: "1 MiB" },
      accounts: { iterations: 4096 },
      ...settings,
    },
  });
  context.after(() => service.stop());
  await service.addUser("romeo@example.com", "pencil");
  return service;
}

/** Asks for a slot as a client that has logged in under a face. */
async function slot(service: RunningService, face: string, name: string, size: number) {
  const { host, directPort: port } = service;
  const direct = { tls: "direct", serverName: face, alpn: ["xmpp-client"], rejectUnauthorized: false } as const;
  const wire = new Wire(await connectTcp({ host, port, timeoutMs: 5000, ...direct }));
  await authenticate(wire, Jid.parse(`romeo@${face}`));
  wire.writes("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await wire.receives("<iq type='result' id='bind'/>");
  wire.writes(
    `<iq type='get' id='s' to='upload.${face}'><request xmlns='urn:xmpp:http:upload:0' filename='${name}' size='${size}'/></iq>`,
  );
  const reply = await wire.receives("<iq type='result' id='s'/>");
  wire.transport.destroy();
  const [put, get] = reply.elements[0]!.elements;
  return { put: put!.attrs.url!, get: get!.attrs.url! };
}

/** curl, which checks the certificate against the name in the address. */
async function curl(service: RunningService, face: string, ...words: string[]): Promise<string> {
  const resolve = ["--connect-to", `${face}::${service.host}:`, "--cacert", service.certificate()];
  return (await run("curl", ["-sS", "-f", ...resolve, ...words])).stdout;
}

test("files come and go over HTTPS under each name of the domain, with its certificate", async (context) => {
  const service = await started(context);
  for (const face of ["example.com", "example.org"]) {
    const source = join(service.folder, "source");
    writeFileSync(source, face);
    const { put, get } = await slot(service, face, `été ${face}.txt`, face.length);
    assert.equal(new URL(get).hostname, face);
    assert.equal(await curl(service, face, "-T", source, "-w", "%{http_code}", put), "201");
    assert.equal(await curl(service, face, get), face);
    const list = await service.command(["files", "list", "romeo@example.com", "--json"]);
    const files = list
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const file = files.find(({ name }) => name === `été ${face}.txt`);
    assert.equal(file?.sha256, createHash("sha256").update(face).digest("hex"));
    assert.equal(file?.account, "romeo@example.com");
  }
  const usage = JSON.parse(await service.command(["files", "usage", "--json"])) as unknown;
  assert.deepEqual(usage, {
    files: 2,
    bytes: 22,
    accounts: [{ account: "romeo@example.com", files: 2, bytes: 22 }],
  });
  assert.doesNotMatch(service.log, /slot=|%C3%A9t|\/upload\/[0-9a-f]/, "the log names no file");
  assert.match(service.log, /http request/);
});

test("operators list, weigh and delete files, whether the service runs or not; they go with their account", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-files-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const service = await startService({
    folder,
    settings: { accounts: { iterations: 4096 }, "http-upload": { reserve: "1 MiB" } },
  });
  const kept = () => globSync("data/files/??/??/*", { cwd: folder }).length;
  const links: string[] = [];
  try {
    await service.addUser("romeo@example.com", "pencil");
    const source = join(folder, "source");
    writeFileSync(source, Buffer.alloc(1_500_000));
    for (const name of ["a.bin", "b.bin", "c.bin"]) {
      const { put, get } = await slot(service, "example.com", name, 1_500_000);
      await curl(service, "example.com", "-T", source, put);
      links.push(get);
    }
    assert.equal(kept(), 3);
    assert.match(
      await service.command(["files", "list"]),
      /^([0-9a-f]{32} {2}[\d-]{10} {2}until [\d-]{10} +1\.4 MiB {2}romeo@example\.com {2}[abc]\.bin\n){3}$/,
    );
    assert.equal(
      await service.command(["files", "usage"]),
      "  4.3 MiB       3 files  romeo@example.com\n  4.3 MiB       3 files  all\n",
    );
    assert.match(await service.command(["files", "delete", links[0]!]), /^[0-9a-f]{32} was deleted\n$/);
    assert.equal(kept(), 2);
    await assert.rejects(curl(service, "example.com", links[0]!), /404/);
  } finally {
    await service.stop();
  }
  assert.match(await service.command(["files", "delete", links[1]!]), /was deleted/);
  assert.equal(kept(), 1);
  await assert.rejects(service.command(["files", "delete", links[1]!]), /there is no file/);
  assert.equal(await service.command(["files", "usage", "romeo@example.com"]), "  1.4 MiB       1 file   together\n");
  await service.command(["user", "delete", "romeo@example.com"]);
  assert.equal(kept(), 0);
  assert.ok(existsSync(join(folder, "data", "files")));
});
