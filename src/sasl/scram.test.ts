import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Authenticator } from "./authenticator.ts";
import { beginClient } from "./client.ts";
import { decodeText, encodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { CheckedExchange } from "./exchange.ts";
import { begin } from "./mechanisms.ts";
import { accounts, binding, bound, context, fails, login, raw, salts } from "./scram.fixture.ts";
import { decoyKeys, Scram } from "./scram.ts";

const vectors = [
  {
    rfc: "RFC 5802 §5",
    hash: "SHA-1",
    client: "fyko+d2lbbFgONRv9qkxdawL",
    server: "3rfcNHYJY1ZVvWVs7j",
    proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    rfc: "RFC 7677 §3",
    hash: "SHA-256",
    client: "rOprNGfwEbeRWgbNEkqO",
    server: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
] as const;

for (const { rfc, hash, client, server, proof, signature } of vectors) {
  test(`${rfc}: the example exchange, both sides`, async () => {
    const exchange = new CheckedExchange(
      `SCRAM-${hash}`,
      new Scram(context(), { hash, plus: false }, server),
      undefined,
    );
    const side = beginClient(`SCRAM-${hash}`, { user: "user", password: "pencil", nonce: client });
    assert.equal(decodeText(side.first()), `n,,n=user,r=${client}`);
    const challenge = await exchange.step(side.first());
    assert.equal(decodeText(challenge.data ?? encodeText("")), `r=${client}${server},s=${salts[hash]},i=4096`);
    const response = await side.step(challenge.data ?? encodeText(""));
    assert.equal(decodeText(response), `c=biws,r=${client}${server},p=${proof}`);
    const outcome = await exchange.step(response);
    assert.deepEqual(outcome, { kind: "success", user: "user", data: encodeText(`v=${signature}`) });
    side.verify(outcome.data);
    assert.throws(() => side.verify(encodeText(`v=${signature.replace("r", "s")}`)), fails("not-authorized"));
  });
}

for (const hash of ["SHA-1", "SHA-256", "SHA-512"]) {
  test(`SCRAM-${hash} and -PLUS: log in, and be refused with a wrong password`, async () => {
    const right = { user: "user", password: "pencil" };
    assert.equal(await login(begin(`SCRAM-${hash}`, context()), right), "user");
    assert.equal(await login(begin(`SCRAM-${hash}-PLUS`, bound), { ...right, channelBinding: binding }), "user");
    const wrong = { user: "user", password: "pencils" };
    await assert.rejects(login(begin(`SCRAM-${hash}`, context()), wrong), fails("not-authorized"));
    await assert.rejects(
      login(begin(`SCRAM-${hash}-PLUS`, bound), { ...wrong, channelBinding: binding }),
      fails("not-authorized"),
    );
  });
}

test("tls-server-end-point is as good as tls-exporter", async () => {
  const channelBinding = { type: "tls-server-end-point", data: encodeText("end") };
  assert.equal(
    await login(begin("SCRAM-SHA-256-PLUS", bound), { user: "user", password: "pencil", channelBinding }),
    "user",
  );
});

test("a proof bound to another channel is refused", async () => {
  const channelBinding = { type: "tls-exporter", data: encodeText("a channel to somebody in the middle") };
  await assert.rejects(
    login(begin("SCRAM-SHA-256-PLUS", bound), { user: "user", password: "pencil", channelBinding }),
    fails("not-authorized", /channel binding/),
  );
});

test("a client that was led to think there is no -PLUS is refused (RFC 5802 §6)", async () => {
  const credentials = { user: "user", password: "pencil", channelBinding: binding };
  await assert.rejects(login(begin("SCRAM-SHA-1", bound), credentials), fails("not-authorized", /hidden/));
  assert.equal(await login(begin("SCRAM-SHA-1", context()), credentials), "user", "y is right where there is none");
});

test("the flag must fit the mechanism, the type must be known", async () => {
  const say = (flag: string) => () => `${flag},,n=user,r=abc`;
  await assert.rejects(raw("SCRAM-SHA-1", bound, say("p=tls-exporter")), fails("malformed-request", /flag/));
  await assert.rejects(raw("SCRAM-SHA-1-PLUS", bound, say("n")), fails("malformed-request", /flag/));
  await assert.rejects(raw("SCRAM-SHA-1-PLUS", bound, say("p=tls-unique")), fails("malformed-request", /type/));
  const only = context({ bindingTypes: ["tls-exporter"], channelBinding: () => binding.data });
  const other = say("p=tls-server-end-point");
  await assert.rejects(raw("SCRAM-SHA-1-PLUS", only, other), fails("malformed-request", /type/), "not announced");
});

test("the flag and the authorization name are signed: a changed c= is refused", async () => {
  const exchange = begin("SCRAM-SHA-1", context());
  const side = beginClient("SCRAM-SHA-1", { user: "user", password: "pencil" });
  const challenge = await exchange.step(side.first());
  const response = decodeText(await side.step(challenge.data ?? encodeText("")));
  const changed = response.replace("c=biws", `c=${Buffer.from("y,,").toString("base64")}`);
  await assert.rejects(exchange.step(encodeText(changed)), fails("not-authorized", /channel binding/));
});

test("a nonce other than ours is refused, even with a proof that fits it", async () => {
  const answer = async (nonceSuffix: string) => {
    const exchange = begin("SCRAM-SHA-1", context());
    const challenge = decodeText((await exchange.step(encodeText("n,,n=user,r=abc"))).data ?? encodeText(""));
    const withoutProof = `c=biws,r=${/r=([^,]*)/.exec(challenge)?.[1]}${nonceSuffix}`;
    const proof = proofOf(`n=user,r=abc,${challenge},${withoutProof}`);
    return exchange.step(encodeText(`${withoutProof},p=${proof}`));
  };
  assert.equal((await answer("")).kind, "success");
  await assert.rejects(answer("x"), fails("not-authorized"));
});

/** The proof of the account for a signed text, written out as in RFC 5802 §3. */
function proofOf(signed: string): string {
  const sha1 = (key: Uint8Array, text: string) => createHmac("sha1", key).update(text).digest();
  const salted = pbkdf2Sync("pencil", Buffer.from(salts["SHA-1"], "base64"), 4096, 20, "sha1");
  const clientKey = sha1(salted, "Client Key");
  const signature = sha1(createHash("sha1").update(clientKey).digest(), signed);
  return Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString("base64");
}

test("the authorization name may be the account, in any spelling, and nothing else", async () => {
  const as = (authzid: string) => login(begin("SCRAM-SHA-1", context()), { user: "user", password: "pencil", authzid });
  for (const authzid of ["user", "User", "user@example.com", "USER@Example.COM"])
    assert.equal(await as(authzid), "user");
  for (const authzid of ["romeo", "user@example.org", "user@example.com/home", "example.com", "@example.com"]) {
    await assert.rejects(as(authzid), fails("invalid-authzid"), authzid);
  }
});

test("malformed first messages", async () => {
  const messages = [
    "x",
    "n",
    "n,",
    "n,,",
    "n,,n=user",
    "n,,r=abc,n=user",
    "n,,n=,r=abc",
    "n,,n=user,r=",
    "n,,n=us=er,r=abc",
    "n,,n=us=2cer,r=abc",
    "n,,m=x,n=user,r=abc",
    "n,,n=user,r=abc,m=x",
    "n,a=,n=user,r=abc",
    "z,,n=user,r=abc",
    "p=,,n=user,r=abc",
    "p,,n=user,r=abc",
    "n,a=us=er,n=user,r=abc",
    "n,,n=user,r=a b",
    "n,,n=us\0er,r=abc",
    "n,,n=user,r=é",
    `n,,n=user,r=${"a".repeat(513)}`,
    `n,,n=user,r=abc,x=${"a".repeat(5000)}`,
  ];
  for (const message of messages) {
    await assert.rejects(
      raw("SCRAM-SHA-1", context(), () => message),
      fails("malformed-request"),
      message,
    );
  }
  const exchange = begin("SCRAM-SHA-1", context());
  await assert.rejects(
    exchange.step(Uint8Array.of(...encodeText("n,,n="), 0xff, 0x2c, 0x72, 0x3d, 0x61)),
    fails("malformed-request", /UTF-8/),
  );
});

test("malformed last messages", async () => {
  const messages = [
    "",
    "x",
    "c=biws",
    "c=biws,r=N",
    "c=biws,r=N,p=",
    "c=biws,r=N,p=!",
    "c=b,r=N,p=AAAA",
    "r=N,c=biws,p=AAAA",
    "c=biws,r=N,m=x,p=AAAA",
    "c=biws,r=N,p=AAAA",
    "c=biws,r=N,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=,x=1",
  ];
  for (const message of messages) {
    const say = (challenge: string) => message.replace("N", /r=([^,]*)/.exec(challenge)?.[1] ?? "");
    await assert.rejects(
      raw("SCRAM-SHA-1", context(), () => "n,,n=user,r=abc", say),
      fails("malformed-request"),
      message,
    );
  }
});

test("optional extensions are passed over and signed", async () => {
  const exchange = begin("SCRAM-SHA-1", context());
  const challenge = await exchange.step(encodeText("n,,n=user,r=abc,x=1,y=2"));
  assert.match(decodeText(challenge.data ?? encodeText("")), /^r=abc[A-Za-z0-9+/]{24},s=/);
});

test("an attempt is admitted before the keys are fetched, and again before the proof is looked at", async () => {
  const locks = (turn: number) => {
    let turns = 0;
    const admit = () => {
      if (turns++ === turn) throw new SaslError("temporary-auth-failure");
    };
    return context({ attempts: { admit, failed: () => {}, succeeded: () => {} } });
  };
  const right = { user: "user", password: "pencil" };
  const first = begin("SCRAM-SHA-1", locks(0));
  await assert.rejects(first.step(encodeText("n,,n=user,r=abc")), fails("temporary-auth-failure"));
  const second = begin("SCRAM-SHA-1", locks(1));
  await assert.rejects(login(second, right), fails("temporary-auth-failure"));
  assert.equal(await login(begin("SCRAM-SHA-1", locks(2)), right), "user");
});

test("a mandatory extension in the last message is refused", async () => {
  const say = (challenge: string) => `c=biws,${challenge.split(",")[0]},m=x,p=AAAA`;
  await assert.rejects(
    raw("SCRAM-SHA-1", context(), () => "n,,n=user,r=abc", say),
    fails("malformed-request", /andatory/),
  );
});

test("reserved characters of a user name are decoded", async () => {
  let asked = "";
  const scram = async (user: string) => {
    asked = user;
    return undefined;
  };
  const spy: Authenticator = { ...accounts(), scram };
  await raw("SCRAM-SHA-1", context({ accounts: spy }), () => "n,,n=A=2Cb=3Dc,r=abc");
  assert.equal(asked, "a,b=c");
  await raw("SCRAM-SHA-1", context({ accounts: spy }), () => "n,,n=a=3D2C,r=abc");
  assert.equal(asked, "a=2c");
});

test("an unknown user gets the same number of turns, a stable salt of its own, and the usual refusal", async () => {
  const ask = (user: string, hash = "SHA-256", on = context()) => raw(`SCRAM-${hash}`, on, () => `n,,n=${user},r=abc`);
  const rest = (challenge: string) => challenge.slice(challenge.indexOf(",s="));
  assert.equal(rest(await ask("nobody")), rest(await ask("NOBODY")));
  assert.match(rest(await ask("nobody")), /^,s=[A-Za-z0-9+/]{22}==,i=10000$/);
  const answers = [
    await ask("nobody"),
    await ask("noone"),
    await ask("nobody", "SHA-1"),
    await ask("nobody", "SHA-256", context({ decoySecret: encodeText("other") })),
  ].map(rest);
  assert.equal(new Set(answers).size, answers.length);
  await assert.rejects(
    login(begin("SCRAM-SHA-1", context()), { user: "nobody", password: "pencil" }),
    fails("not-authorized"),
  );
});

test("the decoy announces the iteration count of the source, and its keys open nothing", async () => {
  const on = context({ accounts: { ...accounts(), iterations: 5000 } });
  assert.match(await raw("SCRAM-SHA-1", on, () => "n,,n=nobody,r=abc"), /,i=5000$/);
  const decoy = decoyKeys(encodeText("x"), "nobody", "SHA-512", 5000);
  assert.equal(decoy.storedKey.length, 64);
});

test("property: only the right password passes", async () => {
  const property = fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), async (password) => {
    fc.pre(password !== "pencil" && password.normalize("NFKC") !== "pencil");
    await assert.rejects(login(begin("SCRAM-SHA-1", context()), { user: "user", password }), fails("not-authorized"));
  });
  await fc.assert(property, { numRuns: 60 });
});

test("property: no bytes crash the server or log in", async () => {
  const parts = fc.array(
    fc.oneof(
      fc.constantFrom("n,,", "y,,", "n=user", ",", "r=abc", "c=biws", "p=", "=", "m=", "a="),
      fc.string({ maxLength: 9 }),
    ),
  );
  const property = fc.asyncProperty(parts, parts, async (first, second) => {
    const exchange = begin("SCRAM-SHA-1", context());
    await assert.rejects(
      (async () => {
        await exchange.step(encodeText(first.join("")));
        await exchange.step(encodeText(second.join("")));
        await exchange.step(encodeText("c=biws,r=abc,p=AAAA"));
      })(),
      (error) => error instanceof SaslError,
    );
  });
  await fc.assert(property, { numRuns: 200 });
});
