import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "ldapts";
import { read } from "#core/settings.ts";
import { outcomeOf } from "./bind-outcome.ts";
import { attributesOf } from "./entry.ts";
import { expandGroups, remainingRange } from "./groups.ts";
import { isDisabled, knownOf, loginOf } from "./person.ts";
import { baseOf, layoutOf, recognise } from "./presets.ts";
import { fulfils, readRule, timeOf } from "./rules.ts";
import { ldapSection } from "./settings.ts";

const entry = (attributes: Record<string, string | string[]>, dn = "") => attributesOf({ dn, ...attributes } as Entry);

const roots = {
  openldap: entry({ objectClass: ["top", "OpenLDAProotDSE"], namingContexts: "dc=example,dc=org" }),
  "active-directory": entry({
    namingContexts: ["DC=corp,DC=example", "CN=Configuration,DC=corp,DC=example"],
    defaultNamingContext: "DC=corp,DC=example",
    supportedCapabilities: ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"],
  }),
  "389ds": entry({ vendorName: "389 Project", namingContexts: ["cn=changelog", "dc=ipa,dc=example", "o=ipaca"] }),
} as const;

test("the root DSE tells the kind of directory", () => {
  for (const [name, root] of Object.entries(roots)) assert.equal(recognise(root), name);
  assert.equal(recognise(entry({ vendorName: "Somebody" })), "openldap");
});

test("the base is what the server says, else what fits the domain", () => {
  assert.equal(baseOf(roots["active-directory"], "chat.example"), "DC=corp,DC=example");
  assert.equal(baseOf(roots["389ds"], "chat.example"), "dc=ipa,dc=example");
  const several = entry({ namingContexts: ["dc=other,dc=org", "dc=Example, dc=org", "cn=monitor"] });
  assert.equal(baseOf(several, "jabber.example.org"), "dc=Example, dc=org");
  assert.equal(baseOf(several, "elsewhere.net"), "dc=other,dc=org");
  assert.equal(baseOf(entry({}), "example.org"), undefined);
});

test("domain and URL are enough; what is set counts before what the preset says", () => {
  const plain = layoutOf(read(ldapSection, { url: "ldaps://ldap.example" }, "ldap"), roots.openldap, "example.org");
  assert.equal(plain?.userBase, "dc=example,dc=org");
  assert.equal(plain.login, "uid");
  const settings = read(
    ldapSection,
    {
      url: ["ldap://one.example", "ldap://[::1]:3890"],
      base: "o=x",
      users: { filter: "(a=b)" },
      attributes: { login: "mailNickname", unit: ["division"] },
    },
    "ldap",
  );
  const layout = layoutOf(settings, roots["active-directory"], "example.org");
  assert.deepEqual(
    [layout?.preset, layout?.userBase, layout?.userFilter, layout?.login, layout?.fields.unit, layout?.fields.photo],
    ["active-directory", "o=x", "(a=b)", "mailNickname", ["division"], ["thumbnailPhoto", "jpegPhoto"]],
  );
  assert.equal(layoutOf(read(ldapSection, {}, "ldap"), entry({}), "example.org"), undefined);
});

test("settings that cannot work are refused with their place", () => {
  const wrong = [
    { url: "http://ldap.example" },
    { url: "ldap://user:secret@ldap.example" },
    { url: ["ldaps://a.example", "ldap:///"] },
    { disabled: ["no rule"] },
    { pool: 0 },
    { unknown: 1 },
  ];
  for (const settings of wrong) assert.throws(() => read(ldapSection, settings, "ldap"), /^SettingsError: ldap\./);
});

test("refused binds: what Active Directory says in its diagnostic message", () => {
  const message = (data: string) =>
    `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${data}, v3839 Code: 0x31`;
  const table = {
    "525": "wrong",
    "52e": "wrong",
    "530": "disabled",
    "531": "disabled",
    "532": "expired",
    "533": "disabled",
    "701": "disabled",
    "773": "expired",
    "775": "disabled",
    "57": "wrong",
  };
  for (const [data, outcome] of Object.entries(table)) {
    assert.equal(outcomeOf({ code: 49, message: message(data) } as never, undefined), outcome, data);
  }
});

test("refused binds: OpenLDAP, 389 Directory Server and FreeIPA", () => {
  const outcome = (code: number, message = "", policy?: number) => outcomeOf({ code, message } as never, policy);
  assert.equal(outcome(49), "wrong");
  assert.equal(outcome(49, "", 0), "expired");
  assert.equal(outcome(49, "", 1), "disabled");
  assert.equal(outcome(49, "", 2), "expired");
  assert.equal(outcome(49, "password expired!"), "expired");
  assert.equal(outcome(53, "Account inactivated. Contact system administrator."), "disabled");
  assert.equal(outcome(53, "unauthenticated bind (DN with no password) disallowed"), "refused");
  assert.equal(outcome(19, "Exceed password retry limit. Please try later."), "disabled");
  assert.equal(outcome(48), "wrong");
  assert.equal(outcome(32), "wrong");
  for (const code of [1, 8, 13, 50, 80]) assert.equal(outcome(code), "refused", `${code}`);
});

test("rules: equal, present, a bit, a date that has passed", () => {
  const now = Date.UTC(2026, 0, 1);
  const one = entry({
    loginShell: "/bin/false",
    userAccountControl: "514",
    shadowExpire: "1",
    accountExpires: "9223372036854775807",
    krbPrincipalExpiration: "20251231235959Z",
    later: "20260101000001Z",
    zone: "202601010030+0100",
  });
  const table: Record<string, boolean> = {
    "loginshell=/bin/FALSE": true,
    "loginShell=/bin/bash": false,
    "loginShell=*": true,
    "other=*": false,
    "userAccountControl&2": true,
    "userAccountControl&16": false,
    "shadowExpire<now": true,
    "accountExpires<now": false,
    "krbPrincipalExpiration<now": true,
    "later<now": false,
    "zone<now": true,
  };
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(fulfils(one, readRule(text)!, now), expected, text);
  }
  for (const text of ["", "a", "=b", "a&", "a&x", "a<then", "(a=b)"]) assert.equal(readRule(text), undefined, text);
  assert.equal(timeOf("133801632000000000"), Date.UTC(2025, 0, 1));
  assert.equal(timeOf("0"), undefined);
  assert.equal(timeOf("-1"), undefined, "shadowExpire: never");
});

test("a person of Active Directory", () => {
  const layout = layoutOf(read(ldapSection, {}, "ldap"), roots["active-directory"], "example.org")!;
  const one = entry(
    {
      sAMAccountName: "PMartin",
      displayName: "Pierre Martin",
      mail: "Pierre.Martin@example.org",
      proxyAddresses: [
        "SMTP:Pierre.Martin@example.org",
        "smtp:p.m@example.org",
        "X500:/o=Org/cn=pm",
        "sip:pm@example.org",
      ],
      userPrincipalName: "pmartin@corp.example",
      department: "LESIA",
      userAccountControl: "512",
      accountExpires: "0",
      telephoneNumber: "",
    },
    "CN=Pierre Martin,OU=Users,DC=corp,DC=example",
  );
  const known = knownOf(one, layout, new Set());
  assert.deepEqual(known?.aliases, ["pierre.martin", "p.m", "pmartin"]);
  assert.equal(known.disabled, false);
  assert.deepEqual(known.person, {
    user: "pmartin",
    displayName: "Pierre Martin",
    unit: "LESIA",
    mail: ["Pierre.Martin@example.org"],
    phones: [],
    hasPhoto: false,
    hidden: false,
  });
  assert.equal(isDisabled(entry({ userAccountControl: "66050" }), layout), true);
  assert.equal(knownOf(entry({ sAMAccountName: "a@b c" }), layout, new Set())?.person.user, "a\\40b\\20c");
  assert.equal(knownOf(entry({ displayName: "No login" }), layout, new Set()), undefined);
  assert.equal(loginOf(entry({ sAMAccountName: "\u0000" }), layout), undefined);
});

test("long member lists come in parts (Active Directory)", () => {
  const members = ["member"];
  const first = entry({ member: [], "member;range=0-1": ["cn=a", "cn=b"] });
  assert.deepEqual(remainingRange(first, members), { values: ["cn=a", "cn=b"], next: "member;range=2-*" });
  const last = entry({ "member;range=2-*": ["cn=c"] });
  assert.deepEqual(remainingRange(last, members), { values: ["cn=c"], next: undefined });
  assert.equal(remainingRange(entry({ member: ["cn=a"] }), members), undefined);
  const empty = entry({ "member;range=4-5": [] });
  assert.deepEqual(remainingRange(empty, members), { values: [], next: undefined }, "no endless asking");
});

test("a chain of groups of any length, and groups that hold themselves", () => {
  const layout = layoutOf(read(ldapSection, {}, "ldap"), roots.openldap, "example.org")!;
  const known = knownOf(entry({ uid: "romeo" }, "uid=romeo,dc=x"), layout, new Set())!;
  const chain = Array.from({ length: 5000 }, (_, index) => ({
    id: `cn=g${index}`,
    name: `g${index}`,
    members: [index === 4999 ? "uid=romeo,dc=x" : `CN=G${index + 1}`, `cn=g${index}`],
  }));
  const groups = expandGroups(chain.slice(0, 1).concat(chain.slice(-50)), new Map([["romeo", known]]), true);
  assert.deepEqual([...groups.at(-1)!.members], ["romeo"]);
  assert.deepEqual([...groups.at(-50)!.members], ["romeo"]);
  assert.deepEqual([...groups[0]!.members], [], "the link is missing");
});
