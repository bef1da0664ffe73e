import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Authenticator } from "./authenticator.ts";
import { beginClient } from "./client.ts";
import { decodeBase64, decodeText, encodeBase64, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { begin, offered, type SaslContext } from "./mechanisms.ts";

const ldap: Authenticator = {
  hashes: [],
  exists: (user) => user === "romeo",
  verify: async (user, password) => user === "romeo" && password === "montague=,",
};
const internal: Authenticator = { ...ldap, hashes: ["SHA-1", "SHA-256"], scram: async () => undefined };

function context(options: Partial<SaslContext> = {}): SaslContext {
  return {
    domain: "example.com",
    accounts: ldap,
    secure: true,
    bindingTypes: [],
    channelBinding: () => undefined,
    decoySecret: encodeText("a secret"),
    ...options,
  };
}

const bound = { bindingTypes: ["tls-exporter"], channelBinding: () => encodeText("data") };

function fails(condition: string, text?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SaslError, String(error));
    assert.equal(error.condition, condition, error.message);
    if (text !== undefined) assert.match(error.message, text);
    return true;
  };
}

const plain = (text: string, options: Partial<SaslContext> = {}) =>
  begin("PLAIN", context(options)).step(encodeText(text));

test("what is offered follows the account source and the stream", () => {
  assert.deepEqual(offered(context()), ["PLAIN"]);
  assert.deepEqual(offered(context({ secure: false })), []);
  assert.deepEqual(offered(context({ accounts: internal })), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
  assert.deepEqual(offered(context({ accounts: internal }), { plain: false }), ["SCRAM-SHA-256", "SCRAM-SHA-1"]);
  assert.deepEqual(offered(context({ accounts: internal, secure: false })), ["SCRAM-SHA-256", "SCRAM-SHA-1"]);
  assert.deepEqual(offered(context({ accounts: internal, ...bound })), [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
  ]);
  assert.deepEqual(offered(context(bound)), ["PLAIN"]);
  const unbound = { bindingTypes: ["tls-exporter"], channelBinding: () => undefined };
  assert.deepEqual(offered(context({ accounts: internal, ...unbound })), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
});

test("what is not offered cannot be begun", () => {
  const refused = (mechanism: string, condition: string, options: Partial<SaslContext> = {}) =>
    assert.throws(() => begin(mechanism, context(options)), fails(condition), mechanism);
  for (const mechanism of ["", "plain", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "ANONYMOUS", "EXTERNAL"]) {
    refused(mechanism, "invalid-mechanism");
  }
  refused("SCRAM-SHA-512", "invalid-mechanism", { accounts: internal });
  refused("SCRAM-SHA-1-PLUS", "invalid-mechanism", { accounts: internal });
  refused("PLAIN", "encryption-required", { secure: false });
  assert.throws(() => begin("PLAIN", context(), { plain: false }), fails("mechanism-too-weak"));
});

test("PLAIN: a right password, the user name prepared", async () => {
  assert.deepEqual(await plain("\0romeo\0montague=,"), { kind: "success", user: "romeo" });
  assert.deepEqual(await plain("\0Romeo\0montague=,"), { kind: "success", user: "romeo" });
  assert.deepEqual(await plain("romeo@example.com\0romeo\0montague=,"), {
    kind: "success",
    user: "romeo",
    authzid: "romeo@example.com",
  });
  const client = beginClient("PLAIN", { user: "romeo", password: "montague=,", authzid: "romeo" });
  const exchange = begin("PLAIN", context());
  assert.deepEqual(await exchange.step(await client.step(new Uint8Array(0))), {
    kind: "success",
    user: "romeo",
    authzid: "romeo",
  });
  client.verify();
});

test("PLAIN: a whole address in the place of the login", async () => {
  assert.deepEqual(await plain("\0romeo@example.com\0montague=,"), { kind: "success", user: "romeo" });
  assert.deepEqual(await plain("\0Romeo@Example.com\0montague=,"), { kind: "success", user: "romeo" });
});

test("PLAIN: every way to fail", async () => {
  await assert.rejects(plain("\0romeo\0capulet"), fails("not-authorized"));
  await assert.rejects(plain("\0nobody\0montague=,"), fails("not-authorized"));
  await assert.rejects(plain("\0ro meo\0montague=,"), fails("not-authorized"));
  await assert.rejects(plain("\0romeo@example.net\0montague=,"), fails("not-authorized"));
  await assert.rejects(plain("\0romeo\0"), fails("not-authorized", /empty/));
  await assert.rejects(plain("juliet\0romeo\0montague=,"), fails("invalid-authzid"));
  await assert.rejects(plain("romeo@example.com/x\0romeo\0montague=,"), fails("invalid-authzid"));
  for (const text of ["romeo", "\0romeo", "\0\0montague=,", "\0romeo\0montague=,\0", "\0romeo\0montague=,\0x"]) {
    await assert.rejects(plain(text), fails("malformed-request"), JSON.stringify(text));
  }
  await assert.rejects(plain(`\0romeo\0${"x".repeat(5000)}`), fails("malformed-request", /long/));
  const invalid = begin("PLAIN", context()).step(Uint8Array.of(0, 0x72, 0, 0xff));
  await assert.rejects(invalid, fails("malformed-request", /UTF-8/));
});

test("PLAIN: no password is not even shown to the source when it is empty", async () => {
  let asked = 0;
  const verify = async () => {
    asked++;
    return true; // as an LDAP server does with an unauthenticated bind
  };
  await assert.rejects(plain("\0romeo\0", { accounts: { ...ldap, verify } }), fails("not-authorized"));
  assert.equal(asked, 0);
});

test("what the source says comes through", async () => {
  for (const condition of ["temporary-auth-failure", "account-disabled", "credentials-expired"] as const) {
    const verify = async () => {
      throw new SaslError(condition);
    };
    await assert.rejects(plain("\0romeo\0x", { accounts: { ...ldap, verify } }), fails(condition));
    const exchange = begin("SCRAM-SHA-1", context({ accounts: { ...internal, scram: verify } }));
    await assert.rejects(exchange.step(encodeText("n,,n=romeo,r=abc")), fails(condition));
  }
});

test("an exchange is asked once for a missing first response, and used once", async () => {
  const exchange = begin("PLAIN", context());
  assert.deepEqual(await exchange.step(new Uint8Array(0)), { kind: "challenge", data: new Uint8Array(0) });
  await assert.rejects(exchange.step(new Uint8Array(0)), fails("malformed-request"));
  await assert.rejects(exchange.step(encodeText("\0romeo\0montague=,")), fails("malformed-request", /over/));
  const done = begin("PLAIN", context());
  await done.step(encodeText("\0romeo\0montague=,"));
  await assert.rejects(done.step(encodeText("\0romeo\0montague=,")), fails("malformed-request", /over/));
});

test("the user is named once the client has said who", async () => {
  const exchange = begin("SCRAM-SHA-1", context({ accounts: internal }));
  assert.equal(exchange.user, undefined);
  await exchange.step(encodeText("n,,n=Nobody,r=abc"));
  assert.equal(exchange.user, "nobody");
});

test("attempts are admitted before the source is asked, and counted by their outcome", async () => {
  const told: string[] = [];
  const attempts = {
    admit: (user: string | undefined) => void told.push(`admit ${user}`),
    failed: (user: string | undefined) => void told.push(`failed ${user}`),
    succeeded: (user: string) => void told.push(`succeeded ${user}`),
  };
  await plain("\0romeo\0montague=,", { attempts });
  await assert.rejects(plain("\0romeo\0x", { attempts }));
  await assert.rejects(plain("\0ro meo\0x", { attempts }));
  await assert.rejects(plain("malformed", { attempts }));
  assert.deepEqual(told, [
    ...["admit romeo", "admit romeo", "succeeded romeo"],
    ...["admit romeo", "admit romeo", "failed romeo", "failed undefined"],
  ]);
});

test("a lock that falls while a password is checked hides the outcome", async () => {
  let locked = false;
  const attempts = {
    admit: () => {
      if (locked) throw new SaslError("temporary-auth-failure");
    },
    failed: () => {},
    succeeded: () => assert.fail("told"),
  };
  const verify = async () => {
    locked = true;
    return true;
  };
  await assert.rejects(
    plain("\0romeo\0x", { attempts, accounts: { ...ldap, verify } }),
    fails("temporary-auth-failure"),
  );
});

test("property: a wrong password never passes PLAIN", async () => {
  const property = fc.asyncProperty(fc.string(), fc.string(), async (user, password) => {
    await assert.rejects(plain(`\0${user}\0${password}`), (error) => error instanceof SaslError);
  });
  await fc.assert(property, { numRuns: 300 });
});

test("text is read strictly", () => {
  assert.equal(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xc3]]) {
    assert.throws(() => decodeText(Uint8Array.from(bytes)), fails("malformed-request"));
  }
});

test("base64 is read strictly", () => {
  for (const text of ["A", "AA", "AAA", "A===", "AA=A", "AAAA=", "AA AA", "AAAA\n", "AA-_", "é"]) {
    assert.throws(() => decodeBase64(text), fails("incorrect-encoding"), text);
  }
  assert.equal(decodeBase64("").length, 0);
  fc.assert(
    fc.property(fc.uint8Array(), (data) => {
      const text = encodeBase64(data);
      assert.equal(text, Buffer.from(data).toString("base64"));
      assert.deepEqual(decodeBase64(text), Uint8Array.from(data));
    }),
  );
});
