import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openLdap } from "#adapters/ldap/ldap.ts";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { silent } from "#core/log.ts";
import { DirectoryError } from "#core/people.ts";
import { read } from "#core/settings.ts";
import { type AuthenticatorSubject, authenticatorConformance } from "#sasl/authenticator.conformance.ts";
import type { SaslError } from "#sasl/error.ts";
import { noSlapd, type Slapd, startSlapd } from "#test/harness/slapd.ts";
import { directoryTest, failure, journal, open, using } from "./opening.ts";

const skip = noSlapd ?? false;
const template = { users: { dn: "uid={user},ou=people,dc=obspm,dc=example" } };

if (noSlapd === undefined) {
  const ways: Record<string, (slapd: Slapd) => Record<string, unknown>> = {
    "StartTLS, search": () => ({}),
    "LDAPS, search": (slapd) => ({ url: slapd.ldapsUrl }),
    "a DN template": () => template,
    "a DN template, no account for searching": () => ({ ...template, "bind-dn": "" }),
  };
  for (const [way, settings] of Object.entries(ways)) {
    let starting: Promise<Slapd> | undefined; // one for all tests of this way; each leaves it as it was
    after(async () => (await starting)?.close());
    authenticatorConformance(`LDAP accounts with ${way}`, ["disable", "expire", "interrupt"], async () => {
      starting ??= startSlapd();
      return subject(await starting, settings);
    });
  }
} else {
  test("LDAP accounts", { skip }, () => {});
}

async function subject(
  slapd: Slapd,
  settings: (slapd: Slapd) => Record<string, unknown>,
): Promise<AuthenticatorSubject> {
  const ldap = await open(slapd, settings(slapd));
  const [user, password] = ["hlegall", "pass-hlegall"];
  // Where nobody may search, an account comes into being when its owner first logs in.
  if (settings(slapd)["bind-dn"] === "") await ldap.accounts.verify(user, password);
  let undo = async () => {};
  const changed = async (attributes: Readonly<Record<string, string>>) => {
    await slapd.modify(slapd.person(user), attributes);
    const names = Object.keys(attributes).filter((name) => name !== "pwdChangedTime");
    undo = () => slapd.modify(slapd.person(user), Object.fromEntries(names.map((name) => [name, []])));
  };
  return {
    authenticator: ldap.accounts,
    user,
    password,
    disable: () => changed({ pwdAccountLockedTime: "000001010000Z" }),
    expire: () =>
      changed({
        pwdPolicySubentry: `cn=ageing,ou=policies,${slapd.suffix}`,
        pwdChangedTime: "20200101000000Z",
      }),
    async interrupt() {
      await slapd.stop();
      undo = () => slapd.start();
    },
    async close() {
      ldap.close();
      await undo();
    },
  };
}

directoryTest("nothing that looks like a filter, a name or a login finds anybody", async (slapd) => {
  for (const settings of [{}, template]) {
    await using(open(slapd, settings), async ({ accounts }) => {
      const hostile = [
        "*",
        "pmartin*",
        "*)(uid=*",
        "*))(|(uid=*",
        "pmartin)(objectclass=*",
        "pmartin\u0000",
        "\u0000",
        "pmartin,ou=people",
        "pmartin\\",
        "\\70martin",
        "\\2a",
        "#706d617274696e",
        " pmartin",
        "",
        "x".repeat(1023),
      ];
      for (const user of hostile) {
        assert.equal(await accounts.exists(user), false, JSON.stringify(user));
        for (const password of ["pass-pmartin", "*", "", " "]) {
          assert.equal(await accounts.verify(user, password), false, JSON.stringify(user));
        }
      }
      for (const password of ["", "\u0000", "pass-pmartin\u0000", "\u0000pass-pmartin", "*", "pass-pmarti*"]) {
        assert.equal(await accounts.verify("pmartin", password), false, JSON.stringify(password));
      }
      assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
    });
  }
});

directoryTest("a login is the login whatever its case, and nobody else's", async (slapd) => {
  await using(open(slapd), async ({ accounts }) => {
    for (const user of ["élise", "jean-luc", "cparen"]) {
      assert.equal(await accounts.verify(user, `pass-${user}`), true, user);
    }
    assert.equal(await accounts.verify("elise", "pass-élise"), false, "an accent counts");
    assert.equal(await accounts.verify("PMARTIN", "pass-pmartin"), false, "not prepared: the caller's business");
    assert.equal(await accounts.verify("pmartin2", "pass-pmartin"), false);
    assert.equal(await accounts.verify("pmartin2", "pass-pmartin2"), true);
    await slapd.modify(slapd.person("sboyer"), { uid: ["sboyer", "solene"] });
    assert.equal(await accounts.verify("solene", "pass-sboyer"), false, "the name of the entry is the login");
    assert.equal(await accounts.verify("sboyer", "pass-sboyer"), true);
  });
});

directoryTest("characters that an address cannot hold are escaped in it", async (slapd) => {
  const dn = "uid=o'neil,ou=people,dc=obspm,dc=example";
  const names = { uid: "o'neil", cn: "Shane O'Neil", sn: "O'Neil", userPassword: "pass-o'neil" };
  await slapd.add(dn, { objectClass: "inetOrgPerson", ...names });
  for (const settings of [{}, template]) {
    await using(open(slapd, settings), async ({ accounts, people }) => {
      assert.equal(await accounts.exists("o\\27neil"), true);
      assert.equal(await accounts.verify("o\\27neil", "pass-o'neil"), true);
      assert.equal((await people.find("o\\27neil"))?.displayName, "Shane O'Neil");
    });
  }
});

directoryTest("two entries with one login: neither can log in, and the operator is told", async (slapd) => {
  const log = journal();
  const names = { uid: "pmartin", cn: "Another", sn: "One", userPassword: "pass-pmartin" };
  await slapd.add(`cn=Another,ou=services,${slapd.suffix}`, { objectClass: "inetOrgPerson", ...names });
  await using(open(slapd, {}, { log }), async ({ accounts, people }) => {
    assert.equal(await accounts.verify("pmartin", "pass-pmartin"), false);
    assert.equal(await accounts.exists("pmartin"), false);
    assert.equal(await people.find("pmartin"), undefined);
    assert.ok(log.lines.some((line) => line.startsWith("error: several entries of the directory have the same login")));
  });
});

directoryTest("a disabled account is refused although its password is right", async (slapd) => {
  for (const settings of [{}, template]) {
    await using(open(slapd, { ...settings, disabled: ["title=Émérite"] }), async ({ accounts }) => {
      await assert.rejects(accounts.verify("dparti", "pass-dparti"), failure("account-disabled"), "shadowExpire");
      assert.equal(await accounts.verify("dparti", "wrong"), false, "who does not know the password learns nothing");
      await slapd.modify(slapd.person("amoreau"), { title: "Émérite" });
      await assert.rejects(accounts.verify("amoreau", "pass-amoreau"), failure("account-disabled"));
      await slapd.modify(slapd.person("amoreau"), { title: "Astronome" });
      assert.equal(await accounts.verify("amoreau", "pass-amoreau"), true);
    });
  }
});

directoryTest("a name of the wrong form is explained, in the same words whoever it is", async (slapd) => {
  await using(open(slapd), async ({ accounts, people }) => {
    const told = async (name: string, password: string) => {
      const error = await accounts.identify(name, password).then(
        (user) => assert.fail(`logged in as ${user}`),
        (reason: unknown) => reason,
      );
      assert.ok(failure("not-authorized")(error));
      return Object.values((error as SaslError).words ?? {}).join("\n");
    };
    const help = await told("Pierre.Martin", "pass-pmartin");
    assert.match(help ?? "", /such as pmartin, not Pierre\.Martin.*par exemple pmartin, et non Pierre\.Martin/s);
    for (const name of ["Nobody.Here", "hélène.le-gall", "pmartin@elsewhere.example", "Pierre.Martin@obspm.example"]) {
      assert.equal(await told(name, "pass-pmartin"), help, name);
    }
    await assert.rejects(accounts.verify("pierre.martin", "pass-pmartin"), failure("not-authorized"));
    assert.equal(await accounts.identify("PMartin", "pass-pmartin"), "pmartin");
    assert.equal(await accounts.identify("PMartin@Obspm.example", "pass-pmartin"), "pmartin", "the whole address");
    assert.equal(await accounts.identify("pmartin", "wrong"), undefined);
    assert.equal(await accounts.identify("mercutio", "wrong"), undefined);
    // Where logins look like that, the help would be wrong.
    const names = { uid: "noé.petit", cn: "Noé Petit", sn: "Petit", userPassword: "pass-noé" };
    await slapd.add(slapd.person("noé.petit"), { objectClass: "inetOrgPerson", ...names });
    await people.refresh();
    assert.equal(await accounts.identify("noé.petit", "wrong"), undefined);
    assert.equal(await accounts.identify("Noé.Petit", "pass-noé"), "noé.petit");
  });
});

directoryTest(
  "with login-by-mail, an e-mail address or its local part will do, if it is one person's",
  async (slapd) => {
    await using(open(slapd, { "login-by-mail": true }), async ({ accounts }) => {
      for (const name of ["Pierre.Martin@obspm.example", "pierre.martin", "PIERRE.MARTIN", "pmartin"]) {
        assert.equal(await accounts.identify(name, "pass-pmartin"), "pmartin", name);
        assert.equal(await accounts.identify(name, "pass-pmartin2"), undefined, name);
        assert.equal(await accounts.identify(name, ""), undefined, name);
      }
      assert.equal(await accounts.identify("Hélène.Le-Gall", "pass-hlegall"), "hlegall");
      for (const password of ["pass-pmartin", "pass-pmartin2"]) {
        assert.equal(await accounts.identify("p.martin", password), undefined, "two people's");
      }
      assert.equal(await accounts.identify("*.*@obspm.example", "pass-pmartin"), undefined);
      const claims: string[] = [];
      for (const name of ["pmartin@obspm.example", "Pierre.Martin", "Pierre.Martin@obspm.example"]) {
        await accounts.identify(name, "wrong", (user) => claims.push(user));
      }
      assert.deepEqual(claims, ["pmartin", "pmartin", "pmartin"], "guesses count for the account");
      await assert.rejects(accounts.identify("denis.parti", "pass-dparti"), failure("account-disabled"));
    });
  },
);

directoryTest("an account that comes and goes is noticed without a new reading", async (slapd) => {
  await using(open(slapd), async ({ accounts, people }) => {
    const names = { uid: "newcomer", cn: "New Comer", sn: "Comer", userPassword: "pass-newcomer" };
    await slapd.add(slapd.person("newcomer"), { objectClass: "inetOrgPerson", ...names });
    assert.equal(await accounts.exists("newcomer"), true);
    assert.equal(await accounts.verify("newcomer", "pass-newcomer"), true);
    assert.equal((await people.find("newcomer"))?.displayName, "New Comer");
    const ended: string[] = [];
    people.watch((change) => ended.push(...change.ended));
    await slapd.remove(slapd.person("newcomer"));
    await people.refresh();
    assert.ok(ended.includes("newcomer"), "logged in between two readings");
    assert.equal(await accounts.exists("newcomer"), false);
    assert.equal(await accounts.verify("newcomer", "pass-newcomer"), false);
  });
});

test("a directory that shows people nothing, not even themselves, can still check passwords", { skip }, async () => {
  const nothing = "access to attrs=userPassword by anonymous auth by * none\naccess to * by * none";
  const slapd = await startSlapd({ database: nothing });
  const settings = { ...template, base: slapd.suffix, "bind-dn": "" };
  try {
    await using(open(slapd, settings), async ({ accounts, people }) => {
      assert.equal(await accounts.verify("pmartin", "wrong"), false);
      assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
      assert.equal(await accounts.exists("pmartin"), true);
      await assert.rejects(people.find("pmartin"), DirectoryError);
    });
    // A filter that cannot be seen to match lets nobody in.
    await using(open(slapd, { ...settings, users: { ...template.users, filter: "(ou=LESIA)" } }), async (ldap) => {
      assert.equal(await ldap.accounts.verify("pmartin", "pass-pmartin"), false);
    });
  } finally {
    await slapd.close();
  }
});

directoryTest("a filter of the settings says who may log in", async (slapd) => {
  for (const users of [{ filter: "(ou=LESIA)" }, { ...template.users, filter: "(ou=LESIA)" }]) {
    await using(open(slapd, { users }), async ({ accounts }) => {
      assert.equal(await accounts.verify("pmartin", "pass-pmartin"), true);
      assert.equal(await accounts.verify("pmartin2", "pass-pmartin2"), false);
      assert.equal(await accounts.exists("pmartin2"), false);
    });
  }
});

test("a domain and a URL are enough where anybody may search", { skip }, async () => {
  const open = "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read";
  const slapd = await startSlapd({ database: open });
  try {
    const settings = read(ldapSection, { url: slapd.ldapsUrl, ca: slapd.caFile }, "ldap");
    await using(openLdap(settings, { domain: "obspm.example", log: silent }), async ({ accounts, people }) => {
      assert.equal(await accounts.verify("hlegall", "pass-hlegall"), true);
      assert.equal(await accounts.verify("hlegall", "wrong"), false);
      assert.deepEqual(await people.resolve("hélène.le-gall"), ["hlegall"]);
      assert.equal((await people.groups()).length, 9);
    });
  } finally {
    await slapd.close();
  }
});
