import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { certificatesFor, Journal } from "#adapters/tcp/fixture.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import { HttpError, type HttpRequest, type HttpRoute, HttpRoutes } from "#core/http.ts";
import { type Admission, type HttpLimits, type ListenHttpOptions, listenHttp } from "./listen.ts";

const limits: HttpLimits = {
  handshakeMs: 5000,
  headerMs: 5000,
  idleMs: 5000,
  headerBytes: 8192,
  bytesInPeriod: 0,
  periodMs: 1000,
};

class Everybody implements Admission {
  open = 0;
  refused = 0;
  most = 1000;
  add(): boolean {
    if (this.open >= this.most) this.refused++;
    else this.open++;
    return this.refused === 0;
  }
  remove(): void {
    this.open--;
  }
}

async function listening(
  context: TestContext,
  route: Partial<HttpRoute>,
  options: Partial<Omit<ListenHttpOptions, "limits">> & { limits?: Partial<HttpLimits> } = {},
) {
  const routes = new HttpRoutes();
  routes.route({ prefix: "/", methods: {}, ...route });
  const log = new Journal();
  const admission = new Everybody();
  const listener = await listenHttp({
    address: "127.0.0.1",
    port: 0,
    certificates: undefined,
    trustedProxies: [],
    admission,
    routes,
    log,
    graceMs: 200,
    ...options,
    limits: { ...limits, ...options.limits },
  });
  context.after(() => listener.close());
  return { listener, log, admission, routes };
}

/** A bare connection that keeps what it is told. */
class Line {
  readonly socket: Socket;
  told = "";
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (part) => {
      this.told += part.toString("latin1");
    });
  }
  async says(wanted: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = wanted.exec(this.told);
      if (found !== null) return found;
      if (this.socket.destroyed) assert.fail(`closed after: ${this.told}`);
      await Promise.race([once(this.socket, "data"), once(this.socket, "close")]);
    }
  }
  /** All that came until the end. */
  async ends(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, "close");
    return this.told;
  }
}

async function line(context: TestContext, port: number, words = ""): Promise<Line> {
  const socket = connect({ host: "127.0.0.1", port });
  context.after(() => void socket.destroy());
  await once(socket, "connect");
  const one = new Line(socket);
  socket.write(words);
  return one;
}

const head = (start: string, more = "") => `${start} HTTP/1.1\r\nHost: Example.COM:5443\r\n${more}\r\n`;

test("a request reaches its route with what it says, and connections are used again", async (context) => {
  const seen: HttpRequest[] = [];
  const { listener } = await listening(context, {
    methods: {
      GET: (request) => {
        seen.push(request);
        return { status: 200, headers: { "X-Test": "1" }, body: "été" };
      },
    },
    headers: { "X-Every": "yes" },
  });
  const one = await line(context, listener.port, head("GET /a/%2e%2e/b?x=%20&y"));
  await one.says(/^HTTP\/1\.1 200 OK\r\n[\s\S]*x-every: yes\r\n[\s\S]*content-length: 5\r\n[\s\S]*\r\n\r\n.{5}$/i);
  one.told = "";
  one.socket.write(head("HEAD http://Other.example/c"));
  const [answer] = await one.says(/[\s\S]*\r\n\r\n$/);
  assert.match(answer, /content-length: 5/i, "of a HEAD, too, and no body");
  const [first, second] = seen;
  assert.deepEqual(
    [first?.method, first?.host, first?.path, first?.query, first?.peer, first?.secure, first?.length],
    ["GET", "example.com", "/a/%2e%2e/b", "x=%20&y", "127.0.0.1", false, 0],
  );
  assert.deepEqual([second?.host, second?.path], ["other.example", "/c"]);
});

test("what nobody answers gets 404 or 405; a fault tells nothing", async (context) => {
  const { listener, log } = await listening(context, {
    prefix: "/a/",
    methods: {
      GET: () => {
        throw new Error("the secret is 42");
      },
      PUT: () => {
        throw new HttpError(403, "No.", { headers: { "X-Why": "because" } });
      },
    },
  });
  const one = await line(context, listener.port);
  const answer = async (request: string) => {
    one.told = "";
    one.socket.write(request);
    const [, length] = await one.says(/content-length: (\d+)\r\n/i);
    return (await one.says(new RegExp(`^[\\s\\S]*\\r\\n\\r\\n[\\s\\S]{${length}}$`)))[0];
  };
  assert.match(await answer(head("GET /b/")), /^HTTP\/1\.1 404 /);
  assert.match(await answer(head("GET /a")), /^HTTP\/1\.1 404 /);
  assert.match(await answer(head("OPTIONS *")), /^HTTP\/1\.1 404 /);
  assert.match(await answer(head("POST /a/")), /^HTTP\/1\.1 405 [\s\S]*allow: GET, PUT, HEAD\r\n/i);
  assert.match(
    await answer(head("PUT /a/", "Content-Length: 0\r\n")),
    /^HTTP\/1\.1 403 [\s\S]*x-why: because[\s\S]*No\.\n$/i,
  );
  assert.equal(log.count("error"), 0);
  const fault = await answer(head("GET /a/"));
  assert.match(fault, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(fault, /42/);
  assert.equal(log.count("error"), 1);
});

test("the log names neither path nor query", async (context) => {
  const { listener, log } = await listening(context, { methods: { GET: () => ({ status: 204 }) } });
  const one = await line(context, listener.port, head("GET /secret-path?secret-query"));
  await one.says(/204/);
  while (!log.entries.some(({ message }) => message === "http request")) await sleep(5);
  assert.doesNotMatch(JSON.stringify(log.entries), /secret/);
});

test("what is no HTTP, or too much of it, is refused", async (context) => {
  const { listener } = await listening(context, { methods: { GET: () => ({ status: 204 }) } });
  const cases: readonly [request: string, status: number][] = [
    ["<stream:stream to='example.com'>\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400], // no Host
    [head("GET /", "Content-Length: 1\r\nContent-Length: 2\r\n"), 400],
    [head("GET /", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400],
    [head("GET /", "Content-Length: -1\r\n"), 400],
    [head("GET /", "A\0: b\r\n"), 400],
    [head("GET /\0"), 400],
    [head("GET /", `A: ${"b".repeat(9000)}\r\n`), 431],
  ];
  for (const [request, status] of cases) {
    const one = await line(context, listener.port, request);
    assert.match(await one.ends(), new RegExp(`^HTTP/1\\.1 ${status} `), request.slice(0, 80));
  }
});

test("a head that does not come is not waited for; nor is a handshake", async (context) => {
  const { certificates } = await certificatesFor(context, "example.com");
  const brief = { headerMs: 100, handshakeMs: 100 };
  const plain = await listening(context, {}, { limits: brief });
  for (const words of ["", "GET / HTTP/1.1\r\nHost"]) {
    const one = await line(context, plain.listener.port, words);
    assert.match(await one.ends(), /^HTTP\/1\.1 408 |^$/);
  }
  const secure = await listening(context, {}, { limits: brief, certificates });
  const one = await line(context, secure.listener.port, "\x16\x03");
  assert.equal(await one.ends(), "");
  while (secure.admission.open > 0) await sleep(5);
});

test("a body that comes too slowly, and an answer that goes too slowly, are cut", async (context) => {
  const { certificates } = await certificatesFor(context, "example.com");
  for (const tls of [false, true]) {
    const failures: unknown[] = [];
    const { listener } = await listening(
      context,
      {
        methods: {
          PUT: async ({ body }) => {
            const got = await text(body).catch((error) => void failures.push(error));
            return { status: got === undefined ? 400 : 201 };
          },
          GET: () => ({ status: 200, body: Readable.from(endless()) }),
        },
      },
      { limits: { bytesInPeriod: 1000, periodMs: 150 }, certificates: tls ? certificates : undefined },
    );
    const dial = async (words: string): Promise<Socket> => {
      const options = { host: "127.0.0.1", port: listener.port, rejectUnauthorized: false };
      const socket = tls ? connectTls(options) : connect(options);
      socket.on("error", () => {});
      context.after(() => void socket.destroy());
      await once(socket, tls ? "secureConnect" : "connect");
      socket.write(words);
      return socket;
    };
    const slow = await dial(head("PUT /", "Content-Length: 1000000\r\n"));
    const drops = setInterval(() => slow.write("x"), 20);
    context.after(() => clearInterval(drops));
    slow.resume();
    // However it ends: a reset is as good as an orderly close.
    if (!slow.closed) await new Promise((closed) => slow.once("close", closed));
    clearInterval(drops);
    while (failures.length === 0) await sleep(5);
    const steady = await dial(head("PUT /", "Content-Length: 20000\r\n"));
    const line = new Line(steady);
    for (let i = 0; i < 10; i++) {
      steady.write("x".repeat(2000));
      await sleep(50);
    }
    await line.says(/^HTTP\/1\.1 201/);
    const deaf = await dial(head("GET /"));
    deaf.pause();
    while (listener.connections > 1) await sleep(10);
  }
});

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

test("who waits for leave to send gets it when the body is wanted, and else the answer alone", async (context) => {
  const { listener } = await listening(context, {
    prefix: "/",
    methods: {
      PUT: async (request) => {
        if (request.path === "/no") throw new HttpError(403, "No.");
        return { status: 201, body: await text(request.body) };
      },
    },
  });
  const expects = (path: string) => head(`PUT ${path}`, "Content-Length: 5\r\nExpect: 100-continue\r\n");
  const one = await line(context, listener.port, expects("/yes"));
  await one.says(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  one.socket.write("hello");
  await one.says(/HTTP\/1\.1 201 [\s\S]*hello$/);
  const two = await line(context, listener.port, expects("/no"));
  two.socket.end();
  assert.match(await two.ends(), /^HTTP\/1\.1 403 [\s\S]*connection: close/i);
});

test("a refusal reaches those who are still sending", async (context) => {
  const { listener } = await listening(context, {
    methods: {
      PUT: () => {
        throw new HttpError(413, "Too much.");
      },
    },
  });
  const one = await line(context, listener.port, head("PUT /", "Content-Length: 3000000\r\n"));
  for (let i = 0; i < 3; i++) one.socket.write(Buffer.alloc(1_000_000));
  assert.match(await one.ends(), /^HTTP\/1\.1 413 [\s\S]*Too much\.\n$/);
});

test("who the client is, trusted proxies say, and nobody else", async (context) => {
  const seen: (readonly [string, boolean])[] = [];
  const route = {
    methods: {
      GET: ({ peer, secure }: HttpRequest) => {
        seen.push([peer, secure]);
        return { status: 204 };
      },
    },
  };
  const trusting = await listening(context, route, { trustedProxies: ["127.0.0.0/8", "2001:db8::1"] });
  const strict = await listening(context, route);
  const forwarded = (value: string) => `X-Forwarded-For: ${value}\r\nX-Forwarded-Proto: https\r\n`;
  for (const [listener, chain, peer, secure] of [
    [trusting, "192.0.2.1", "192.0.2.1", true],
    [trusting, "1.2.3.4, 192.0.2.1, 127.0.0.9", "192.0.2.1", true],
    [trusting, "192.0.2.1, [2001:db8::1]:4711", "192.0.2.1", true],
    [trusting, "192.0.2.1:4711", "192.0.2.1", true],
    [trusting, "192.0.2.1, rubbish", "127.0.0.1", true],
    [trusting, "127.0.0.5", "127.0.0.5", true],
    [strict, "192.0.2.1", "127.0.0.1", false],
  ] as const) {
    const one = await line(context, listener.listener.port, head("GET /", forwarded(chain)));
    await one.says(/204/);
    assert.deepEqual(seen.pop(), [peer, secure], chain);
  }
});

test("over TLS the certificate is the one of the name, and a new one after a change", async (context) => {
  const { certificates, files } = await certificatesFor(context, "example.com", "example.org");
  const { listener } = await listening(
    context,
    { methods: { GET: ({ secure }) => ({ status: 200, body: String(secure) }) } },
    { certificates },
  );
  const shown = async (servername?: string) => {
    const socket: TLSSocket = connectTls({
      host: "127.0.0.1",
      port: listener.port,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", "http/1.1"],
      ...(servername === undefined ? {} : { servername }),
    });
    context.after(() => void socket.destroy());
    await once(socket, "secureConnect");
    assert.equal(socket.alpnProtocol, "http/1.1");
    const name = socket.getPeerCertificate().subjectaltname;
    const print = socket.getPeerCertificate().fingerprint256;
    const one = new Line(socket);
    socket.write(head("GET /"));
    await one.says(/true$/);
    return { name, print };
  };
  assert.equal((await shown("example.org")).name, "DNS:example.org");
  const before = await shown();
  assert.equal(before.name, "DNS:example.com");
  const renewed = await selfSigned({ names: ["example.com"] });
  await writeFile(files[0]![1].key, renewed.key);
  await writeFile(files[0]![1].certificate, renewed.certificate);
  await certificates.reload();
  assert.notEqual((await shown()).print, before.print);
  assert.notEqual((await shown("example.com")).print, before.print);
});

test("connections over the limit are closed", async (context) => {
  const { listener, admission } = await listening(context, { methods: { GET: () => ({ status: 204 }) } });
  admission.most = 1;
  const one = await line(context, listener.port, head("GET /"));
  await one.says(/204/);
  const two = await line(context, listener.port, head("GET /"));
  assert.equal(await two.ends(), "");
  assert.deepEqual([listener.connections, listener.refused], [1, 1]);
});

test("a stop waits for what is under way, a little, and for nothing else", async (context) => {
  const wanted = Promise.withResolvers<void>();
  const { listener } = await listening(
    context,
    {
      methods: {
        GET: async ({ path }) => {
          if (path === "/slow") await sleep(50);
          return { status: 200, body: "done" };
        },
        PUT: ({ body }) => {
          wanted.resolve();
          return text(body).then(
            () => ({ status: 201 }),
            () => ({ status: 400 }),
          );
        },
      },
    },
    { graceMs: 150 },
  );
  const idle = await line(context, listener.port, head("GET /"));
  await idle.says(/done/);
  const slow = await line(context, listener.port, head("GET /slow"));
  const stuck = await line(context, listener.port, head("PUT /", "Content-Length: 10\r\n"));
  await wanted.promise;
  const closed = listener.close();
  await idle.ends();
  assert.match(await slow.ends(), /done$/);
  await stuck.ends();
  await closed;
  while (listener.connections > 0) await sleep(5);
});

test("a route takes connections over that ask for it; else they are refused", async (context) => {
  const { listener } = await listening(context, {
    prefix: "/socket/",
    methods: {},
    upgrade: (request, socket) => socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.path}`),
  });
  const asks = (path: string) => head(`GET ${path}`, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  assert.match(
    await (await line(context, listener.port, asks("/socket/x"))).ends(),
    /^HTTP\/1\.1 101 [\s\S]*\/socket\/x$/,
  );
  await (await line(context, listener.port, asks("/"))).says(/^HTTP\/1\.1 404 /);
});

test("requests that come before their answers are few: nobody makes work pile up over one connection", async (context) => {
  let begun = 0;
  const answers = Promise.withResolvers<void>();
  const { listener } = await listening(context, {
    methods: {
      GET: async () => {
        begun++;
        await answers.promise;
        return { status: 200, body: "here" };
      },
    },
  });
  const two = await line(context, listener.port, head("GET /") + head("GET /", "Connection: close\r\n"));
  while (begun < 2) await sleep(5);
  const many = await line(context, listener.port, head("GET /").repeat(2000));
  await new Promise((resolve) => many.socket.once("close", resolve)); // perhaps reset
  assert.equal(many.told, "");
  assert.ok(begun <= 2 + 4, `${begun}`);
  answers.resolve();
  assert.equal([...(await two.ends()).matchAll(/ 200 OK/g)].length, 2);
});

test("who proposes another protocol that is not spoken here is answered in this one (RFC 9110 §7.8)", async (context) => {
  const { listener } = await listening(context, { methods: { GET: () => ({ status: 200, body: "here" }) } });
  const asks = head(
    "GET /",
    "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
  );
  assert.match(await (await line(context, listener.port, asks)).ends(), /^HTTP\/1\.1 200 [\s\S]*here$/);
});

test("a route that fails to take a connection over ends that one, and no other", async (context) => {
  const { listener, log } = await listening(context, {
    methods: {},
    upgrade: () => {
      throw new Error("no");
    },
  });
  const asks = head("GET /", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  await (await line(context, listener.port, asks)).ends();
  assert.match(JSON.stringify(log), /fault of this program/);
  while (listener.connections > 0) await sleep(5);
});

test("a request that names two hosts is refused (RFC 9112 §3.2)", async (context) => {
  const { listener } = await listening(context, { methods: { GET: () => ({ status: 200, body: "here" }) } });
  for (const more of ["Host: example.net\r\n", "HOST: example.com:5443\r\n"]) {
    const asks = head("GET /", `${more}Connection: close\r\n`);
    assert.match(await (await line(context, listener.port, asks)).ends(), /^HTTP\/1\.1 400 /);
  }
});

test("a port that is taken is told of in words", async (context) => {
  const { listener } = await listening(context, {});
  await assert.rejects(listening(context, {}, { port: listener.port }), /another program listens there already/);
});
