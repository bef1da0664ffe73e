import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type HttpLimits, listenHttp } from "#adapters/http/listen.ts";
import { silent } from "#core/log.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { uploadedFiles } from "./index.ts";

const limits: HttpLimits = {
  handshakeMs: 5000,
  headerMs: 5000,
  idleMs: 5000,
  headerBytes: 16_384,
  bytesInPeriod: 1000,
  periodMs: 1000,
};

function options(more: object = {}): ScenarioOptions {
  const settings = { "http-upload": { reserve: "0 B", url: "https://files.example.com/upload/", ...more } };
  return { skipOn: ["prosody", "service"], why: "it looks inside", settings };
}

/** A listener as for a reverse proxy, and a client that asks for slots. */
async function door(stage: Stage, context: TestContext) {
  const admission = { add: () => true, remove: () => {}, open: 0, refused: 0 };
  const listener = await listenHttp({
    address: "127.0.0.1",
    port: 0,
    certificates: undefined,
    trustedProxies: [],
    limits,
    admission,
    routes: stage.assembly.routes,
    log: silent,
    graceMs: 100,
  });
  context.after(() => listener.close());
  const romeo = await stage.connect("romeo@example.com/orchard");
  const local = (url: string) => url.replace("https://files.example.com", `http://127.0.0.1:${listener.port}`);
  const slot = async (name: string, size: number, type = "") => {
    const described = `filename='${name}' size='${size}' ${type === "" ? "" : `content-type='${type}'`}`;
    await romeo.sends(
      `<iq type='get' id='s' to='upload.example.com'><request xmlns='urn:xmpp:http:upload:0' ${described}/></iq>`,
    );
    const [put, get] = (await romeo.next()).elements[0]!.elements;
    return { put: local(put!.attrs.url!), get: local(get!.attrs.url!) };
  };
  const uploaded = async (name: string, content: string | Buffer, type = "") => {
    const { put, get } = await slot(name, Buffer.byteLength(content), type);
    const answer = await fetch(put, { method: "PUT", body: new Uint8Array(Buffer.from(content)) });
    assert.equal(answer.status, 201, await answer.text());
    return { put, get };
  };
  return { port: listener.port, slot, uploaded };
}

async function status(url: string, init: RequestInit & { readonly body?: string } = {}): Promise<number> {
  const { body, ...rest } = init; // a text would come with a Content-Type
  const answer = await fetch(url, body === undefined ? rest : { ...rest, body: new Blob([body]) });
  await answer.arrayBuffer();
  return answer.status;
}

/** What is on disk. */
function onDisk({ assembly }: Stage): string[] {
  return globSync("files/**/*", { cwd: assembly.server.folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

async function bare(context: TestContext, port: number): Promise<Socket & { told: string }> {
  const socket = Object.assign(connect({ host: "127.0.0.1", port }), { told: "" });
  context.after(() => void socket.destroy());
  socket.on("error", () => {});
  socket.on("data", (part) => {
    socket.told += part.toString("latin1");
  });
  await once(socket, "connect");
  return socket;
}

async function told(socket: Socket & { told: string }, pattern: RegExp): Promise<void> {
  while (!pattern.test(socket.told)) {
    if (socket.closed) assert.match(socket.told, pattern);
    await Promise.race([once(socket, "data"), once(socket, "close")]);
  }
}

function putHead(url: string, headers: string): string {
  const { pathname, search } = new URL(url);
  return `PUT ${pathname}${search} HTTP/1.1\r\nHost: example.com\r\n${headers}\r\n`;
}

scenario(
  "files over HTTP: what was uploaded comes back, with headers that keep it harmless",
  options(),
  async (stage, context) => {
    const { slot } = await door(stage, context);
    const content = "<script>alert(1)</script>";
    const { put, get } = await slot("été.html", content.length, "text/html");
    const created = await fetch(put, {
      method: "PUT",
      body: content,
      headers: { "Content-Type": "text/html; charset=utf-8" },
    });
    assert.equal(created.status, 201);
    const answer = await fetch(get);
    assert.equal(await answer.text(), content);
    const etag = `"${createHash("sha256").update(content).digest("base64url")}"`;
    assert.equal(created.headers.get("etag"), etag);
    for (const [name, value] of [
      ["etag", etag],
      ["content-type", "text/html"],
      ["content-length", "25"],
      ["content-disposition", "attachment; filename=\"_t_.html\"; filename*=UTF-8''%C3%A9t%C3%A9.html"],
      ["x-content-type-options", "nosniff"],
      ["cross-origin-resource-policy", "cross-origin"],
      ["access-control-allow-origin", "*"],
      ["accept-ranges", "bytes"],
    ] as const) {
      assert.equal(answer.headers.get(name), value, name);
    }
    assert.match(answer.headers.get("content-security-policy")!, /default-src 'none';.*; sandbox$/);
    assert.match(answer.headers.get("cache-control")!, /^private, max-age=\d+, immutable$/);
    assert.match(answer.headers.get("access-control-expose-headers")!, /Content-Range/);
    const head = await fetch(get, { method: "HEAD", headers: { Range: "bytes=0-1" } });
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, "25"]);
    const { uploaded } = { uploaded: await slot("a.png", 1, "image/png") };
    assert.equal(await status(uploaded.put, { method: "PUT", body: "x" }), 201, "a type is not needed with the file");
    assert.match((await fetch(uploaded.get)).headers.get("content-disposition")!, /^inline; /);
  },
);

scenario("files over HTTP: parts, and conditions", options(), async (stage, context) => {
  const { uploaded } = await door(stage, context);
  const { get } = await uploaded("digits.txt", "0123456789");
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(get, { headers });
    return [answer.status, await answer.text(), answer.headers.get("content-range")];
  };
  const etag = (await fetch(get)).headers.get("etag")!;
  assert.deepEqual(await ask({ Range: "bytes=2-4" }), [206, "234", "bytes 2-4/10"]);
  assert.deepEqual(await ask({ Range: "bytes=-3" }), [206, "789", "bytes 7-9/10"]);
  assert.deepEqual(await ask({ Range: "bytes=0-1,3-4" }), [200, "0123456789", null]);
  assert.deepEqual((await ask({ Range: "bytes=10-" })).toSpliced(1, 1), [416, "bytes */10"]);
  assert.deepEqual(await ask({ Range: "bytes=2-4", "If-Range": etag }), [206, "234", "bytes 2-4/10"]);
  assert.deepEqual(await ask({ Range: "bytes=2-4", "If-Range": '"other"' }), [200, "0123456789", null]);
  assert.deepEqual(await ask({ "If-None-Match": etag }), [304, "", null]);
  assert.deepEqual((await ask({ "If-Match": '"other"' }))[0], 412);
});

scenario("files over HTTP: web clients of any origin may", options(), async (stage, context) => {
  const { slot } = await door(stage, context);
  const { put, get } = await slot("a.png", 1);
  for (const url of [put, get, get.replace(/[0-9a-f]{32}.*/, "")]) {
    const answer = await fetch(url, { method: "OPTIONS", headers: { Origin: "https://elsewhere.example" } });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.match(answer.headers.get("access-control-allow-methods")!, /PUT/);
    assert.match(answer.headers.get("access-control-allow-headers")!, /Content-Type/);
  }
  const refused = await fetch(get, { method: "POST" });
  assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin")], [405, "*"]);
});

scenario("files over HTTP: a slot is for one file, as announced", options(), async (stage, context) => {
  const { slot, port } = await door(stage, context);
  const { put, get } = await slot("a.png", 5, "image/png");
  const tries = async (body: string, headers: Record<string, string> = {}) =>
    status(put, { method: "PUT", body, headers });
  assert.equal(await tries("1234"), 400);
  assert.equal(await tries("123456"), 413);
  assert.equal(await tries("12345", { "Content-Type": "text/html" }), 415);
  assert.equal(await tries("12345", { "Content-Encoding": "gzip" }), 415);
  assert.equal(await tries("12345", { "Content-Range": "bytes 0-4/10" }), 400);
  const chunked = await bare(context, port);
  chunked.write(`${putHead(put, "Transfer-Encoding: chunked\r\n")}5\r\n12345\r\n0\r\n\r\n`);
  await told(chunked, /^HTTP\/1\.1 411 /);
  assert.equal(await status(get), 404);
  assert.equal(await tries("12345"), 201);
  assert.equal(await tries("12345"), 409);
  assert.equal(await (await fetch(get)).text(), "12345");
  assert.equal(onDisk(stage).length, 1);
});

scenario(
  "files over HTTP: an upload that breaks off leaves nothing, and can be tried again",
  options(),
  async (stage, context) => {
    const { slot, port } = await door(stage, context);
    const { put, get } = await slot("a", 10);
    const short = await bare(context, port);
    short.write(`${putHead(put, "Content-Length: 10\r\n")}12345`);
    while (onDisk(stage).length === 0) await sleep(5);
    assert.equal(await status(get), 404, "half a file is no file");
    short.destroy();
    while (onDisk(stage).length > 0) await sleep(5);
    const slow = await bare(context, port);
    slow.write(`${putHead(put, "Content-Length: 10\r\n")}1`);
    await once(slow, "close"); // cut off
    while (onDisk(stage).length > 0) await sleep(5);
    const long = await bare(context, port);
    long.write(`${putHead(put, "Content-Length: 10\r\n")}1234567890and more\r\n\r\n`);
    await told(long, /HTTP\/1\.1 400 /); // what follows is no request; whether what came before counts is open
    const again = () => status(put, { method: "PUT", body: "1234567890" });
    while ((await again()) === 409 && (await status(get)) === 404) await sleep(5); // it is still being cleared away
    assert.equal(await (await fetch(get)).text(), "1234567890");
  },
);

scenario("files over HTTP: of several uploads at once to one slot, one wins", options(), async (stage, context) => {
  const { slot } = await door(stage, context);
  const { put, get } = await slot("a", 300_000);
  const bodies = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(300_000));
  const statuses = await Promise.all(bodies.map((body) => status(put, { method: "PUT", body })));
  assert.deepEqual(statuses.toSorted(), [201, 409, 409, 409, 409]);
  assert.equal(await (await fetch(get)).text(), bodies[statuses.indexOf(201)]);
  assert.equal(onDisk(stage).length, 1);
});

scenario(
  "files over HTTP: slots are of this server, for this file, and end",
  options({ slot: "50 ms" }),
  async (stage, context) => {
    const { slot } = await door(stage, context);
    const { put, get } = await slot("a.txt", 1);
    const url = new URL(put);
    const [content = "", signature = ""] = url.searchParams.get("slot")!.split(".");
    const forged = Buffer.from(Buffer.from(content, "base64url").toString().replace(",1,", ",9,")).toString(
      "base64url",
    );
    for (const [path, query] of [
      [url.pathname, ""],
      [url.pathname, "?slot="],
      [url.pathname, "?slot=."],
      [url.pathname, `?slot=${content}`],
      [url.pathname, `?slot=${content}.${signature.slice(0, -2)}`],
      [url.pathname, `?slot=${forged}.${signature}`],
      [url.pathname, `?slot=${content}.${"A".repeat(43)}`],
      [url.pathname.replace("a.txt", "b.txt"), url.search],
      [url.pathname.replace(/[0-9a-f]{32}/, "0".repeat(32)), url.search],
      ["/upload/", url.search],
    ]) {
      const body = "x".repeat(query?.includes(forged) ? 9 : 1);
      assert.equal(await status(`${url.origin}${path}${query}`, { method: "PUT", body }), 403, `${path}${query}`);
    }
    await sleep(60);
    assert.equal(await status(put, { method: "PUT", body: "x" }), 403, "too late");
    assert.equal(await status(get), 404);
    assert.deepEqual(onDisk(stage), []);
  },
);

scenario("files over HTTP: no path leads anywhere but to files", options(), async (stage, context) => {
  const { uploaded, port } = await door(stage, context);
  const { get } = await uploaded("a.txt", "text");
  const { pathname } = new URL(get);
  const [, id = ""] = /upload.([0-9a-f]{32})/.exec(pathname)!;
  writeFileSync(join(stage.assembly.server.folder, "secret"), "secret");
  for (const path of [
    "/",
    "/upload",
    "/upload/",
    `/upload/${id}`,
    `/upload/${id}/`,
    `/upload/${id}/b.txt`,
    `/upload/${id}/a.txt/`,
    `/upload/${id}/a.txt%00`,
    `/upload/${id}/%`,
    `/upload/${id.toUpperCase()}x/a.txt`,
    `/upload/${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`,
    "/upload/../secret",
    "/upload/../../secret",
    "/upload/%2e%2e/secret",
    "/upload/..%2fsecret",
    "/upload/..%5csecret",
    `/upload/${id}/../../secret`,
    `/upload/${id}/..%2f..%2f..%2fsecret`,
    `//upload/${id}/a.txt`,
    `/upload//${id}/a.txt`,
    "/upload/incoming/x",
    `/upload/${"a".repeat(15_000)}`,
    `/upload/${id}/${"%61".repeat(4000)}`,
  ]) {
    const socket = await bare(context, port);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await once(socket, "close");
    assert.match(socket.told, /^HTTP\/1\.1 404 /, path.slice(0, 100));
    assert.doesNotMatch(socket.told, /secret|text\r/);
  }
});

scenario("files over HTTP: names may be anything", options(), async (stage, context) => {
  const { uploaded } = await door(stage, context);
  for (const [name, shown] of [
    ["../../../etc/passwd", "_.._.._etc_passwd"],
    ["a\u202egpj.exe", "agpj.exe"],
    ["日本語 😀.txt", "日本語 😀.txt"],
    ["%2e%2e%2f?x#y", "%2e%2e%2f?x#y"],
    ["&quot;; rm -rf *", '"; rm -rf *'],
    ["x".repeat(1000), "x".repeat(200)],
  ] as const) {
    const { get } = await uploaded(name, "x");
    assert.equal(decodeURIComponent(new URL(get).pathname.slice("/upload/".length + 33)), shown);
    assert.equal(await status(get), 200, name);
  }
});

scenario(
  "files over HTTP: whoever has the slot can delete the file, and nobody gets its place",
  options(),
  async (stage, context) => {
    const { uploaded } = await door(stage, context);
    const { put, get } = await uploaded("a", "x");
    assert.equal(await status(get, { method: "DELETE" }), 403);
    assert.equal(await status(put, { method: "DELETE" }), 204);
    assert.equal(await status(get), 404);
    assert.equal(await status(put, { method: "DELETE" }), 404);
    assert.equal(await status(put, { method: "PUT", body: "y" }), 409);
    assert.deepEqual(onDisk(stage), []);
  },
);

scenario(
  "files over HTTP: curl uploads, goes on where it stopped, and asks only for what is new",
  options(),
  async (stage, context) => {
    const { slot } = await door(stage, context);
    const run = promisify(execFile);
    const { folder } = stage.assembly.server;
    const [source, target] = [join(folder, "source"), join(folder, "target")];
    const content = Buffer.alloc(3_000_000, "0123456789");
    mkdirSync(folder, { recursive: true });
    writeFileSync(source, content);
    const { put, get } = await slot("big.bin", content.length);
    const curl = async (...words: string[]) =>
      (await run("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", ...words])).stdout;
    assert.equal(await curl("-T", source, put), "201");
    assert.equal(await curl("-T", source, put), "409");
    assert.equal(await curl("-T", source, "-H", "Transfer-Encoding: chunked", put), "411");
    writeFileSync(target, content.subarray(0, 1_000_000));
    assert.equal((await run("curl", ["-sS", "-C", "-", "-o", target, "-w", "%{http_code}", get])).stdout, "206");
    assert.ok(readFileSync(target).equals(content));
    const tag = (await fetch(get, { method: "HEAD" })).headers.get("etag")!;
    assert.equal(await curl("-H", `If-None-Match: ${tag}`, get), "304");
    assert.equal(await curl("--path-as-is", `${new URL(get).origin}/upload/../../../../etc/passwd`), "404");
  },
);

scenario(
  "files over HTTP: a full disk leaves no half file, and the next one fits again",
  options(),
  async (stage, context) => {
    const place = join(stage.assembly.server.folder, "files");
    mkdirSync(place, { recursive: true });
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", place]).status !== 0) {
      context.skip("only root may mount a small disk");
      return;
    }
    try {
      const { slot } = await door(stage, context);
      const { put, get } = await slot("a", 1_500_000);
      const filler = join(place, "filler");
      writeFileSync(filler, Buffer.alloc(1_000_000));
      const body = "x".repeat(1_500_000);
      assert.equal(await status(put, { method: "PUT", body }), 507);
      assert.deepEqual(onDisk(stage), ["filler"]);
      assert.equal(await status(get), 404);
      writeFileSync(filler, "");
      assert.equal(await status(put, { method: "PUT", body }), 201);
      const files = uploadedFiles(stage.assembly.server)!;
      await assert.rejects(files.reserve({ account: "romeo@example.com", name: "b", size: 1_000_000 }), {
        reason: "no-room",
      });
    } finally {
      spawnSync("umount", ["-l", place]);
    }
    assert.ok(existsSync(place));
  },
);
