// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { compileClient, PurpleClient, type PurpleOptions } from "./purple/client.ts";

/** libpurple, the library of Pidgin and Finch, against our whole service. */

const folder = mkdtempSync(join(tmpdir(), "purple-client-"));
let program: string;
let service: RunningService;

before(async () => {
  program = compileClient(folder);
  service = await startService({ settings: { accounts: { iterations: 4096 } } });
});
after(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Clients of one test, with accounts of its own, ended with it. */
function stage(context: TestContext) {
  const number = ++count;
  const clients: PurpleClient[] = [];
  context.after(() => Promise.all(clients.map((client) => client.stop())));
  const address = (who: string) => `${who}${number}@example.com`;
  const dial = async (who: string, options: Partial<PurpleOptions> = {}) => {
    const resource = options.address ?? "pidgin";
    await made(address(who));
    const client = new PurpleClient(program, { service, ...options, address: `${address(who)}/${resource}` });
    clients.push(client);
    return client;
  };
  return {
    address,
    dial,
    online: async (who: string, resource = "pidgin") => (await dial(who, { address: resource })).signedOn(),
  };
}
let count = 0;
const accounts = new Set<string>();

async function made(account: string): Promise<void> {
  if (accounts.has(account)) return;
  accounts.add(account);
  await service.addUser(account, "pencil");
}

/** Romeo adds Juliet, and each allows the other. */
async function befriend(romeo: PurpleClient, juliet: PurpleClient): Promise<void> {
  const [his, hers] = [romeo, juliet].map(({ address }) => address.split("/")[0]!) as [string, string];
  romeo.do("add", hers, "Juliette & fils", "Vérone");
  await juliet.expect("authorization-asked", { who: his });
  juliet.do("allow", his);
  juliet.do("add", his, "Roméo", "Vérone");
  await romeo.expect("authorization-asked", { who: hers });
  romeo.do("allow", hers);
  await romeo.expect("buddy-signed-on", { who: hers });
  await juliet.expect("buddy-signed-on", { who: his });
}

test("signs on over STARTTLS", async (context) => {
  const romeo = await stage(context).online("romeo");
  assert.ok(!romeo.has("question"));
  assert.ok(!romeo.has("connection-error"));
});

test("signs on over direct TLS", async (context) => {
  const romeo = await stage(context).dial("romeo", { direct: true });
  await romeo.signedOn();
});
