import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import type { Login } from "#app/doctor/check.ts";
import { Authority } from "#test/harness/authority.ts";
import { freePort } from "#test/harness/free-port.ts";
import { type Slapd, type SlapdOptions, startSlapd } from "#test/harness/slapd.ts";

/** A directory that is set up wrong, or a login that fails, and what is to be found. */
interface LdapFault {
  readonly finds: string;
  readonly says: RegExp;
  readonly fix: string;
  settings?(slapd: Slapd, context: TestContext): Promise<object> | object;
  readonly login?: Login;
  /** What cannot be avoided beside it. */
  readonly also?: readonly string[];
}

export const ldapFaults: readonly LdapFault[] = [
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
    fix: "certificate.pem ldapwhoami -x -H",
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
  {
    finds: "ldap-unencrypted",
    says: /Passwords travel to ldap:\/\/nowhere\.invalid in the clear/,
    fix: "Use ldaps://",
    also: ["ldap-name-unknown"],
    settings: () => ({ url: "ldap://nowhere.invalid", "start-tls": false }),
  },
  {
    finds: "ldap-unreachable",
    says: /ldaps:\/\/224\.0\.0\.1 cannot be reached/,
    fix: "nc -vz -w 5 224.0.0.1 636",
    settings: () => ({ url: "ldaps://224.0.0.1" }), // no connection is ever possible to a group of machines
  },
  {
    finds: "ldap-no-starttls",
    says: /does not offer StartTLS/,
    fix: "Use ldaps://",
    async settings(_, context) {
      // An ExtendedResponse (RFC 4511 §4.12) with the result protocolError.
      const refusal = Buffer.from("300c02010178070a010204000400", "hex");
      const port = await listening(
        context,
        createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end(refusal))),
      );
      return { url: `ldap://127.0.0.1:${port}` };
    },
  },
  {
    finds: "ldap-tls-expired",
    says: /certificate of the directory server .* has expired/,
    fix: "-noout -dates",
    async settings({ caFile }, context) {
      const authority = await Authority.make("Directory");
      const ca = join(caFile, "..", "authority.pem");
      writeFileSync(ca, authority.certificate);
      const { certificate, key } = await authority.issue({ names: ["localhost"], from: -9, until: -1 });
      const port = await listening(context, createTlsServer({ cert: certificate, key }));
      return { url: `ldaps://127.0.0.1:${port}`, ca };
    },
  },
  {
    finds: "ldap-account-failed",
    says: /cannot be used: .*invalid DN/i,
    fix: "ldapwhoami -x",
    settings: () => ({ "bind-dn": "reader" }),
  },
  {
    finds: "ldap-base-unknown",
    says: /does not say where people are/,
    fix: "Set `ldap.base`",
    settings: (_, context) => another(context, { global: 'access to dn.base="" by * none' }),
  },
  {
    finds: "ldap-search-refused",
    says: /refuses the search for people/,
    fix: "allow this search",
    settings: async (_, context) => ({ ...(await another(context, { database: "require authc" })), "bind-dn": "" }),
  },
  {
    finds: "ldap-filter",
    says: /filter \(objectClass, which ldap\.users\.filter says, is not valid: Unbalanced parens/,
    fix: "RFC 4515",
    settings: () => ({ users: { filter: "(objectClass" } }),
  },
  {
    finds: "ldap-login-ambiguous",
    says: /2 entries have the login aroux/,
    fix: "another login",
    login: { user: "aroux", password: "pass-aroux" },
  },
  {
    finds: "ldap-password-expired",
    says: /has expired or must be changed/,
    fix: "change it as for the mail",
    login: { user: "pmartin2", password: "pass-pmartin2" },
  },
  {
    finds: "ldap-bind-refused",
    says: /would not check the password of pmartin/,
    fix: "ldapwhoami -x -W",
    login: { user: "pmartin", password: "pass-pmartin" },
    async settings(_, context) {
      const open = "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read";
      return { ...(await another(context, { global: "security simple_bind=512", database: open })), "bind-dn": "" };
    },
  },
];

async function listening(context: TestContext, server: Server, address = "127.0.0.1"): Promise<number> {
  server.listen(0, address);
  context.after(() => server.close());
  await once(server, "listening");
  return (server.address() as { readonly port: number }).port;
}

/** A directory that is set up in another way. */
async function another(context: TestContext, options: SlapdOptions): Promise<object> {
  const slapd = await startSlapd(options);
  context.after(() => slapd.close());
  return { url: slapd.url, ca: slapd.caFile };
}

/** The same server at an address that its certificate does not name. */
async function forwarded(context: TestContext, url: string): Promise<object> {
  const target = Number(new URL(url).port);
  const server = createServer((socket) => {
    const other = connect(target, "127.0.0.1");
    socket.on("error", () => other.destroy()).on("close", () => other.destroy());
    other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.pipe(other).pipe(socket);
  });
  return { url: `ldaps://127.0.0.2:${await listening(context, server, "127.0.0.2")}` };
}
