// needs: slapd ldap-utils python3-slixmpp libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { test } from "node:test";
import { domain, instituteFor, lacking } from "./institute.ts";

/** Who leaves the institution is sent away, as real clients see it. */

const skip = lacking(import.meta.filename);
const institute = instituteFor(import.meta.filename, { ldap: { "sync-interval": "1 s" } });
const ended =
  "<error xmlns='http://etherx.jabber.org/streams'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>";

test("who is disabled in the directory is disconnected and not let in again; others are left alone", {
  skip,
}, async () => {
  const { slapd, logIn, refused, purple } = institute();
  const leaving = await (await logIn("lrobert", { lang: "fr" })).goesOnline();
  const shown = await purple("lrobert").signedOn();
  const other = await (await logIn("sbernard")).goesOnline();
  await slapd.modify(slapd.person("lrobert"), { pwdAccountLockedTime: "000001010000Z" });
  const error = await leaving.receives("stream_error", ended);
  assert.match(error.elements.find(({ name }) => name === "text")?.text ?? "", /Votre compte a été fermé/);
  await leaving.disconnected();
  await shown.expect("connection-error");
  const again = await purple("lrobert").expect(["connection-error", "signed-on"]);
  assert.equal(again.event, "connection-error");
  assert.equal(again.fatal, "yes", "it gives up");
  const french = await refused("lrobert", { lang: "fr" });
  assert.equal(french.condition, "account-disabled");
  assert.match(french.text, /désactivé ou verrouillé/);
  await other.settles();
  assert.deepEqual(other.unexpected("disconnected"), []);

  await slapd.modify(slapd.person("lrobert"), { pwdAccountLockedTime: [] });
  await logIn("lrobert");
});

test("who is gone from the directory is disconnected; the login is that of nobody", { skip }, async () => {
  const { slapd, logIn, refused } = institute();
  const leaving = await (await logIn("ychevalier")).goesOnline();
  await slapd.remove(slapd.person("ychevalier"));
  await leaving.receives("stream_error", ended);
  await leaving.disconnected();
  assert.equal((await refused("ychevalier")).condition, "not-authorized");
});

test("user lock acts at once and whatever the directory says; user unlock undoes it", { skip }, async () => {
  const { service, logIn, refused, purple } = institute();
  const shown = await purple("ggrand").signedOn();
  const locked = await (await logIn("ggrand")).goesOnline();
  await service.command(["user", "lock", `ggrand@${domain}`]);
  await locked.receives("stream_error", ended);
  await locked.disconnected();
  await shown.expect("connection-error");
  const refusal = await refused("ggrand");
  assert.equal(refusal.condition, "account-disabled");
  assert.match(refusal.text, /locked/);
  await service.command(["user", "unlock", `ggrand@${domain}`]);
  await logIn("ggrand");
});

test("a password that has expired in the directory is told as such", { skip }, async () => {
  const { slapd, refused } = institute();
  const ageing = { pwdPolicySubentry: `cn=ageing,ou=policies,${slapd.suffix}`, pwdChangedTime: "20200101000000Z" };
  await slapd.modify(slapd.person("cparen"), ageing);
  const french = await refused("cparen", { lang: "fr" });
  assert.equal(french.condition, "credentials-expired");
  assert.match(french.text, /mot de passe a expiré/);
});

test("user delete removes what is kept of somebody who has left the directory", { skip }, async () => {
  const { slapd, service, logIn, refused } = institute();
  const leaving = await (await logIn("fmasson")).goesOnline();
  await leaving.adds(`sbernard@${domain}`, "Sophie");
  await slapd.modify(slapd.person("fmasson"), { pwdAccountLockedTime: "000001010000Z" });
  await leaving.receives("stream_error", ended);
  await service.command(["user", "delete", `fmasson@${domain}`]);
  assert.equal((await refused("fmasson")).condition, "account-disabled");
  await slapd.modify(slapd.person("fmasson"), { pwdAccountLockedTime: [] });
  const back = await logIn("fmasson");
  assert.deepEqual(await back.roster(), {});
});
