import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import type { DirectoryToCheck, Login } from "#app/doctor/check.ts";
import type { Finding } from "#app/doctor/finding.ts";
import { read } from "#core/settings.ts";
import { directoryTest } from "#test/directory/opening.ts";
import type { Slapd } from "#test/harness/slapd.ts";
import { Installation } from "#test/installation/installation.ts";
import { ldapFaults } from "./faults/ldap.ts";
import { Laboratory } from "./laboratory.ts";

directoryTest("the directory: each fault is found, and nothing where all is well", async (slapd, context) => {
  const laboratory = await Laboratory.open(context);
  laboratory.write();
  const folder = join(slapd.caFile, "..");
  writeFileSync(join(folder, "reader"), `${slapd.readerPassword}\n`);
  writeFileSync(join(folder, "wrong"), "wrong\n");
  await withOdd(slapd);
  writeFileSync(join(folder, "other.pem"), (await selfSigned({ names: ["127.0.0.1"] })).certificate);
  const common = { url: slapd.url, ca: "certificate.pem", "bind-dn": slapd.readerDn, "bind-password-file": "reader" };
  const found = async (settings: object, login?: Login): Promise<Finding[]> => {
    laboratory.directory = directoryFor({ ...common, ...settings }, folder);
    laboratory.login = login;
    return (await laboratory.findings()).filter(({ id }) => id !== "service-stopped");
  };
  assert.deepEqual(
    await found({ url: [slapd.url, slapd.ldapsUrl] }, { user: "pmartin", password: "pass-pmartin" }),
    [],
  );
  for (const fault of ldapFaults) {
    const findings = await found((await fault.settings?.(slapd, context)) ?? {}, fault.login);
    assert.deepEqual(
      findings.map(({ id }) => id),
      [fault.finds, ...(fault.also ?? [])],
    );
    const [{ says, fix, commands = [] }] = findings as [Finding];
    assert.match(says.en, fault.says);
    const told = [fix.en, ...commands];
    assert.ok(
      told.some((line) => line.includes(fault.fix)),
      `${fault.finds}: ${JSON.stringify(told)}`,
    );
    assert.ok(!JSON.stringify(findings).includes("pass-"));
  }
});

directoryTest("doctor --login tries a login as the configuration says", async (slapd, context) => {
  const folder = join(slapd.caFile, "..");
  writeFileSync(join(folder, "reader"), `${slapd.readerPassword}\n`);
  const ldap = {
    url: slapd.url,
    ca: slapd.caFile,
    "bind-dn": slapd.readerDn,
    "bind-password-file": join(folder, "reader"),
  };
  const settings = { domains: [{ name: "localhost" }], listen: [{ port: 0, address: "127.0.0.1" }], ldap };
  const installation = new Installation(context, JSON.stringify(settings));
  const right = await installation.parloir(
    ["doctor", "--login", "pmartin@localhost", "--lang", "en"],
    "pass-pmartin\n",
  );
  assert.match(right.output, /\nThe login of pmartin@localhost works\.\n$/);
  const wrong = await installation.parloir(["doctor", "--login", "pmartin", "--lang", "fr"], "pass-other\n");
  assert.match(wrong.output, /Annuaire \(LDAP\)\n {2}ERREUR {2}\[ldap-password-wrong\]\n/);
  assert.doesNotMatch(wrong.output, /fonctionne\./);
  assert.equal(wrong.code, 1);
  const disabled = await installation.parloir(["doctor", "--login", "dparti", "--json"], "pass-dparti\n");
  const { findings } = JSON.parse(disabled.output) as { findings: Finding[] };
  assert.deepEqual(
    findings.filter(({ id }) => id.startsWith("ldap-")).map(({ id }) => id),
    ["ldap-login-disabled"],
  );
  assert.ok(![right, wrong, disabled].some(({ output, errors }) => (output + errors).includes("pass-")));
});

directoryTest("the commands that are told can be run", async (slapd, context) => {
  const laboratory = await Laboratory.open(context);
  laboratory.write();
  const folder = join(slapd.caFile, "..");
  writeFileSync(join(folder, "reader"), slapd.readerPassword);
  for (const url of [slapd.url, slapd.ldapsUrl]) {
    const settings = { url, ca: "certificate.pem", "bind-dn": slapd.readerDn, "bind-password-file": "reader" };
    laboratory.directory = directoryFor(settings, folder);
    laboratory.login = { user: "dparti", password: "x" };
    const disabled = (await laboratory.findings()).find(({ id }) => id === "ldap-login-disabled");
    const [command = ""] = disabled?.commands ?? [];
    assert.ok(command.includes(" -W "));
    // Asks for the password, at a terminal.
    const { stdout, stderr } = spawnSync("sh", ["-c", command.replace(" -W ", ` -y ${join(folder, "reader")} `)], {
      encoding: "utf8",
    });
    assert.match(stdout, /^dn: uid=dparti,/m, stderr);
    assert.match(stdout, /^shadowExpire: /m);
  }
});

/** People whose logins fail. */
async function withOdd(slapd: Slapd): Promise<void> {
  const twice = { uid: "aroux", cn: "Another", sn: "One", userPassword: "pass-aroux" };
  await slapd.add(`cn=Another,ou=services,${slapd.suffix}`, { objectClass: "inetOrgPerson", ...twice });
  await slapd.add(slapd.person("aroux"), { objectClass: "inetOrgPerson", ...twice });
  const policy = { pwdPolicySubentry: `cn=ageing,ou=policies,${slapd.suffix}`, pwdChangedTime: "20000101000000Z" };
  await slapd.modify(slapd.person("pmartin2"), policy);
}

function directoryFor(settings: object, folder: string): DirectoryToCheck {
  return { settings: read(ldapSection, settings, "ldap"), domain: "obspm.example", folder };
}
