// needs: go-sendxmpp curl
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningService, startService } from "#test/harness/service.ts";

/** go-sendxmpp: what scripts send, over TLS with our certificate checked. */

const folder = mkdtempSync(join(tmpdir(), "go-sendxmpp-"));
let service: RunningService;

before(async () => {
  service = await startService({ domains: ["localhost"], settings: { accounts: { iterations: 4096 } } });
  for (const who of ["romeo", "juliet"]) await service.addUser(`${who}@localhost`, "pencil");
});

after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
  assert.doesNotMatch(service.log, / error /);
});

function environment(certificate = service.certificate("localhost")): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: folder, SSL_CERT_FILE: certificate, SSL_CERT_DIR: folder };
}

/** How to log in; `direct`: with direct TLS. */
function login(who: string, { password = "pencil", direct = false } = {}): string[] {
  const port = direct ? service.directPort : service.port;
  return ["-u", `${who}@localhost`, "-p", password, "-j", `localhost:${port}`, ...(direct ? ["-t"] : [])];
}

function sends(words: readonly string[], input = "", certificate?: string) {
  const { status, stderr } = spawnSync("go-sendxmpp", words, {
    input,
    env: environment(certificate),
    encoding: "utf8",
    timeout: 10_000,
  });
  return { status, stderr };
}

/** Somebody who prints what comes. */
class Listener {
  readonly #child: ChildProcess;
  #heard = "";

  constructor(who: string, ...more: string[]) {
    const words = ["--pdeathsig", "KILL", "go-sendxmpp", ...login(who), "-l", ...more];
    this.#child = spawn("setpriv", words, { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout!.setEncoding("utf8").on("data", (part) => {
      this.#heard += part;
    });
  }

  async hears(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(10_000);
    for (;;) {
      const match = pattern.exec(this.#heard);
      if (match !== null) return match;
      await once(this.#child.stdout!, "data", { signal }).catch(() => assert.fail(`${pattern} not in: ${this.#heard}`));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

test("a script's message arrives, at once or when its recipient comes", async (context) => {
  for (const direct of [false, true]) {
    const text = `L'alarme <${direct}> & co`;
    assert.deepEqual(sends([...login("romeo", { direct }), "juliet@localhost"], text), { status: 0, stderr: "" });
    const juliet = new Listener("juliet");
    context.after(() => juliet.stop());
    await juliet.hears(new RegExp(`romeo@localhost: ${text}`));
    await juliet.stop();
  }
});

test("a script sends a file: its recipient gets a link to the same bytes", async (context) => {
  const juliet = new Listener("juliet");
  context.after(() => juliet.stop());
  const file = join(folder, "report.pdf");
  writeFileSync(file, randomBytes(300_001));
  assert.deepEqual(sends([...login("romeo"), "-h", file, "juliet@localhost"]), { status: 0, stderr: "" });
  const [, link] = await juliet.hears(/(https:\/\/localhost:\S+)/);
  const fetched = execFileSync("curl", ["--silent", "--fail", "--cacert", service.certificate("localhost"), link!], {
    maxBuffer: 1 << 20,
  });
  assert.ok(fetched.equals(readFileSync(file)));
});

test("a script speaks in a room", async (context) => {
  const room = "test@conference.localhost";
  const juliet = new Listener("juliet", "-c", "-a", "Juliet", room);
  context.after(() => juliet.stop());
  // It does not tell when it has entered, and shows no history: the robot speaks until somebody hears it.
  const heard = juliet.hears(/Robot: Build passed/);
  let waiting = true;
  const over = heard.finally(() => {
    waiting = false;
  });
  while (waiting) {
    const sent = sends([...login("romeo"), "-c", "-a", "Robot", room], "Build passed");
    assert.deepEqual(sent, { status: 0, stderr: "" });
    await Promise.race([over, sleep(100)]);
  }
  await over;
});

test("a wrong password, and a certificate that is not trusted, are failures", () => {
  const words = ["juliet@localhost"];
  const wrong = sends([...login("romeo", { password: "wrong" }), ...words], "No");
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /auth failure: The login or the password is wrong\./);
  const strange = sends([...login("romeo"), ...words], "No", "/dev/null");
  assert.equal(strange.status, 1);
  assert.match(strange.stderr, /unknown authority/);
});
