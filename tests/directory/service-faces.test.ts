// needs: slapd ldap-utils python3-slixmpp libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { alias, domain, instituteFor, lacking } from "./institute.ts";

/** One person under every form of their address: domains and aliases, logins and e-mail addresses, with real clients. */

const skip = lacking(import.meta.filename);
const other = "guests.example";
const institute = instituteFor(import.meta.filename, {
  settings: { domains: [{ name: domain, aliases: [alias] }, { name: other }] },
});
const body = (text: string, attrs = "") => `<message ${attrs}><body>${text}</body></message>`;

test("the certificate that the service makes covers the domain and its aliases", { skip }, async () => {
  const { service, logIn } = institute();
  const { subjectAltName } = new X509Certificate(readFileSync(service.certificate(domain)));
  assert.equal(subjectAltName, `DNS:${domain}, DNS:${alias}`);
  // slixmpp verifies the name of the domain it connects to.
  for (const direct of [false, true]) {
    for (const face of [domain, alias])
      assert.equal((await logIn(`pmartin@${face}`, { direct })).bare, `pmartin@${face}`);
  }
});

test("logged in under both forms, one is one person: messages, roster, presence", { skip }, async () => {
  const { logIn } = institute();
  const martin = await (await logIn("pmartin")).goesOnline();
  const same = await (await logIn(`pmartin@${alias}`)).goesOnline();
  assert.equal(same.bare, `pmartin@${alias}`);
  await martin.receives("presence", `<presence from='pmartin@${domain}/…'/>`);
  const legall = await (await logIn(`hlegall@${alias}`)).goesOnline();

  await legall.says(`pmartin@${domain}`, "to the domain");
  await legall.says(`pmartin@${alias}`, "to the alias");
  for (const text of ["to the domain", "to the alias"]) {
    await martin.receives("message", body(text, `from='hlegall@${domain}/…'`));
    await same.receives("message", body(text, `from='hlegall@${alias}/…'`));
  }
  await martin.says(`hlegall@${domain}`, "from the domain");
  await same.says(`hlegall@${domain}`, "from the alias");
  await legall.receives("message", body("from the domain", `from='pmartin@${alias}/…' to='hlegall@${alias}'`));
  await legall.receives("message", body("from the alias", `from='pmartin@${alias}/…'`));

  await martin.adds(`hlegall@${alias}`, "Hélène");
  await same.adds(`hlegall@${domain}`, "Hélène Le Gall");
  await martin.presents("subscribe", `hlegall@${alias}`);
  await same.presents("subscribe", `hlegall@${domain}`);
  assert.deepEqual(Object.keys(await martin.roster()), [`hlegall@${domain}`], "no duplicates");
  assert.deepEqual(Object.keys(await same.roster()), [`hlegall@${alias}`]);
  await legall.receives("presence", `<presence type='subscribe' from='pmartin@${alias}'/>`);
  await legall.presents("subscribed", `pmartin@${domain}`);
  await martin.receives("presence", `<presence from='hlegall@${domain}/…'/>`);
  await same.receives("presence", `<presence from='hlegall@${alias}/…'/>`);
  const [item] = Object.values(await same.roster());
  assert.deepEqual(item, { name: "Hélène Le Gall", subscription: "to", groups: [] });
  for (const client of [martin, same, legall]) {
    await client.settles();
    assert.deepEqual(client.unexpected("message"), [], "nothing came twice");
    assert.deepEqual(client.unexpected("message_error"), []);
  }
});

test("libpurple with the alias as domain of its account", { skip }, async () => {
  const { purple, logIn } = institute();
  const garcia = await (await logIn("agarcia")).goesOnline();
  const client = await purple(`mdelatour@${alias}`).signedOn();
  const bound = client
    .stanzas("xml-received")
    .find(({ name, elements }) => name === "iq" && elements[0]?.name === "bind");
  assert.match(bound!.elements[0]!.elements[0]!.text, new RegExp(`^mdelatour@${alias}/`));
  client.do("add", `agarcia@${domain}`, "Ángela", "Collègues");
  await garcia.receives("presence", `<presence type='subscribe' from='mdelatour@${domain}'/>`);
  await garcia.presents("subscribed", `mdelatour@${domain}`);
  await garcia.adds(`mdelatour@${alias}`, "Marie");
  await garcia.presents("subscribe", `mdelatour@${alias}`);
  await client.expect("authorization-asked", { who: `agarcia@${alias}` });
  client.do("allow", `agarcia@${alias}`);
  await garcia.receives("presence", `<presence from='mdelatour@${domain}/…'/>`);
  await client.expect("buddy-signed-on", { who: `agarcia@${alias}` });
  await garcia.says(`mdelatour@${alias}`, "Bonjour Marie");
  const received = await client.expect("message", { kind: "received", text: "Bonjour Marie" });
  assert.match(received.with!, new RegExp(`^agarcia@${alias}`));
  client.do("say", received.with!, "Bonjour &Aacute;ngela".replace("&Aacute;", "Á"));
  await garcia.receives("message", body("Bonjour Ángela", `from='mdelatour@${domain}/…'`));
  assert.deepEqual(Object.keys(await garcia.roster()), [`mdelatour@${domain}`]);
  client.do("sign-off");
  await client.expect("signed-off");
  client.do("sign-on");
  await client.signedOn();
  await client.settles();
  const rosters = client.stanzas("xml-received").filter(({ elements }) => elements[0]?.ns === "jabber:iq:roster");
  const last = rosters.at(-1)!.elements[0]!.elements.map(({ attrs }) => attrs.jid);
  assert.deepEqual(last, [`agarcia@${alias}`], "the contact is there once, in the form of the account's domain");
});

test("who is blocked under one form of the address is blocked under all", { skip }, async () => {
  const { purple, logIn } = institute();
  const client = await purple(`tnguyen@${alias}`).signedOn();
  const pest = await (await logIn("bmuller")).goesOnline();
  await pest.says(`tnguyen@${domain}`, "before");
  await client.expect("message", { kind: "received", text: "before" });
  client.do("block", `bmuller@${alias}`);
  await client.settles();
  for (const face of [domain, alias]) {
    await pest.says(`tnguyen@${face}`, `Hello? ${face}`);
    // A session sees local people in the form of its own domain.
    const error = `<message type='error' from='tnguyen@${domain}'><body>Hello? ${face}</body></message>`;
    await pest.receives("message_error", error);
  }
  client.do("unblock", `bmuller@${alias}`);
  await client.settles();
  await pest.says(`tnguyen@${alias}`, "after");
  await client.expect("message", { kind: "received", text: "after" });
  assert.ok(!client.has("message", ({ text }) => text!.startsWith("Hello?")));
});

test("a message to the e-mail address reaches the account", { skip }, async () => {
  const { logIn, purple } = institute();
  const sender = await (await logIn("jdupont")).goesOnline();
  const martin = await (await logIn("pmartin")).goesOnline();
  const addresses = [`pierre.martin@${domain}`, `Pierre.Martin@${alias}`];
  for (const [at, address] of addresses.entries()) {
    await sender.says(address, `by mail ${at}`);
    await martin.receives("message", body(`by mail ${at}`, `from='jdupont@${domain}/…'`));
  }
  const legall = await (await logIn("hlegall")).goesOnline();
  for (const name of ["helene.le-gall", "helene.legall", "hlg", "hélène.le-gall"]) {
    await sender.says(`${name}@${domain}`, `to ${name}`);
    await legall.receives("message", body(`to ${name}`));
  }
  const shown = await purple("edurand").signedOn();
  shown.do("say", `pierre.martin@${domain}`, "from libpurple");
  await martin.receives("message", body("from libpurple", `from='edurand@${domain}/…'`));
  await martin.says(shown.address, "answer");
  await shown.expect("message", { kind: "received", text: "answer" });
});

test("whoever adds an e-mail address has the account in the contact list, once", { skip }, async () => {
  const { logIn, purple } = institute();
  const adder = await (await logIn("nlefevre")).goesOnline();
  const martin = await (await logIn("pmartin")).goesOnline();
  await adder.adds(`pierre.martin@${domain}`, "Pierre");
  await adder.adds(`pierre.martin@${alias}`, "Pierre");
  await adder.presents("subscribe", `pierre.martin@${domain}`);
  assert.deepEqual(Object.keys(await adder.roster()), [`pmartin@${domain}`]);
  await martin.receives("presence", `<presence type='subscribe' from='nlefevre@${domain}'/>`);
  await martin.presents("subscribed", `nlefevre@${domain}`);
  await adder.receives("presence", `<presence from='${martin}'/>`);

  const shown = await purple("zkowalski").signedOn();
  shown.do("add", `pierre.martin@${domain}`, "Pierre", "Amis");
  await martin.receives("presence", `<presence type='subscribe' from='zkowalski@${domain}'/>`);
  await martin.presents("subscribed", `zkowalski@${domain}`);
  await shown.expect("buddy-signed-on", { who: `pmartin@${domain}` });
  shown.do("buddy", `pierre.martin@${domain}`);
  assert.equal((await shown.expect("buddy")).known, "no", "the other form is gone from the list");
});

test("a name that two people have is refused with an error of its own, which names nobody", { skip }, async () => {
  const { logIn, purple } = institute();
  const french = await (await logIn("jdupont", { lang: "fr" })).goesOnline();
  await french.says(`p.martin@${domain}`, "lequel ?");
  const error = await french.receives(
    "message_error",
    `<message type='error' from='p.martin@${domain}'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><ambiguous xmlns='urn:parloir:addresses'/></error></message>`,
  );
  assert.match(error.toString(), /Plusieurs personnes portent ce nom/);
  assert.doesNotMatch(error.toString(), /pmartin/);
  await assert.rejects(french.adds(`p.martin@${domain}`), /not-acceptable.*ambiguous|ambiguous.*not-acceptable/s);
  assert.deepEqual(Object.keys(await french.roster()), []);
  const shown = await purple("psimon").signedOn();
  shown.do("say", `p.martin@${domain}`, "which one?");
  const notice = await shown.expect("notice", { title: "XMPP Message Error" });
  assert.match(notice.secondary!, /Several people have this name/);
});

test("somebody who is not there, and domains that cannot be reached, are explained at once", { skip }, async () => {
  const { logIn, purple } = institute();
  const french = await (await logIn("jdupont", { lang: "fr" })).goesOnline();
  const wrong = async (to: string, condition: string) => {
    await french.says(to, "il y a quelqu'un ?");
    const inside = `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>`;
    const error = await french.receives(
      "message_error",
      `<message type='error' from='${to}'><error>${inside}</error></message>`,
    );
    return (
      error.elements.find(({ name }) => name === "error")!.elements.find(({ name }) => name === "text")?.text ?? ""
    );
  };
  assert.match(await wrong(`zorglub@${domain}`, "service-unavailable"), /Personne n'a cette adresse ici.*annuaire/);
  assert.match(await wrong(`roxane.discrete@${domain}`, "service-unavailable"), /Personne n'a cette adresse ici/);
  assert.match(await wrong("someone@gmail.com", "remote-server-not-found"), /Google.*par courriel/);
  await assert.rejects(french.adds(`zorglub@${domain}`), /item-not-found.*Personne/s);
  const shown = await purple("psimon").signedOn();
  shown.do("say", "someone@gmail.com", "hello");
  const notice = await shown.expect("notice", { title: "XMPP Message Error" });
  assert.match(notice.secondary!, /someone@gmail\.com failed: .*\w+ \w+/);
});

test("with two domains, a login is somebody else at each; people reach each other across", { skip }, async () => {
  const { logIn } = institute();
  const here = await (await logIn("pmartin")).goesOnline();
  const there = await (await logIn(`pmartin@${other}`, { domain: other })).goesOnline();
  const legall = await (await logIn(`hlegall@${other}`, { domain: other })).goesOnline();
  await legall.says(`pmartin@${domain}`, "to one");
  await legall.says(`pierre.martin@${alias}`, "to one by mail");
  await legall.says(`pierre.martin@${other}`, "to the other by mail");
  const from = `from='hlegall@${other}/…'`;
  await here.receives("message", body("to one", from));
  await here.receives("message", body("to one by mail", from));
  await there.receives("message", body("to the other by mail", from));
  await legall.adds(`pmartin@${alias}`, "one");
  await legall.adds(`pmartin@${other}`, "the other");
  const names = Object.values(await legall.roster()).map(({ name }) => name);
  assert.deepEqual(names.sort(), ["one", "the other"]);
  for (const client of [here, there]) {
    await client.settles();
    assert.deepEqual(client.unexpected("message"), []);
  }
});
