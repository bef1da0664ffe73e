import assert from "node:assert/strict";
import { test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { parseText } from "#xml/parser.ts";
import { StanzaError } from "./error.ts";
import { address, addresses, choice, choices, count, flag, heading, hidden, line, lines, secret } from "./field.ts";
import { dataSet, form, formIn, formTypeOf, isCancelled, rawValues, report } from "./form.ts";

const both = (en: string, fr = en) => ({ en, fr });

/** The form of XEP-0004 §5.1. */
const bot = form("jabber:bot", {
  title: both("Bot Configuration", "Configuration du robot"),
  instructions: [both("Fill out this form to configure your new bot!", "Remplissez ce formulaire !")],
  fields: {
    about: heading(both("Section 1: Bot Info", "Partie 1 : le robot")),
    botname: line(both("The name of your bot", "Le nom de votre robot"), { longest: 20 }),
    description: lines(both("Helpful description of your bot")),
    public: flag(both("Public bot?", "Robot public ?"), { required: true }),
    password: secret(both("Password for special access"), { description: both("Keep it", "Gardez-le") }),
    features: choices(both("What features will the bot support?"), {
      contests: both("Contests"),
      news: both("News", "Nouvelles"),
      polls: both("Polls"),
    }),
    maxsubs: choice(both("Maximum number of subscribers"), { 10: both("10"), 20: both("20"), none: both("None") }),
    invitelist: addresses(both("People to invite"), { most: 2 }),
    owner: address(both("Owner")),
    limit: count(both("Limit"), { least: 1, most: 100 }),
    secretary: hidden(),
  },
});

function submitted(fields: string, type = "submit") {
  return bot.read(
    parseText(`<x xmlns='jabber:x:data' type='${type}'><field var='public'><value>1</value></field>${fields}</x>`),
  );
}

function field(name: string, ...values: string[]) {
  return `<field var='${name}'>${values.map((text) => `<value>${text}</value>`).join("")}</field>`;
}

function refusal(run: () => unknown): StanzaError {
  try {
    run();
  } catch (problem) {
    if (problem instanceof StanzaError) return problem;
    throw problem;
  }
  return assert.fail("nothing was refused");
}

test("a form is shown in the language of the user, with its values", () => {
  const shown = bot.show({ botname: "Joogle", features: ["news", "polls"], public: false, maxsubs: "20" }, "fr-FR");
  const expected = parseText(
    `<x xmlns='jabber:x:data' type='form'><title>Configuration du robot</title>
    <instructions>Remplissez ce formulaire !</instructions>
    <field var='FORM_TYPE' type='hidden'><value>jabber:bot</value></field>
    <field type='fixed'><value>Partie 1 : le robot</value></field>
    <field var='botname' type='text-single' label='Le nom de votre robot'><value>Joogle</value></field>
    <field var='description' type='text-multi' label='Helpful description of your bot'/>
    <field var='public' type='boolean' label='Robot public ?'><required/><value>0</value></field>
    <field var='password' type='text-private' label='Password for special access'><desc>Gardez-le</desc></field>
    <field var='features' type='list-multi' label='What features will the bot support?'>
      <option label='Contests'><value>contests</value></option><option label='Nouvelles'><value>news</value></option>
      <option label='Polls'><value>polls</value></option><value>news</value><value>polls</value></field>
    <field var='maxsubs' type='list-single' label='Maximum number of subscribers'>
      <option label='10'><value>10</value></option><option label='20'><value>20</value></option>
      <option label='None'><value>none</value></option><value>20</value></field>
    <field var='invitelist' type='jid-multi' label='People to invite'/>
    <field var='owner' type='jid-single' label='Owner'/>
    <field var='limit' type='text-single' label='Limit'><validate xmlns='http://jabber.org/protocol/xdata-validate'
      datatype='xs:integer'><range min='1' max='100'/></validate></field>
    <field var='secretary' type='hidden'/></x>`
      .replace(/\n\s*(?=<)/g, "")
      .replace(/\n\s*/g, " "),
  );
  assert.equal(shown.toString(), expected.toString());
});

test("English is the language of those who name no other", () => {
  assert.match(bot.show({}).toString(), /<title>Bot Configuration</);
  assert.match(bot.show({}, "de").toString(), /<title>Bot Configuration</);
});

test("what is submitted is read by type; what is left out stays out", () => {
  const values = submitted(
    field("botname", "Joogle") +
      field("description", "one", "two") +
      field("features", "polls", "news") +
      field("maxsubs", "none") +
      field("invitelist", "Juliet@capulet.com", "juliet@capulet.com", "") +
      field("owner", "romeo@montague.net/home") +
      field("limit", " 42 ") +
      field("unheard-of", "x") +
      field("about", "x"),
  );
  assert.deepEqual(values, {
    botname: "Joogle",
    description: "one\ntwo",
    public: true,
    features: ["news", "polls"],
    maxsubs: "none",
    invitelist: [Jid.parse("juliet@capulet.com")],
    owner: Jid.parse("romeo@montague.net/home"),
    limit: 42,
  });
});

test("what is shown, submitted unchanged, is read as it was", () => {
  const values = {
    botname: "a",
    description: "b\nc",
    public: true,
    features: ["news"],
    maxsubs: "10",
    limit: 7,
  } as const;
  assert.deepEqual(bot.read(bot.submit(values)), values);
});

test("empty values are told from values left out", () => {
  const values = submitted(
    field("botname") + field("features") + field("owner", "") + field("invitelist") + field("maxsubs"),
  );
  assert.deepEqual(values, { public: true, botname: "", features: [], owner: undefined, invitelist: [] });
});

test("all spellings of a boolean", () => {
  for (const [text, yes] of [
    ["1", true],
    ["true", true],
    ["0", false],
    ["false", false],
  ] as const) {
    const read = bot.read(parseText(`<x xmlns='jabber:x:data' type='submit'>${field("public", text)}</x>`));
    assert.equal(read.public, yes, text);
  }
});

test("refusals name the field and what is wrong, in both languages", () => {
  const cases: readonly (readonly [string, RegExp, RegExp])[] = [
    [field("botname", "a", "b"), /The name of your bot.*single value/, /Le nom de votre robot.*seule valeur/],
    [field("botname", "a\nb"), /single line/, /seule ligne/],
    [field("botname", "x".repeat(21)), /at most 20 characters/, /au plus 20 caractères/],
    [field("description", "x".repeat(16_385)), /at most 16384/, /au plus 16384/],
    [field("features", "news", "war"), /one of the choices/, /l'un des choix/],
    [field("maxsubs", "11"), /one of the choices/, /l'un des choix/],
    [field("maxsubs", "toString"), /one of the choices/, /l'un des choix/],
    [field("invitelist", "@"), /People to invite.*address/, /adresse/],
    [field("invitelist", "a@b", "c@b", "d@b"), /at most 2 addresses/, /au plus 2 adresses/],
    [field("owner", "a@"), /Owner.*address/, /adresse/],
    [field("limit", "0"), /whole number from 1 to 100/, /nombre entier de 1 à 100/],
    [field("limit", "1e2"), /whole number/, /nombre entier/],
    [field("limit", ""), /whole number/, /nombre entier/],
    [field("secretary", "a", "b"), /secretary.*single value/, /secretary.*seule valeur/],
  ];
  for (const [content, en, fr] of cases) {
    const error = refusal(() => submitted(content));
    assert.equal(error.condition, "not-acceptable", content);
    assert.match(error.explanation?.en ?? "", en);
    assert.match(error.explanation?.fr ?? "", fr);
  }
  const odd = refusal(() =>
    bot.read(parseText(`<x xmlns='jabber:x:data' type='submit'>${field("public", "maybe")}</x>`)),
  );
  assert.match(odd.explanation?.en ?? "", /Public bot.*yes or no/);
});

test("a required field must be there and filled", () => {
  for (const content of ["", field("public"), field("public", "")]) {
    const error = refusal(() => bot.read(parseText(`<x xmlns='jabber:x:data' type='submit'>${content}</x>`)));
    assert.equal(error.condition, "not-acceptable");
    assert.match(error.explanation?.en ?? "", /Public bot\?” must be filled in/);
  }
});

test("only submissions of this form are read", () => {
  assert.equal(refusal(() => submitted("", "form")).condition, "bad-request");
  assert.equal(refusal(() => submitted(field("FORM_TYPE", "jabber:other"))).condition, "bad-request");
  assert.equal(refusal(() => bot.read(parseText("<x xmlns='jabber:client' type='submit'/>"))).condition, "bad-request");
  assert.deepEqual(submitted(field("FORM_TYPE", "jabber:bot")), { public: true });
});

test("forms beyond the limits are refused unread", () => {
  const many = Array.from({ length: 257 }, (_, index) => field(`f${index}`, "x")).join("");
  assert.equal(refusal(() => submitted(many)).condition, "bad-request");
  const deep = field("features", ...new Array<string>(2001).fill("news"));
  assert.equal(refusal(() => submitted(deep)).condition, "bad-request");
});

test("a cancelled form is known, and found in its payload", () => {
  const payload = parseText("<query xmlns='a'><x xmlns='jabber:x:data' type='cancel'/></query>");
  assert.equal(isCancelled(formIn(payload)!), true);
  assert.equal(isCancelled(bot.submit({})), false);
  assert.equal(formIn(parseText("<query xmlns='a'/>")), undefined);
});

test("FORM_TYPE counts where it is hidden, or in a submission (XEP-0068 §4)", () => {
  const of = (type: string, kind: string) =>
    formTypeOf(
      parseText(`<x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE'${kind}><value>t</value></field></x>`),
    );
  assert.equal(of("result", " type='hidden'"), "t");
  assert.equal(of("result", ""), undefined);
  assert.equal(of("form", " type='text-single'"), undefined);
  assert.equal(of("submit", ""), "t");
});

test("raw values leave out headings and fields without a name", () => {
  const raw = rawValues(
    parseText(`<x xmlns='jabber:x:data' type='result'><field type='fixed' var='h'><value>a</value></field>
    <field><value>b</value></field>${field("c", "d", "e")}</x>`),
  );
  assert.deepEqual([...raw], [["c", ["d", "e"]]]);
});

test("a data set and a report", () => {
  assert.equal(
    dataSet("t", { os: ["Mac"], ip: ["4", "6"] }).toString(),
    "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>t</value></field>" +
      "<field var='os'><value>Mac</value></field><field var='ip'><value>4</value><value>6</value></field></x>",
  );
  const columns = {
    name: { label: both("Name", "Nom") },
    jid: { label: both("Address"), type: "jid-single" },
  } as const;
  assert.equal(
    report(columns, [{ name: "Romeo", jid: "romeo@montague.net" }, { name: "Tybalt" }], "fr").toString(),
    "<x xmlns='jabber:x:data' type='result'><reported><field var='name' type='text-single' label='Nom'/>" +
      "<field var='jid' type='jid-single' label='Address'/></reported>" +
      "<item><field var='name'><value>Romeo</value></field><field var='jid'><value>romeo@montague.net</value></field></item>" +
      "<item><field var='name'><value>Tybalt</value></field><field var='jid'><value/></field></item></x>",
  );
});
