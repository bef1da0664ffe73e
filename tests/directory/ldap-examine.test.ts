import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { examine, type Step } from "#adapters/ldap/examine.ts";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import { read } from "#core/settings.ts";
import type { Slapd } from "#test/harness/slapd.ts";
import { directoryTest } from "./opening.ts";

async function steps(slapd: Slapd, settings: Record<string, unknown>, user?: string, password = `pass-${user}`) {
  const folder = join(slapd.caFile, "..");
  writeFileSync(join(folder, "reader"), `${settings.password ?? slapd.readerPassword}\n`);
  const { password: _, ...rest } = settings;
  const common = { url: slapd.url, ca: "certificate.pem", "bind-dn": slapd.readerDn, "bind-password-file": "reader" };
  return examine(read(ldapSection, { ...common, ...rest }, "ldap"), {
    domain: "obspm.example",
    folder,
    ...(user === undefined ? {} : { login: { user, password } }),
  });
}

const marks = (found: readonly Step[]) => found.map(({ name, ok }) => `${ok ? "+" : "-"}${name}`).join(" ");

directoryTest("examine: a healthy directory, step by step", async (slapd) => {
  const found = await steps(slapd, { url: [slapd.url, slapd.ldapsUrl] }, "pmartin");
  assert.equal(marks(found), "+connection +tls +account +connection +tls +account +layout +people +person +password");
  const [layout, people, person] = found.slice(6) as [Step, Step, Step];
  assert.deepEqual([layout.preset, layout.base], ["openldap", "dc=obspm,dc=example"]);
  assert.deepEqual([people.people, people.groups], [41, 9]);
  assert.deepEqual(person.entries, [slapd.person("pmartin")]);
});

directoryTest("examine: each fault has its step", async (slapd) => {
  const other = await selfSigned({ names: ["127.0.0.1"] });
  writeFileSync(join(slapd.caFile, "..", "other.pem"), other.certificate);
  const found = async (...words: [Record<string, unknown>, string?, string?]) => {
    const all = await steps(slapd, ...words);
    const last = all.at(-1)!;
    assert.ok(!JSON.stringify(all).includes("pass-"));
    return [marks(all).split(" ").slice(-2).join(" "), last.code];
  };
  assert.deepEqual(await found({ url: "ldaps://127.0.0.1:1" }), ["-connection", "ECONNREFUSED"]);
  assert.deepEqual(await found({ url: "ldap://nowhere.invalid" }).then(([mark]) => mark), "-connection");
  assert.deepEqual(await found({ ca: "other.pem" }), ["+connection -tls", "DEPTH_ZERO_SELF_SIGNED_CERT"]);
  assert.deepEqual(await found({ password: "wrong" }), ["+tls -account", "49"]);
  assert.deepEqual((await found({ base: "dc=elsewhere" }))[0], "+layout -people");
  assert.deepEqual((await found({ users: { filter: "(objectClass=device)" } }))[0], "+layout -people");
  assert.deepEqual((await found({}, "mercutio"))[0], "+people -person");
  assert.deepEqual((await found({}, "a b"))[0], "+people -person");
  assert.deepEqual(await found({}, "pmartin", "wrong"), ["+person -password", "wrong"]);
  assert.deepEqual(await found({}, "dparti"), ["-person +password", "right"]);
});
