import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import type { DirectoryToCheck, Login } from "#app/doctor/check.ts";
import type { Finding } from "#app/doctor/finding.ts";
import { read } from "#core/settings.ts";
import { directoryTest } from "#test/directory/opening.ts";
import type { Slapd } from "#test/harness/slapd.ts";
import { Installation } from "#test/installation/installation.ts";
import { freePort, Laboratory } from "./laboratory.ts";

/** A directory that is set up wrong, or a login that fails, and what is to be found. */
interface Fault {
  readonly finds: string;
  readonly says: RegExp;
  readonly fix: string;
  settings?(slapd: Slapd, context: TestContext): Promise<object> | object;
  readonly login?: Login;
}

const faults: readonly Fault[] = [
  {
    finds: "ldap-settings",
    says: /bind-password-file: cannot be read: .*missing/,
    fix: "section `ldap`",
    settings: () => ({ "bind-password-file": "missing" }),
  },
  {
    finds: "ldap-name-unknown",
    says: /ldap:\/\/nowhere\.invalid has no address/,
    fix: "getent hosts nowhere.invalid",
    settings: () => ({ url: "ldap://nowhere.invalid" }),
  },
  {
    finds: "ldap-connection-refused",
    says: /127\.0\.0\.1 accepts no connections on port/,
    fix: "nc -vz 127.0.0.1",
    settings: async () => ({ url: `ldaps://127.0.0.1:${await freePort()}` }),
  },
  {
    finds: "ldap-one-server-down",
    says: /another one serves meanwhile/,
    fix: "take it out of `ldap.url`",
    settings: async ({ url }) => ({ url: [`ldap://127.0.0.1:${await freePort()}`, url] }),
  },
  {
    finds: "ldap-tls-untrusted",
    says: /an authority that is not trusted here \(.*certificate/,
    fix: "-starttls ldap -showcerts",
    settings: () => ({ ca: "other.pem" }),
  },
  {
    finds: "ldap-tls-name",
    says: /is not for 127\.0\.0\.2/,
    fix: "subjectAltName",
    settings: ({ ldapsUrl }, context) => forwarded(context, ldapsUrl),
  },
  {
    finds: "ldap-tls",
    says: /encryption with the directory server .* fails/,
    fix: "636 for ldaps://",
    settings: ({ url }) => ({ url: url.replace("ldap:", "ldaps:") }),
  },
  {
    finds: "ldap-account-refused",
    says: /does not accept the account that searches, cn=reader/,
    fix: "ldapwhoami -x -o TLS_CACERT=",
    settings: () => ({ "bind-password-file": "wrong" }),
  },
  {
    finds: "ldap-base-missing",
    says: /base dc=elsewhere does not exist/,
    fix: "-s base -b '' namingContexts",
    settings: () => ({ base: "dc=elsewhere" }),
  },
  {
    finds: "ldap-nobody",
    says: /filter \(objectClass=device\) with the attribute uid/,
    fix: "-b dc=obspm,dc=example '(objectClass=device)' uid",
    settings: () => ({ users: { filter: "(objectClass=device)" } }),
  },
  {
    finds: "ldap-no-groups",
    says: /No group is found under ou=people/,
    fix: "read groups",
    settings: () => ({ groups: { base: "ou=people,dc=obspm,dc=example" } }),
  },
  {
    finds: "ldap-login-unknown",
    says: /No entry has the login mercutio: the search \(&\(objectClass=inetOrgPerson\)\(uid=mercutio\)\) under/,
    fix: "'(&(objectClass=inetOrgPerson)(uid=mercutio))'",
    login: { user: "mercutio", password: "x" },
  },
  {
    finds: "ldap-login-impossible",
    says: /“a b” cannot be a login/,
    fix: "pmartin",
    login: { user: "a b", password: "x" },
  },
  {
    finds: "ldap-login-disabled",
    says: /dparti is disabled or locked/,
    fix: "`ldap.disabled`",
    login: { user: "dparti", password: "pass-dparti" },
  },
  {
    finds: "ldap-password-wrong",
    says: /this password is wrong/,
    fix: "-D uid=pmartin,ou=people,dc=obspm,dc=example",
    login: { user: "pmartin", password: "guessed" },
  },
];

directoryTest("the directory: each fault is found, and nothing where all is well", async (slapd, context) => {
  const laboratory = await Laboratory.open(context);
  laboratory.write();
  const folder = join(slapd.caFile, "..");
  writeFileSync(join(folder, "reader"), `${slapd.readerPassword}\n`);
  writeFileSync(join(folder, "wrong"), "wrong\n");
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
  for (const fault of faults) {
    const findings = await found((await fault.settings?.(slapd, context)) ?? {}, fault.login);
    assert.deepEqual(
      findings.map(({ id }) => id),
      [fault.finds],
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

function directoryFor(settings: object, folder: string): DirectoryToCheck {
  return { settings: read(ldapSection, settings, "ldap"), domain: "obspm.example", folder };
}

/** The same server at an address that its certificate does not name. */
async function forwarded(context: TestContext, url: string): Promise<object> {
  const target = Number(new URL(url).port);
  const server = createServer((socket) => {
    const other = connect(target, "127.0.0.1");
    socket.on("error", () => other.destroy()).on("close", () => other.destroy());
    other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.pipe(other).pipe(socket);
  }).listen(0, "127.0.0.2");
  context.after(() => server.close());
  await once(server, "listening");
  return { url: `ldaps://127.0.0.2:${(server.address() as { port: number }).port}` };
}
