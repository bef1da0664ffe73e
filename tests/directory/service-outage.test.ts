// needs: slapd ldap-utils python3-slixmpp libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { startService } from "#test/harness/service.ts";
import { domain, type Institute, instituteFor, lacking, startInstitute } from "./institute.ts";
import { SlixmppClient } from "./slixmpp.ts";

/** The directory stops and comes back while people log in and talk. */

const skip = lacking(import.meta.filename);
const institute = instituteFor(import.meta.filename, { ldap: { "sync-interval": "1 s", timeout: "2 s" } });
const logins = ["sbernard", "lrobert", "crichard", "amoreau", "psimon", "vlaurent", "emichel", "tgarnier"];

/** Repeats something until it is told to stop; resolves with how often it was done. */
function repeated(run: (turn: number) => Promise<unknown>) {
  let going = true;
  const done = (async () => {
    let turn = 0;
    while (going) await run(turn++);
    return turn;
  })();
  return {
    stop() {
      going = false;
      return done;
    },
  };
}

/** People who log in and out again all the time. */
function crowd({ slixmpp, service }: Institute) {
  const outcomes: (string | undefined)[] = [];
  const waiting: { wanted: string; resolve: () => void }[] = [];
  const running = [0, 1].map((lane) =>
    repeated(async (turn) => {
      const user = logins[(turn * 2 + lane) % logins.length]!;
      const login = { service, account: `${user}@${domain}`, password: `pass-${user}` };
      const outcome = await slixmpp.tries(login);
      if (outcome instanceof SlixmppClient) await outcome.leaves();
      const told = outcome instanceof SlixmppClient ? "in" : (outcome.condition ?? outcome.text);
      outcomes.push(told);
      for (const { wanted, resolve } of waiting) if (wanted === told) resolve();
    }),
  );
  return {
    outcomes,
    /** Resolves when the next login has this outcome. */
    until(wanted: string): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ wanted, resolve });
      return promise;
    },
    stop: () => Promise.all(running.map((one) => one.stop())),
  };
}

test("the directory stops and starts under load: sessions go on, logins fail for now and work again", {
  skip,
}, async () => {
  const { slapd, service, logIn, purple } = institute();
  const martin = await (await logIn("pmartin")).goesOnline();
  const legall = await (await logIn("hlegall")).goesOnline();
  const shown = await purple("bmuller").signedOn();
  const chat = repeated(async (turn) => {
    await martin.says(legall.jid, `message ${turn}`);
    await legall.receives("message", `<message from='${martin}'><body>message ${turn}</body></message>`);
  });
  const people = crowd(institute());
  for (let round = 0; round < 3; round++) {
    await people.until("in");
    await slapd.stop();
    await people.until("temporary-auth-failure");
    await martin.says(shown.address, `without the directory ${round}`);
    await shown.expect("message", { kind: "received", text: `without the directory ${round}` });
    await people.until("temporary-auth-failure");
    await slapd.start();
    await people.until("in");
  }
  await people.stop();
  const said = await chat.stop();
  assert.ok(said > 20, `${said} messages`);
  assert.deepEqual([...new Set(people.outcomes)].sort(), ["in", "temporary-auth-failure"], "nothing else, ever");
  for (const client of [martin, legall]) {
    await client.settles();
    assert.deepEqual(client.unexpected("disconnected"), []);
  }
  assert.ok(!shown.has("connection-error"));
  assert.doesNotMatch(service.log, /^\S+ \S+ error .*(?:not handled|fault)/m);
});

test("a directory that accepts connections and says nothing is down, too; what does not need it goes on", {
  skip,
}, async () => {
  const { slapd, logIn, refused, purple } = institute();
  const martin = await (await logIn("pmartin")).goesOnline();
  slapd.freeze();
  try {
    const waiting = refused("hlegall", { lang: "fr" });
    await martin.adds("elodie@example.org");
    const french = await waiting;
    assert.equal(french.condition, "temporary-auth-failure");
    assert.match(french.text, /annuaire des comptes ne répond pas.*Réessayez/);
    const told = await purple("crichard").expect(["connection-error", "signed-on"]);
    assert.equal(told.event, "connection-error");
    assert.equal(told.fatal, "no", "it tries again by itself, and does not ask for another password");
    // A name that was never looked up is not simply nobody's.
    await martin.says(`anais.saint-martin@${domain}`, "Bonjour");
    await martin.receives("message_error", "<message type='error'><error type='wait'/></message>");
    const found = await martin.searches({ nick: "asaintmartin" });
    assert.deepEqual(
      found.map(({ jid }) => jid),
      [`asaintmartin@${domain}`],
      "by what was read last",
    );
    const card = await martin.card(`hlegall@${domain}`);
    assert.equal(card.attrs.type, "result");
    await martin.settles();
  } finally {
    slapd.thaw();
  }
  await until(async () => (await institute().slixmpp.tries(hlegall())) instanceof SlixmppClient);
});

test("with the setting verifier, those who have logged in before log in while the directory is down", {
  skip,
}, async () => {
  const keeping = await startInstitute({ ldap: { verifier: true, timeout: "2 s" } });
  try {
    await (await keeping.logIn("pmartin")).leaves();
    await keeping.slapd.stop();
    const martin = await keeping.logIn("pmartin");
    assert.equal(martin.bare, `pmartin@${domain}`);
    assert.equal((await keeping.refused("pmartin", { password: "wrong" })).condition, "not-authorized");
    assert.equal((await keeping.refused("hlegall")).condition, "temporary-auth-failure", "never seen");
  } finally {
    await keeping.close();
  }
});

test("the service starts without its directory, and people log in as soon as it is there", { skip }, async () => {
  const { slapd, service } = institute();
  await slapd.stop();
  const { ldap } = parse(readFileSync(join(service.folder, "parloir.yaml"), "utf8"));
  const settings = { domains: [{ name: domain }], ldap };
  const early = await startService({ domains: [domain], settings });
  try {
    const login = { ...hlegall(), service: early };
    assert.equal((await institute().slixmpp.refused(login)).condition, "temporary-auth-failure");
    await slapd.start();
    await until(async () => (await institute().slixmpp.tries(login)) instanceof SlixmppClient);
  } finally {
    await early.stop();
  }
});

function hlegall() {
  return { service: institute().service, account: `hlegall@${domain}`, password: "pass-hlegall" };
}

/** Repeats a question until the answer is yes; the test's own time limit ends it. */
async function until(question: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    if (await question()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail("it did not come to that");
}
