import assert from "node:assert/strict";
import { test } from "node:test";
import type { Accounts, Authenticator } from "./authenticator.ts";
import { beginClient } from "./client.ts";
import { encodeText } from "./encoding.ts";
import { AccountError, type SaslCondition, SaslError } from "./error.ts";
import { begin, offered, type SaslContext } from "./mechanisms.ts";
import { hashLength } from "./scram-keys.ts";

/** What a source of accounts can do beside PLAIN, or can be made to do by a test. */
export type Ability = "scram" | "admin" | "disable" | "expire" | "interrupt";

/** A source of accounts under test. Optional members are abilities. */
export interface AuthenticatorSubject {
  readonly authenticator: Authenticator;
  /** An account that is there, by its prepared name, and its password (ASCII). No account named "mercutio" is there. */
  readonly user: string;
  readonly password: string;
  /** Disables the account. */
  disable?(): Promise<void>;
  /** Makes its password expire. */
  expire?(): Promise<void>;
  /** Makes the source unreachable. */
  interrupt?(): Promise<void>;
  close(): void | Promise<void>;
}

type Make = () => Promise<AuthenticatorSubject>;
type Check = (subject: AuthenticatorSubject) => Promise<void>;

/**
 * Runs the tests every `Authenticator` must pass, and those of the abilities it is said to have; each gets a subject of
 * its own. That it has these and no others is a test too.
 */
export function authenticatorConformance(name: string, abilities: readonly Ability[], make: Make): void {
  const run = (title: string, check: Check) =>
    test(`${name}: ${title}`, async () => {
      const subject = await make();
      try {
        await check(subject);
      } finally {
        await subject.close();
      }
    });
  run("its abilities are those it is said to have", async (subject) => {
    assert.deepEqual(abilitiesOf(subject), [...abilities].sort());
  });
  for (const [title, check] of Object.entries(checks)) {
    const needed = needs(title);
    if (needed === undefined || abilities.includes(needed)) run(title, check);
  }
}

function abilitiesOf(subject: AuthenticatorSubject): Ability[] {
  const { hashes, admin } = subject.authenticator;
  const has: Readonly<Record<Ability, boolean>> = {
    scram: hashes.length > 0,
    admin: admin !== undefined,
    disable: subject.disable !== undefined,
    expire: subject.expire !== undefined,
    interrupt: subject.interrupt !== undefined,
  };
  return (Object.keys(has) as Ability[]).filter((ability) => has[ability]).sort();
}

function needs(title: string): Ability | undefined {
  if (title.startsWith("scram:")) return "scram";
  if (title.startsWith("admin:")) return "admin";
  if (title.startsWith("a disabled account")) return "disable";
  if (title.startsWith("an expired password")) return "expire";
  return title.startsWith("a source out of reach") ? "interrupt" : undefined;
}

// Prepared localparts that mean something to SQL, LDAP filters and distinguished names, or file systems.
const hostileUsers = [
  "*",
  "romeo*",
  "*)(uid=*",
  "(",
  ")",
  "\\2a",
  "uid=romeo",
  "romeo,ou=x",
  "%",
  "_",
  "romeo;--",
  "..",
  "#",
];
const hostilePasswords = [
  "*",
  "%",
  "' or '1'='1",
  "\\",
  "\u0000",
  "\u0007",
  "x".repeat(1023),
  "x".repeat(5000),
  "\ud800",
];

const checks: Record<string, Check> = {
  "an account exists, others do not": async ({ authenticator, user }) => {
    assert.equal(await authenticator.exists(user), true);
    assert.equal(await authenticator.exists(user), true, "again");
    assert.equal(await authenticator.exists("mercutio"), false);
    for (const other of hostileUsers) assert.equal(await authenticator.exists(other), false, other);
  },
  "verify: the password and nothing else": async ({ authenticator, user, password }) => {
    assert.equal(await authenticator.verify(user, password), true);
    const wrong = ["", " ", `${password}x`, password.slice(1), swapCase(password), ...hostilePasswords];
    for (const other of wrong.filter((text) => text !== password)) {
      assert.equal(await authenticator.verify(user, other), false, JSON.stringify(other.slice(0, 20)));
    }
    assert.equal(await authenticator.verify(user, password), true, "still");
  },
  "verify: no password opens an unknown account": async ({ authenticator, password }) => {
    for (const other of ["mercutio", ...hostileUsers]) {
      assert.equal(await authenticator.verify(other, password), false, other);
      assert.equal(await authenticator.verify(other, ""), false, other);
    }
  },
  "verify: many at once do not mix": async ({ authenticator, user, password }) => {
    const tries = Array.from({ length: 12 }, (_, index) => (index % 3 === 0 ? password : `${password}${index}`));
    const outcomes = await Promise.all(tries.map((text) => authenticator.verify(user, text)));
    assert.deepEqual(
      outcomes,
      tries.map((text) => text === password),
    );
  },
  "scram: keys for each hash it names, and for no other": async ({ authenticator, user }) => {
    assert.ok(authenticator.scram, "hashes without scram");
    for (const hash of ["SHA-1", "SHA-256", "SHA-512"] as const) {
      const keys = await authenticator.scram(user, hash);
      assert.equal(keys !== undefined, authenticator.hashes.includes(hash), hash);
      assert.equal(await authenticator.scram("mercutio", hash), undefined);
      if (keys === undefined) continue;
      assert.ok(keys.salt.length >= 8 && keys.iterations >= 4096); // RFC 5802 §5.1
      assert.equal(keys.storedKey.length, hashLength(hash));
      assert.equal(keys.serverKey.length, hashLength(hash));
      assert.notDeepEqual(keys.storedKey, keys.serverKey);
    }
  },
  "every mechanism it makes possible lets the right password in, and no other": async (subject) => {
    for (const mechanism of offered(contextOf(subject.authenticator))) {
      assert.equal(await login(subject, mechanism, subject.password), subject.user, mechanism);
      await assert.rejects(login(subject, mechanism, `${subject.password}x`), failure("not-authorized"), mechanism);
    }
  },
  "a disabled account is told so": async (subject) => {
    await subject.disable!();
    await assert.rejects(login(subject, "PLAIN", subject.password), failure("account-disabled"));
  },
  "an expired password is told so": async (subject) => {
    await subject.expire!();
    await assert.rejects(login(subject, "PLAIN", subject.password), failure("credentials-expired"));
  },
  "a source out of reach is a temporary failure, never a wrong password": async (subject) => {
    await subject.interrupt!();
    for (const mechanism of offered(contextOf(subject.authenticator))) {
      await assert.rejects(login(subject, mechanism, subject.password), failure("temporary-auth-failure"), mechanism);
    }
  },
  "admin: create, log in, refuse a second": administration(async (admin, { authenticator }) => {
    assert.equal(await authenticator.exists("mercutio"), false);
    await admin.create("mercutio", "queen mab");
    assert.equal(await authenticator.exists("mercutio"), true);
    assert.equal(await authenticator.verify("mercutio", "queen mab"), true);
    await assert.rejects(admin.create("mercutio", "other"), refusal("conflict"));
    assert.equal(await authenticator.verify("mercutio", "queen mab"), true, "untouched");
    assert.equal(await authenticator.verify("mercutio", "other"), false);
  }),
  "admin: a new password replaces the old one everywhere, at once": administration(async (admin, subject) => {
    const { user, password } = subject;
    const before = await salts(subject);
    await admin.setPassword(user, "a new one");
    for (const mechanism of offered(contextOf(subject.authenticator))) {
      assert.equal(await login(subject, mechanism, "a new one"), user);
      await assert.rejects(login(subject, mechanism, password), failure("not-authorized"));
    }
    const after = await salts(subject);
    for (const salt of after) assert.ok(!before.includes(salt), "a salt is used once");
    await assert.rejects(admin.setPassword("mercutio", "x"), refusal("item-not-found"));
    assert.equal(await subject.authenticator.exists("mercutio"), false);
  }),
  "admin: a removed account is gone at once, and can be made anew": administration(async (admin, subject) => {
    const { authenticator, user, password } = subject;
    await admin.remove(user);
    assert.equal(await authenticator.exists(user), false);
    assert.equal(await authenticator.verify(user, password), false);
    for (const hash of authenticator.hashes) assert.equal(await authenticator.scram?.(user, hash), undefined);
    await assert.rejects(admin.remove(user), refusal("item-not-found"));
    await admin.create(user, "fresh");
    assert.equal(await authenticator.verify(user, "fresh"), true);
    assert.equal(await authenticator.verify(user, password), false);
  }),
  "admin: names are prepared, names and passwords checked": administration(async (admin, { authenticator }) => {
    await admin.create("Mercutio", "queen mab");
    assert.equal(await authenticator.exists("mercutio"), true);
    await assert.rejects(admin.create("MERCUTIO", "x"), refusal("conflict"));
    for (const user of ["", "a b", "a@b", "a/b", "x".repeat(1024)]) {
      await assert.rejects(admin.create(user, "queen mab"), refusal("not-acceptable"), user.slice(0, 20));
    }
    for (const password of ["", "\u0007", "x".repeat(1024)]) {
      await assert.rejects(admin.create("tybalt", password), refusal("not-acceptable"));
      await assert.rejects(admin.setPassword("mercutio", password), refusal("not-acceptable"));
    }
    assert.equal(await authenticator.exists("tybalt"), false);
    assert.equal(await authenticator.verify("mercutio", "queen mab"), true);
  }),
  "admin: a password in any script, also with characters younger than SASLprep": administration(
    async (admin, subject) => {
      for (const [index, password] of [
        "motdepasse à é",
        "пароль",
        "密码 密码",
        "😀 queen",
        "x".repeat(1023),
      ].entries()) {
        const user = `user${index}`;
        await admin.create(user, password);
        for (const mechanism of offered(contextOf(subject.authenticator))) {
          assert.equal(await login({ ...subject, user }, mechanism, password), user);
        }
      }
    },
  ),
  "admin: the list is in order and in pages": administration(async (admin, { user }) => {
    const names = ["benvolio", "abram", "tybalt", "Éa", "paris"];
    for (const name of names) await admin.create(name, "queen mab");
    const all = await admin.list();
    assert.deepEqual([...all].sort(), [...names.map((name) => name.toLowerCase()), user].sort());
    const pages: string[] = [];
    for (let after: string | undefined; ; after = pages.at(-1)) {
      const page = await admin.list(after === undefined ? { limit: 2 } : { after, limit: 2 });
      if (page.length === 0) break;
      assert.ok(page.length <= 2);
      pages.push(...page);
    }
    assert.deepEqual(pages, all);
  }),
};

function administration(run: (admin: Accounts, subject: AuthenticatorSubject) => Promise<void>): Check {
  return (subject) => run(subject.authenticator.admin!, subject);
}

function contextOf(accounts: Authenticator): SaslContext {
  const decoySecret = encodeText("a secret for tests");
  return {
    domain: "example.com",
    accounts,
    secure: true,
    bindingTypes: [],
    channelBinding: () => undefined,
    decoySecret,
  };
}

/** Logs in as a client would; resolves with the user. */
async function login(
  subject: Pick<AuthenticatorSubject, "authenticator" | "user">,
  mechanism: string,
  password: string,
) {
  const exchange = begin(mechanism, contextOf(subject.authenticator));
  const client = beginClient(mechanism, { user: subject.user, password });
  let step = await exchange.step(client.first());
  while (step.kind === "challenge") step = await exchange.step(await client.step(step.data));
  const { data } = step;
  assert.doesNotThrow(() => client.verify(data)); // a refusal must come from the server, not from the client
  return step.user;
}

async function salts({ authenticator, user }: AuthenticatorSubject): Promise<string[]> {
  const keys = await Promise.all(authenticator.hashes.map((hash) => authenticator.scram?.(user, hash)));
  return keys.map((key) => Buffer.from(key?.salt ?? []).toString("hex"));
}

function swapCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
}

function failure(condition: SaslCondition) {
  return (error: unknown) => error instanceof SaslError && error.condition === condition;
}

function refusal(condition: AccountError["condition"]) {
  return (error: unknown) => error instanceof AccountError && error.condition === condition;
}
