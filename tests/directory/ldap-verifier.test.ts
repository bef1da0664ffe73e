import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LdapAccounts } from "#adapters/ldap/accounts.ts";
import { migrations } from "#adapters/ldap/verifier-store.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Database, sql } from "#core/database.ts";
import { migrate } from "#core/migrations.ts";
import type { Slapd } from "#test/harness/slapd.ts";
import { directoryTest, failure, open, using } from "./opening.ts";

const down = failure("temporary-auth-failure");

function verifierTest(
  name: string,
  settings: Record<string, unknown>,
  run: (slapd: Slapd, accounts: LdapAccounts, db: Database) => Promise<void>,
): void {
  directoryTest(`verifiers: ${name}`, async (slapd) => {
    const folder = mkdtempSync(join(tmpdir(), "verifiers-"));
    const db = await openSqlite({ file: join(folder, "test.db") });
    try {
      await migrate(db, [migrations]);
      await using(open(slapd, { verifier: true, ...settings }, { db }), ({ accounts }) => run(slapd, accounts, db));
    } finally {
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

verifierTest("who logged in lately can do so while the directory is down", {}, async (slapd, accounts, db) => {
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
  assert.equal(await accounts.verify("hlegall", "wrong"), false);
  await slapd.stop();
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
  assert.equal(await accounts.verify("pmartin", "wrong"), false);
  assert.equal(await accounts.verify("pmartin", ""), false);
  await assert.rejects(accounts.verify("hlegall", "pass-hlegall"), down, "never logged in");
  const rows = await db.all<Record<string, unknown>>(sql`select * from ldap_verifier`);
  assert.equal(rows.length, 1);
  assert.ok(!JSON.stringify(rows).includes("pass-pmartin"));
});

verifierTest("a password that was changed does not live on", {}, async (slapd, accounts) => {
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
  await slapd.modify(slapd.person("pmartin"), { userPassword: "a new one" });
  assert.equal(await accounts.verify("pmartin", "a guess"), false);
  await slapd.stop();
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true, "a guess by somebody else changes nothing");
  await slapd.start();
  while ((await accounts.verify("pmartin", "pass-pmartin")) === true) await delay(20);
  await slapd.stop();
  await assert.rejects(accounts.verify("pmartin", "pass-pmartin"), down, "the directory has refused it");
  await slapd.start();
  while (!(await accounts.verify("pmartin", "a new one").catch(() => false))) await delay(20);
  await slapd.stop();
  assert.equal(await accounts.verify("pmartin", "a new one"), true);
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), false);
});

verifierTest("an account that is disabled or gone has none", {}, async (slapd, accounts, db) => {
  for (const user of ["pmartin", "hlegall", "edurand"]) assert.equal(await accounts.verify(user, `pass-${user}`), true);
  await slapd.modify(slapd.person("pmartin"), { pwdAccountLockedTime: "000001010000Z" });
  await assert.rejects(accounts.verify("pmartin", "pass-pmartin"), failure("account-disabled"));
  await slapd.remove(slapd.person("hlegall"));
  assert.equal(await accounts.verify("hlegall", "pass-hlegall"), false);
  const rows = await db.all<{ username: string }>(sql`select username from ldap_verifier`);
  assert.deepEqual(
    rows.map(({ username }) => username),
    ["edurand"],
  );
  await slapd.stop();
  await assert.rejects(accounts.verify("pmartin", "pass-pmartin"), down);
  assert.equal(await accounts.verify("edurand", "pass-edurand"), true);
});

verifierTest("they live for a while only", { "verifier-lifetime": "300 ms" }, async (slapd, accounts) => {
  assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
  await slapd.stop();
  await delay(350);
  await assert.rejects(accounts.verify("pmartin", "pass-pmartin"), down);
});

directoryTest("verifiers: there are none unless the settings say so", async (slapd) => {
  await using(open(slapd), async ({ accounts }) => {
    assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
    await slapd.stop();
    await assert.rejects(accounts.verify("pmartin", "pass-pmartin"), down);
  });
  await assert.rejects(open(slapd, { verifier: true }), /ldap.verifier: needs a database/);
});
