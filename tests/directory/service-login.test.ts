// needs: slapd ldap-utils python3-slixmpp libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { alias, domain, instituteFor, lacking, startInstitute } from "./institute.ts";

/** Logging in with real clients to the whole service, with passwords of a real directory. */

const skip = lacking(import.meta.filename);
const institute = instituteFor(import.meta.filename);

test("a domain and the address of the directory are enough to start", { skip }, async () => {
  const minimal = await startInstitute({ open: true, settings: { domains: [{ name: domain }] } });
  try {
    const written = parse(readFileSync(join(minimal.service.folder, "parloir.yaml"), "utf8"));
    assert.deepEqual(Object.keys(written.ldap), ["url", "ca"], "the authority is the test's own");
    assert.deepEqual(written.domains, [{ name: domain }]);
    const martin = await minimal.logIn("pmartin");
    assert.equal(martin.bare, `pmartin@${domain}`);
    const purple = await minimal.purple("hlegall").signedOn();
    await martin.goesOnline();
    await martin.says(purple.address, "Bonjour Hélène");
    await purple.expect("message", { kind: "received", text: "Bonjour Hélène" });
  } finally {
    await minimal.close();
  }
});

for (const direct of [false, true]) {
  const how = direct ? "direct TLS" : "STARTTLS";
  test(`slixmpp and libpurple log in with PLAIN in ${how}`, { skip }, async () => {
    const { logIn, purple } = institute();
    const martin = await logIn("pmartin", { direct });
    assert.equal(martin.bare, `pmartin@${domain}`);
    const legall = await purple("hlegall", { direct }).signedOn();
    const sent = legall.story.find(({ event, text }) => event === "xml-sent" && text!.startsWith("<auth "));
    assert.match(sent?.text ?? "", /mechanism='PLAIN'/);
    assert.ok(!legall.has("question"));
  });
}

test("PLAIN is not offered before TLS, and SCRAM, which the directory cannot do, never", { skip }, async () => {
  const legall = await institute().purple("hlegall").signedOn();
  const features = legall.story.filter(({ event, text }) => event === "xml-received" && /features/.test(text!));
  const mechanisms = features.map(({ text }) => [...text!.matchAll(/<mechanism>([^<]+)/g)].map(([, name]) => name));
  assert.deepEqual(mechanisms, [[], ["PLAIN"], []]);
});

test("a wrong password is refused; the account's own session is not disturbed", { skip }, async () => {
  const { logIn, refused, purple } = institute();
  const martin = await (await logIn("pmartin")).goesOnline();
  const { condition } = await refused("pmartin", { password: "wrong" });
  assert.equal(condition, "not-authorized");
  assert.equal((await refused("nobody-here", { password: "wrong" })).condition, "not-authorized");
  const told = await purple("pmartin", { password: "wrong" }).expect(["connection-error", "signed-on"]);
  assert.equal(told.event, "connection-error");
  assert.equal(told.fatal, "yes", "it must not try again for ever");
  assert.match(told.text!, /password/i);
  await martin.settles();
});

test("an empty password is refused, although the directory would bind anonymously", { skip }, async () => {
  const empty = await institute().refused("pmartin", { password: "" });
  assert.ok(["not-authorized", "malformed-request"].includes(empty.condition ?? ""), JSON.stringify(empty));
});

test("a login in the form Pierre.Martin is explained, in the language of the stream", { skip }, async () => {
  const { refused } = institute();
  const password = "pass-pmartin";
  for (const username of ["Pierre.Martin", "pmartin@gmail.com", `Pierre.Martin@${domain}`]) {
    const french = await refused("pmartin", { username, password, lang: "fr" });
    assert.equal(french.condition, "not-authorized", username);
    assert.equal(french.lang, "fr");
    assert.match(french.text, /identifiant court .* pmartin, et non Pierre\.Martin/);
    const english = await refused("pmartin", { username, password, lang: "en" });
    assert.equal(english.condition, "not-authorized", username);
    assert.equal(english.lang, "en");
    assert.match(english.text, /short login .* pmartin, not Pierre\.Martin/);
  }
});

test("libpurple is told the explanation too, and asks for the login again", { skip }, async () => {
  const { purple } = institute();
  const client = purple("pierre.martin", { password: "pass-pmartin" });
  const told = await client.expect(["connection-error", "signed-on"]);
  assert.equal(told.event, "connection-error");
  assert.equal(told.fatal, "yes");
  // It shows a sentence of its own for a wrong password, whatever the server says (libpurple 2.14).
  const failure = client.story.find(({ event, text }) => event === "xml-received" && text!.startsWith("<failure"));
  assert.match(failure?.text ?? "", /such as pmartin, not Pierre\.Martin/);
});

test("the whole address as login", { skip }, async () => {
  const { logIn } = institute();
  for (const username of [`pmartin@${domain}`, `pmartin@${alias}`, `PMartin@${domain}`]) {
    const martin = await logIn("pmartin", { username });
    assert.equal(martin.bare, `pmartin@${domain}`, username);
  }
});

const french = { c2s: { language: "fr" } };

test("with login-by-mail, the e-mail address and its local part are logins", { skip }, async () => {
  const byMail = await startInstitute({ ldaps: true, ldap: { "login-by-mail": true }, settings: french });
  try {
    const password = "pass-pmartin";
    for (const username of ["Pierre.Martin", `Pierre.Martin@${domain}`, "pmartin"]) {
      const martin = await byMail.logIn("pmartin", { username, password });
      assert.equal(martin.bare, `pmartin@${domain}`, username);
    }
    const purple = await byMail.purple("pierre.martin", { password }).signedOn();
    const bound = purple
      .stanzas("xml-received")
      .find(({ name, elements }) => name === "iq" && elements[0]?.name === "bind");
    assert.match(bound?.elements[0]?.elements[0]?.text ?? "", new RegExp(`^pmartin@${domain}/`));
    // libpurple names no language; the institution's holds.
    purple.do("say", `zorglub@${domain}`, "il y a quelqu'un ?");
    const notice = await purple.expect("notice", { title: "XMPP Message Error" });
    assert.match(notice.secondary!, /Personne n'a cette adresse ici/);
    const wrong = await byMail.refused("pmartin", { username: "Pierre.Martin", password: "wrong" });
    assert.equal(wrong.condition, "not-authorized");
    const namesakes = await byMail.refused("pmartin", { username: "p.martin", password });
    assert.equal(namesakes.condition, "not-authorized", "an address of two people is nobody's login");
  } finally {
    await byMail.close();
  }
});

test("a stream to a domain that is not here", { skip }, async () => {
  const gone = await institute().refused("pmartin@obspm.test");
  assert.equal(gone.condition, undefined);
  assert.match(gone.text, /host-unknown/);
});

test("a login with an accent", { skip }, async () => {
  const { logIn, purple } = institute();
  const élise = await (await logIn("élise")).goesOnline();
  assert.equal(élise.bare, `élise@${domain}`);
  const shown = await purple("jean-luc").signedOn();
  shown.do("say", `élise@${domain}`, "À bientôt");
  await élise.receives("message", `<message from='jean-luc@${domain}/…'><body>À bientôt</body></message>`);
  await (await purple("élise").signedOn()).settles();
});

test("a message waits for somebody who has never logged in; who is not in the directory has no account", {
  skip,
}, async () => {
  const { logIn, purple } = institute();
  const sender = await (await logIn("emichel")).goesOnline();
  await sender.says(`sboyer@${domain}`, "Bienvenue");
  await sender.says(`sboyerr@${domain}`, "Bienvenue");
  const error = `<message type='error' from='sboyerr@${domain}'><error type='cancel'/></message>`;
  await sender.receives("message_error", error);
  await sender.settles();
  const newcomer = await purple("sboyer").signedOn();
  await newcomer.expect("message", { kind: "received", text: "Bienvenue" });
  assert.deepEqual(sender.unexpected("message_error"), []);
});

test("guesses count for the account, however its name is written", { skip }, async () => {
  const { refused } = institute();
  const username = "edurand@obspm.example";
  let condition: string | undefined;
  for (let guess = 0; guess < 13 && condition !== "temporary-auth-failure"; guess++) {
    condition = (await refused("edurand", { username, password: `wrong ${guess}` })).condition;
  }
  assert.equal(condition, "temporary-auth-failure");
});
