// needs: slapd ldap-utils python3-slixmpp libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { test } from "node:test";
import { domain, instituteFor, lacking } from "./institute.ts";

/** People of the directory as real clients show them: search, cards, groups. */

const skip = lacking(import.meta.filename);
const institute = instituteFor(import.meta.filename, {
  ldap: { "sync-interval": "1 s" },
  settings: { groups: { enabled: true, include: ["lesia"], names: { lesia: "LESIA" } } },
});

test("Pidgin's search for users finds people of the directory, and not those who are hidden", { skip }, async () => {
  const client = await institute().purple("jdupont").signedOn();
  const search = async (field: string, text: string) => {
    client.do("menu", "Search for Users");
    const asked = await client.expect("input");
    assert.equal(asked.value, `${domain}/search`, "libpurple has found it in the server's service discovery");
    client.do("enter");
    const form = await client.expect("form");
    assert.match(form.fields!, /any=.*\|last=.*\|first=.*\|email=.*\|unit=.*\|nick=/);
    client.do("fill", field, text);
    client.do("submit");
    return client.expect(["results", "notice"]);
  };
  const found = await search("last", "martin");
  assert.match(found.columns!, /^[^|]+(\|[^|]+){5}$/);
  const rows = found.rows!.split("\n").map((row) => row.split("|"));
  assert.deepEqual(
    rows.map(([jid]) => jid).sort(),
    ["asaintmartin", "pmartin2", "pmartin"].map((user) => `${user}@${domain}`),
  );
  const pierre = rows.find(([jid]) => jid === `pmartin@${domain}`)!;
  assert.deepEqual(pierre.slice(1), ["Martin", "Pierre", `Pierre.Martin@${domain}`, "LESIA", "Astronome"]);
  assert.match((await search("first", "helene")).rows!, /hlegall@.*Hélène/, "accents need not be written");
  for (const [field, text] of [
    ["last", "Discrète"],
    ["any", "Roxane"],
    ["nick", "rhidden"],
  ] as const) {
    const none = await search(field, text);
    assert.doesNotMatch(`${none.rows ?? ""}${none.text ?? ""}`, /rhidden|Roxane/, `${field} ${text}`);
  }
});

test("somebody found by search is added, and is there", { skip }, async () => {
  const { purple, logIn } = institute();
  const garcia = await (await logIn("agarcia")).goesOnline();
  const client = await purple("mdelatour").signedOn();
  client.do("menu", "Search for Users");
  await client.expect("input");
  client.do("enter");
  await client.expect("form");
  client.do("fill", "any", "garcia");
  client.do("submit");
  const [jid = ""] = (await client.expect("results")).rows!.split("|");
  assert.equal(jid, `agarcia@${domain}`);
  client.do("add", jid, "Ángela");
  await garcia.receives("presence", `<presence type='subscribe' from='mdelatour@${domain}'/>`);
  await garcia.presents("subscribed", `mdelatour@${domain}`);
  await client.expect("buddy-signed-on", { who: jid });
});

test("slixmpp finds people too, where the server says that it can be searched", { skip }, async () => {
  const client = await institute().logIn("jdupont");
  assert.ok((await client.identities(domain)).includes("directory/user"));
  const jids = async (fields: Record<string, string>) => (await client.searches(fields)).map(({ jid }) => jid).sort();
  assert.deepEqual(await jids({ last: "martin", first: "pierre" }), [`pmartin2@${domain}`, `pmartin@${domain}`].sort());
  assert.deepEqual(await jids({ email: "helene.le-gall" }), [`hlegall@${domain}`]);
  assert.deepEqual(await jids({ nick: "jean-luc" }), [`jean-luc@${domain}`]);
  assert.equal((await jids({ unit: "GEPI" })).includes(`vlaurent@${domain}`), true);
  assert.deepEqual(await jids({ nick: "rhidden" }), []);
  assert.deepEqual(await jids({ nick: "dparti" }), [], "a disabled account");
  assert.deepEqual(await jids({ any: "*)(uid=*" }), []);
});

test("a card with what the directory knows, photo included, though nobody has written it", { skip }, async () => {
  const { logIn, purple } = institute();
  const client = await logIn("jdupont");
  const card = await client.card(`pmartin@${domain}`);
  const xml = card.toString();
  for (const text of [
    "Pierre Martin",
    `Pierre.Martin@${domain}`,
    "+33 1 45 07 20 00",
    "LESIA",
    "Observatoire de Paris",
  ]) {
    assert.ok(xml.includes(text), `${text} is missing in ${xml}`);
  }
  assert.match(xml, /<PHOTO><TYPE>image\/jpeg<\/TYPE><BINVAL>\/9j\//);
  assert.doesNotMatch(xml, /userPassword|pass-pmartin/);
  const shown = await purple("edurand").signedOn();
  shown.do("information", `pmartin@${domain}`);
  const told = await shown.expect("information", ({ text }) => text!.includes("Pierre Martin"));
  assert.match(told.text!, /Pierre\.Martin@obspm\.example/);
  await assert.rejects(client.card(`rhidden@${domain}`), /item-not-found|service-unavailable/, "hidden");
});

test("a group of the directory is in contact lists; a change is pushed to those who are online", { skip }, async () => {
  const { slapd, logIn, purple } = institute();
  const martin = await (await logIn("pmartin")).goesOnline();
  const before = await martin.roster();
  const lesia = ["amoreau", "bmuller", "crichard", "edurand", "hlegall", "iperrin"].map((user) => `${user}@${domain}`);
  assert.deepEqual(
    Object.keys(before)
      .filter((jid) => before[jid]!.groups.includes("LESIA"))
      .sort(),
    lesia,
  );
  assert.deepEqual(before[`hlegall@${domain}`], { name: "Hélène Le Gall", subscription: "both", groups: ["LESIA"] });
  const legall = await purple("hlegall").signedOn();
  await martin.receives("presence", `<presence from='${legall.address.replace("/pidgin", "/…")}'/>`);
  await legall.expect("buddy-signed-on", { who: `pmartin@${domain}` });

  const blanc = await (await logIn("cblanc")).goesOnline();
  const member = `member: ${slapd.person("cblanc")}\n`;
  await slapd.change(`dn: ${slapd.group("lesia")}\nchangetype: modify\nadd: member\n${member}`);
  const push = (item: string) => `<iq type='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
  const added = `<item jid='cblanc@${domain}' name='Cécile Blanc' subscription='both'><group>LESIA</group></item>`;
  await martin.receives("roster_update", push(added));
  await martin.receives("presence", `<presence from='${blanc}'/>`);
  await legall.expect("buddy-signed-on", { who: `cblanc@${domain}` });
  assert.ok(Object.keys(await blanc.roster()).includes(`pmartin@${domain}`));

  await slapd.change(`dn: ${slapd.group("lesia")}\nchangetype: modify\ndelete: member\n${member}`);
  await martin.receives("roster_update", push(`<item jid='cblanc@${domain}' subscription='remove'/>`));
  await legall.expect("xml-received", ({ text }) => text!.includes("subscription='remove'"));
  await legall.settles();
  legall.do("buddy", `cblanc@${domain}`);
  assert.equal((await legall.expect("buddy")).known, "no");
  assert.deepEqual(
    Object.keys(await martin.roster()).filter((jid) => jid.startsWith("cblanc")),
    [],
  );
});
