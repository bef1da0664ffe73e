import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { LdapAccounts } from "#adapters/ldap/accounts.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import { DirectoryError } from "#core/people.ts";
import { SettingsError } from "#core/settings.ts";
import { noSlapd, type Slapd, startSlapd } from "#test/harness/slapd.ts";
import { directoryTest, failure, journal, open, using } from "./opening.ts";

const right = (accounts: LdapAccounts) => accounts.verify("pmartin", "pass-pmartin");

/** Waits until a login works. */
async function recovered(accounts: LdapAccounts): Promise<void> {
  for (;;) {
    const outcome = await right(accounts).catch(failure("temporary-auth-failure"));
    if ((await right(accounts).catch(() => false)) && outcome) return;
    await delay(20);
  }
}

directoryTest("a directory that is down at start is found when it comes", async (slapd) => {
  await slapd.stop();
  await using(open(slapd, { "sync-interval": "300 ms" }), async ({ accounts, people }) => {
    await assert.rejects(right(accounts), failure("temporary-auth-failure"));
    await assert.rejects(accounts.verify("mercutio", "x"), failure("temporary-auth-failure"));
    assert.equal(await accounts.verify("pmartin", ""), false, "that needs no directory");
    await assert.rejects(async () => accounts.exists("pmartin"), DirectoryError);
    await assert.rejects(people.find("pmartin"), DirectoryError);
    await assert.rejects(people.search({ any: "martin" }, 10), DirectoryError);
    await slapd.start();
    await recovered(accounts);
    assert.equal(await accounts.exists("pmartin"), true);
    assert.equal((await people.search({ any: "pierre martin" }, 10)).people.length, 2);
  });
});

directoryTest("during an outage nobody is logged out, and people stay known", async (slapd) => {
  await using(open(slapd, { "sync-interval": "50 ms" }), async ({ accounts, people }) => {
    const changes: unknown[] = [];
    people.watch((change) => changes.push(change));
    await delay(0); // those who are disabled already
    changes.length = 0;
    await slapd.stop();
    await assert.rejects(people.refresh(), DirectoryError);
    await assert.rejects(people.refresh(), DirectoryError);
    assert.equal(await accounts.exists("pmartin"), true);
    assert.equal(await accounts.exists("mercutio"), false);
    assert.equal((await people.find("hlegall"))?.displayName, "Hélène Le Gall");
    assert.deepEqual(await people.resolve("hlg"), ["hlegall"]);
    await slapd.start();
    await recovered(accounts);
    assert.deepEqual(changes, []);
  });
});

directoryTest("a server that says nothing is a server that is down", async (slapd) => {
  const log = journal();
  await using(open(slapd, { timeout: "1 s" }, { log }), async ({ accounts }) => {
    assert.equal(await right(accounts), true);
    slapd.freeze();
    await assert.rejects(right(accounts), failure("temporary-auth-failure"));
    const many = Array.from({ length: 30 }, () => right(accounts));
    for (const { status } of await Promise.allSettled(many)) assert.equal(status, "rejected");
    slapd.thaw();
    await recovered(accounts);
    assert.ok(log.lines.some((line) => line.startsWith("error: no directory server answers")));
    assert.ok(log.lines.some((line) => line.startsWith("info: a directory server answers again")));
  });
});

test("logins go on, under load, while one of two servers stops and comes back", {
  skip: noSlapd ?? false,
}, async () => {
  const servers = await Promise.all([startSlapd(), startSlapd()]);
  const [one, two] = servers as [Slapd, Slapd];
  try {
    // Each has a certificate of its own, so these connections are not encrypted.
    const settings = { url: [one.url, two.url], "start-tls": false, pool: 4 };
    const log = journal();
    const returned = () => log.lines.filter((line) => line.startsWith("info: a directory server answers again")).length;
    await using(open(one, settings, { log }), async ({ accounts }) => {
      let going = true;
      const outcomes: boolean[] = [];
      const client = async (login: string) => {
        while (going) {
          outcomes.push(await accounts.verify(login, `pass-${login}`).catch(() => false));
          outcomes.push(
            await accounts.verify(login, "wrong").then(
              (accepted) => !accepted,
              () => false,
            ),
          );
        }
      };
      const clients = ["pmartin", "hlegall", "élise", "edurand", "nlefevre", "sbernard"].map(client);
      for (const server of [one, two, one]) {
        const [before, returns] = [outcomes.length, returned()];
        await server.stop();
        while (outcomes.length < before + 60) await delay(5);
        await server.start();
        // Only when it is back may the other one stop.
        while (returned() === returns) await delay(5);
      }
      going = false;
      await Promise.all(clients);
      assert.ok(outcomes.length > 150);
      assert.ok(outcomes.every((outcome) => outcome));
      await Promise.all([one.stop(), two.stop()]);
      await assert.rejects(right(accounts), failure("temporary-auth-failure"));
      await two.start();
      await recovered(accounts);
    });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

directoryTest("only certificates of the given authority are trusted, and nothing is said to others", async (slapd) => {
  const other = await selfSigned({ names: ["127.0.0.1"] });
  const wrong = `${slapd.caFile}.wrong`;
  writeFileSync(wrong, other.certificate);
  for (const url of [slapd.url, slapd.ldapsUrl]) {
    const log = journal();
    await using(open(slapd, { url, ca: wrong }, { log }), async ({ accounts }) => {
      await assert.rejects(right(accounts), failure("temporary-auth-failure"), url);
      assert.ok(log.lines.some((line) => line.startsWith("warn: a directory server does not answer")));
      assert.ok(log.lines.every((line) => !line.includes("pass-")));
    });
    await using(open(slapd, { url }), async ({ accounts }) => assert.equal(await right(accounts), true, url));
  }
  // Without a file it is the system's authorities, which do not know this one either.
  await using(open(slapd, { ca: undefined }), async ({ accounts }) => {
    await assert.rejects(right(accounts), failure("temporary-auth-failure"));
  });
  await assert.rejects(open(slapd, { ca: "/nowhere/ca.pem" }), SettingsError);
});

directoryTest("a certificate for another name is refused", async (slapd) => {
  const url = slapd.ldapsUrl.replace("127.0.0.1", "127.0.0.2");
  const relay = await relayTo(Number(new URL(url).port), "127.0.0.2");
  try {
    const { port } = relay.address() as AddressInfo;
    await using(open(slapd, { url: `ldaps://127.0.0.2:${port}` }), async ({ accounts }) => {
      await assert.rejects(right(accounts), failure("temporary-auth-failure"));
    });
  } finally {
    relay.close();
  }
});

directoryTest("what the account for searching may not do is the operator's business", async (slapd) => {
  const log = journal();
  const wrong = { "bind-password-file": undefined, "bind-password-variable": "PARLOIR_TEST_WRONG" };
  process.env.PARLOIR_TEST_WRONG = "not-the-password";
  await using(open(slapd, wrong, { log }), async ({ accounts }) => {
    await assert.rejects(right(accounts), failure("temporary-auth-failure"));
    assert.ok(log.lines.some((line) => line.startsWith("error: the directory refuses the account that searches")));
    assert.ok(log.lines.every((line) => !line.includes("not-the-password")));
  });
  process.env.PARLOIR_TEST_WRONG = slapd.readerPassword;
  await using(open(slapd, wrong), async ({ accounts }) => assert.equal(await right(accounts), true));
  delete process.env.PARLOIR_TEST_WRONG;
  await assert.rejects(open(slapd, wrong), /PARLOIR_TEST_WRONG is not set/);
  await assert.rejects(open(slapd, { "bind-password-file": undefined }), /its password is missing/);
});

async function relayTo(port: number, host: string): Promise<Server> {
  const server = createServer((socket: Socket) => {
    const other = connect({ port, host: "127.0.0.1" });
    socket.pipe(other).pipe(socket);
    socket.on("error", () => other.destroy());
    other.on("error", () => socket.destroy());
  });
  server.listen(0, host);
  await once(server, "listening");
  return server;
}
