// needs: python3-slixmpp
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { Jid } from "#jid/jid.ts";
import { Client } from "#test/harness/client.ts";
import { freePort } from "#test/harness/free-port.ts";
import { mismatch, pattern } from "#test/harness/match.ts";
import { authenticate, password } from "#test/harness/scenario.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

/** A real component, on slixmpp, behind our whole service. */

const program = join(import.meta.dirname, "slixmpp", "component.py");
const folder = mkdtempSync(join(tmpdir(), "parloir-component-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const domain = "echo.example.com";
const secret = "what the component knows";

/** The component as a process; tells what happens to it. */
class Component {
  readonly told: string[] = [];
  readonly #process;
  #waiting: (() => void) | undefined;

  constructor(context: TestContext, port: number, by = secret) {
    const words = ["--pdeathsig", "KILL", "/usr/bin/python3", "-B", program, domain, by, "127.0.0.1", `${port}`];
    this.#process = spawn("setpriv", words, { stdio: ["ignore", "pipe", process.env.LOG ? "inherit" : "ignore"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      this.told.push(line);
      this.#waiting?.();
    });
    context.after(() => this.kill());
  }

  /** Waits until it has told something so many times. */
  async tells(what: string, times = 1): Promise<void> {
    while (this.told.filter((line) => line === what).length < times) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }
}

function start(context: TestContext, port: number, listen?: readonly object[]): Promise<RunningService> {
  writeFileSync(join(folder, "secret"), `${secret}\n`, { mode: 0o600 });
  const components = [{ domain, "secret-file": join(folder, "secret"), name: "The echo" }];
  const settings = { accounts: { iterations: 4096 }, component: { components, port }, ...(listen ? { listen } : {}) };
  const starting = startService({ folder, settings });
  context.after(async () => (await starting).stop().catch(() => {}));
  return starting;
}

async function logIn(context: TestContext, service: RunningService): Promise<Client> {
  const jid = Jid.parse("romeo@example.com/orchard");
  const { host, directPort: port } = service;
  const options = { tls: "direct", serverName: "example.com", rejectUnauthorized: false, timeoutMs: 5000 } as const;
  const wire = new Wire(await connectTcp({ host, port, ...options }));
  context.after(() => wire.transport.destroy());
  await authenticate(wire, jid);
  wire.writes(
    "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>orchard</resource></bind></iq>",
  );
  await wire.receives("<iq type='result' id='bind'/>");
  const client = new Client(jid, wire);
  await client.becomesAvailable();
  return client;
}

/** What fits comes, whatever else comes before. */
async function arrives(client: Client, text: string): Promise<void> {
  for (;;) if (mismatch(pattern(text), await client.next(text)) === undefined) return;
}

async function echoes(client: Client, words: string): Promise<void> {
  await client.sends(`<message to='anybody@${domain}' type='chat'><body>${words}</body></message>`);
  await arrives(client, `<message from='anybody@${domain}' type='chat'><body>${words}</body></message>`);
}

test("slixmpp: a component behind the service", async (context) => {
  const port = await freePort();
  const first = await start(context, port);
  await first.addUser("romeo@example.com", password);
  let romeo = await logIn(context, first);
  let component = new Component(context, port);
  await component.tells("joined");

  await context.test("repeats, is found, and can be a contact", async () => {
    await echoes(romeo, "Wherefore &lt; où ?");
    await romeo.sends(
      "<iq type='get' id='items' to='example.com'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    );
    await arrives(
      romeo,
      `<iq id='items'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='${domain}' name='The echo'/></query></iq>`,
    );
    await romeo.sends(
      `<iq type='get' id='info' to='${domain}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    );
    await arrives(
      romeo,
      `<iq id='info' from='${domain}'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='automation'/></query></iq>`,
    );
    await romeo.sends(`<presence type='subscribe' to='bot@${domain}'/>`);
    await arrives(romeo, `<presence from='bot@${domain}/echo'><status>I repeat</status></presence>`);
  });

  await context.test("killed and started again, the session of who writes to it stays", async () => {
    await component.kill();
    while (!first.log.includes("component gone")) await delay(10);
    await romeo.sends(`<message to='anybody@${domain}' type='chat' id='lost'><body>There?</body></message>`);
    await arrives(romeo, `<message type='error' id='lost'><error type='wait'/></message>`);
    component = new Component(context, port);
    await component.tells("joined");
    await echoes(romeo, "You are back");
  });

  await context.test("is refused with a wrong secret, and nobody notices", async () => {
    const wrong = new Component(context, port, "what it does not know");
    await wrong.tells("disconnected");
    assert.ok(!wrong.told.includes("joined"));
    await wrong.kill();
    assert.match(first.log, /component refused.*not-authorized/);
  });

  await context.test("comes back by itself when the service is started again", async () => {
    await first.stop();
    await component.tells("disconnected");
    const listen = [
      { port: first.port, address: first.host, tls: "starttls" },
      { port: first.directPort, address: first.host, tls: "direct" },
    ];
    const second = await start(context, port, listen);
    await component.tells("joined", 2);
    romeo = await logIn(context, second);
    await arrives(romeo, `<presence from='bot@${domain}/echo'/>`);
    await echoes(romeo, "After the restart");
    assert.doesNotMatch(second.log, / error /);
  });
});
