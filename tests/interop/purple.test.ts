// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { startService } from "#test/harness/service.ts";
import { PurpleClient } from "./purple/client.ts";
import { PurpleSuite } from "./purple/suite.ts";

/** libpurple, the library of Pidgin and Finch, against our whole suite.service. */

const suite = new PurpleSuite();
const stage = (context: TestContext) => suite.stage(context);

/** Romeo adds Juliet, and each allows the other. */
async function befriend(romeo: PurpleClient, juliet: PurpleClient): Promise<void> {
  const [his, hers] = [romeo, juliet].map(({ address }) => address.split("/")[0]!) as [string, string];
  romeo.do("add", hers, "Juliette & fils", "Vérone");
  await juliet.expect("authorization-asked", { who: his });
  juliet.do("allow", his);
  juliet.do("add", his, "Roméo", "Vérone");
  await romeo.expect("authorization-asked", { who: hers });
  romeo.do("allow", hers);
  await romeo.expect("buddy-signed-on", { who: hers });
  await juliet.expect("buddy-signed-on", { who: his });
}

test("signs on over STARTTLS", async (context) => {
  const romeo = await stage(context).online("romeo");
  assert.ok(!romeo.has("question"));
  assert.ok(!romeo.has("connection-error"));
});

test("signs on over direct TLS", async (context) => {
  const romeo = await stage(context).dial("romeo", { direct: true });
  await romeo.signedOn();
});

test("every request at login is answered, and nothing with an error but what is not there", async (context) => {
  const romeo = await stage(context).online("romeo");
  await romeo.expect("xml-sent", ({ text }) => /^<presence/.test(text!));
  await romeo.settles();
  const asked = romeo.stanzas("xml-sent").filter(({ name, attrs }) => name === "iq" && /^(get|set)$/.test(attrs.type!));
  assert.ok(asked.length >= 6, romeo.tail());
  const refused: string[] = [];
  for (const request of asked) {
    const answer = await romeo.answer(request.attrs.id!);
    assert.ok(answer.attrs.type === "result" || answer.attrs.type === "error", `${request} got ${answer}`);
    const condition = /<([\w-]+) xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/.exec(answer.toString())?.[1];
    if (answer.attrs.type === "error") refused.push(`${request.elements[0]?.ns} ${condition}`);
  }
  // There is no vCard yet.
  assert.deepEqual(refused, ["vcard-temp item-not-found"]);
  assert.ok(!romeo.has("notice"), romeo.tail());
});

test("a certificate that nobody vouches for is asked about: no sign-on unless its person says so", async (context) => {
  const { dial } = stage(context);
  for (const [choice, event] of [
    ["Reject", "connection-error"],
    ["Accept", "signed-on"],
  ] as const) {
    const romeo = await dial("romeo", { accepted: null });
    const question = await romeo.expect(["question", "connection-error"]);
    assert.equal(question.event, "question", romeo.tail());
    assert.match(question.primary!, /^Accept certificate/);
    romeo.do("answer", `${question.buttons!.split("|").indexOf(choice)}`);
    await romeo.expect(["signed-on", "connection-error"], { event });
    if (choice === "Reject") assert.equal(romeo.stanzas("xml-sent").length, 0);
  }
});

test("another certificate than the one accepted before is not taken silently", async (context) => {
  const other = await startService({ domains: ["example.net"] });
  context.after(() => other.stop());
  const romeo = await stage(context).dial("romeo", { accepted: other.certificate("example.net") });
  const told = await romeo.expect(["question", "connection-error", "signed-on"]);
  assert.equal(told.event, "question", romeo.tail());
});

test("a certificate that an authority vouches for is taken without a question", async (context) => {
  const local = await startService({ domains: ["localhost"], settings: { accounts: { iterations: 4096 } } });
  context.after(() => local.stop());
  await local.addUser("romeo@localhost", "pencil");
  const authorities = dirname(local.certificate("localhost"));
  for (const direct of [false, true]) {
    const options = { service: local, address: "romeo@localhost/pidgin", server: "localhost", accepted: null };
    const romeo = new PurpleClient(suite.program, { ...options, authorities, direct });
    context.after(() => romeo.stop());
    await romeo.signedOn();
    assert.ok(!romeo.has("question"));
  }
});

test("a wrong password is refused, and said to be wrong", async (context) => {
  const romeo = await stage(context).dial("romeo", { password: "wrong" });
  const error = await romeo.expect("connection-error");
  assert.equal(error.fatal, "yes");
  assert.match(error.text!, /password/i);
  assert.ok(!romeo.has("signed-on"));
});

test("adds a contact, who allows it and adds in turn; both see each other's presence", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  juliet.do("status", "away", "À table &amp; &lt;bientôt&gt;"); // libpurple's texts are HTML
  const seen = await romeo.expect("buddy-status", { who: address("juliet"), status: "away" });
  assert.equal(seen.message, "À table & <bientôt>");
  juliet.do("status", "dnd");
  await romeo.expect("buddy-status", { who: address("juliet"), status: "dnd" });
  juliet.do("sign-off");
  await romeo.expect("buddy-signed-off", { who: address("juliet") });
  juliet.do("sign-on");
  await romeo.expect("buddy-signed-on", { who: address("juliet") });
});

test("the roster is there at the next login, with name and group", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  romeo.do("add", address("juliet"), "Juliette & fils", "Vérone");
  await romeo.settles();
  const home = await online("romeo", "home");
  await home.settles();
  home.do("buddy", address("juliet"));
  const buddy = await home.expect("buddy");
  assert.equal(buddy.alias, "Juliette & fils");
  assert.equal(buddy.group, "Vérone");
  romeo.do("remove", address("juliet"));
  await romeo.settles();
  await home.settles();
  home.do("buddy", address("juliet"));
  assert.equal((await home.expect("buddy")).known, "no");
});

test("a refused request leaves no subscription", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  romeo.do("add", address("juliet"), "Juliet");
  await juliet.expect("authorization-asked", { who: address("romeo") });
  juliet.do("refuse", address("romeo"));
  await juliet.settles();
  await romeo.settles();
  romeo.do("buddy", address("juliet"));
  assert.equal((await romeo.expect("buddy")).online, "no");
});

test("messages go both ways, with entities, accents, formatting and lines", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  romeo.do("say", address("juliet"), "L'été &lt;b&gt; &amp;amp; <b>gras</b> 👋🏽<br>deuxième ligne");
  const received = await juliet.expect("message", { kind: "received" });
  assert.equal(received.text, "L'été <b> &amp; gras 👋🏽\ndeuxième ligne");
  assert.match(received.html!, /<(b|span [^>]*)>gras<\/(b|span)>/i);
  assert.equal(received.delayed, "no");
  juliet.do("say", received.with!, "Ça va &amp; toi\u00a0?");
  const answer = await romeo.expect("message", { kind: "received" });
  assert.equal(answer.text, "Ça va & toi\u00a0?");
});

test("a contact is seen typing", async (context) => {
  const { online } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  juliet.do("typing", romeo.address);
  await romeo.expect("buddy-typing");
});

test("a message to somebody who is away is there at the next login, with its time", async (context) => {
  const { online, address, dial } = stage(context);
  const romeo = await online("romeo");
  const absent = await dial("juliet");
  await absent.signedOn();
  absent.do("sign-off");
  await absent.expect("signed-off");
  await romeo.settles();
  romeo.do("say", address("juliet"), "Où es-tu &amp; que fais-tu ?");
  await romeo.settles();
  absent.do("sign-on");
  const message = await absent.expect("message", { kind: "received" });
  assert.equal(message.text, "Où es-tu & que fais-tu ?");
  const stanza = absent.stanzas("xml-received").find(({ name }) => name === "message");
  const stamp = stanza?.elements.find(({ name }) => name === "delay")?.attrs.stamp;
  assert.equal(Number(message.time), Math.floor(Date.parse(stamp!) / 1000), "libpurple shows the time of sending");
  assert.ok(!romeo.has("message", ({ kind }) => kind === "error"));
});

test("a message to nobody comes back as an error that is shown", async (context) => {
  const { online } = stage(context);
  const romeo = await online("romeo");
  romeo.do("say", "nobody-at-all@example.com", "Hello?");
  const notice = await romeo.expect("notice", { title: "XMPP Message Error" });
  assert.match(notice.secondary!, /nobody-at-all@example\.com failed: \S+ \S+/, "a sentence says why");
  assert.equal(notice.text, "Hello?");
});

test("somebody blocked cannot write any more, and can again later", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  romeo.do("block", address("juliet"));
  await juliet.expect("buddy-signed-off", { who: address("romeo") });
  juliet.do("say", address("romeo"), "Are you there?");
  await juliet.expect("notice", { title: "XMPP Message Error" });
  romeo.do("unblock", address("juliet"));
  await juliet.expect("buddy-signed-on", { who: address("romeo") });
  juliet.do("say", address("romeo"), "And now?");
  await romeo.expect("message", { kind: "received", text: "And now?" });
});

test("information about a contact shows the client, and its own client answers", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  romeo.do("information", address("juliet"));
  const told = await romeo.expect("information", ({ text }) => text!.includes("libpurple"));
  assert.equal(told.who, address("juliet"));
});

test("a published card is seen by others, also when its owner is away", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  juliet.do("card", "<vCard xmlns='vcard-temp'><FN>Juliette Capulet &amp; fille</FN><NICKNAME>Jul</NICKNAME></vCard>");
  await juliet.settles();
  juliet.do("sign-off");
  await juliet.expect("signed-off");
  romeo.do("information", address("juliet"));
  await romeo.expect("information", ({ text }) => text!.includes("Juliette Capulet &amp; fille"));
});

test("a new picture reaches a contact", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  const picture = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNgYPj/HwADAgH/p2SkNgAAAABJRU5ErkJggg==",
    "base64",
  );
  const file = join(suite.folder, "picture.png");
  writeFileSync(file, picture);
  juliet.do("icon", file);
  const icon = await romeo.expect("buddy-icon", { who: address("juliet") });
  assert.equal(icon.checksum, createHash("sha1").update(picture).digest("hex"));
});

test("a connection that is lost shows as gone to contacts", async (context) => {
  const { online, address } = stage(context);
  const romeo = await online("romeo");
  const juliet = await online("juliet");
  await befriend(romeo, juliet);
  await juliet.kill();
  await romeo.expect("buddy-signed-off", { who: address("juliet") });
});

test("the service found no fault of its own", () => {
  assert.doesNotMatch(suite.service.log, /^\S+ \S+ error /m);
});
