import assert from "node:assert/strict";
import { Jid } from "#jid/jid.ts";
import { iq, Stanza } from "#stanza/stanza.ts";
import type { Client } from "#test/harness/client.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { type ScenarioOptions, scenario } from "#test/harness/scenario.ts";
import { type Element, tag } from "#xml/element.ts";

const errors = "urn:ietf:params:xml:ns:xmpp-stanzas";

function directory(): MemoryPeople {
  return new MemoryPeople([
    {
      user: "pmartin",
      displayName: "MARTIN Pierre",
      givenName: "Pierre",
      familyName: "Martin",
      mail: ["pierre.martin@example.com"],
      unit: "Galaxies",
      title: "Ingénieur",
    },
    {
      user: "pmartin2",
      displayName: "MARTIN Pierre",
      givenName: "Pierre",
      familyName: "Martin",
      mail: ["pierre.martin2@example.com"],
      unit: "Direction",
    },
    {
      user: "egarcia",
      displayName: "Élodie García",
      givenName: "Élodie",
      familyName: "García",
      mail: ["elodie.garcia@example.com"],
      unit: "Étoiles",
    },
    {
      user: "jplegoff",
      displayName: "Jean-Pierre Le Goff",
      givenName: "Jean-Pierre",
      familyName: "Le Goff",
      mail: ["jean-pierre.le-goff@example.com"],
      unit: "Galaxies",
    },
    {
      user: "mduras",
      displayName: "Marguerite Martin-Duras",
      givenName: "Marguerite",
      familyName: "Martin-Duras",
      mail: ["m@example.com"],
      hidden: true,
    },
    { user: "martine", displayName: "Martine", mail: [] },
  ]);
}

function options(people = directory(), search: Record<string, unknown> = {}): ScenarioOptions & { skipOn: string[] } {
  return {
    people: { "example.com": people },
    settings: { "people-search": search },
    skipOn: ["prosody"],
    why: "it has no directory",
  };
}

const legacy = (fields: string, more = "", to = "example.com") =>
  `<iq type='set' to='${to}' id='s' ${more}><query xmlns='jabber:iq:search'>${fields}</query></iq>`;

const fields = "<iq type='get' to='example.com' id='s'><query xmlns='jabber:iq:search'/></iq>";

function submitted(values: Readonly<Record<string, string>>, more = "", to = "example.com"): string {
  const fields = Object.entries({ FORM_TYPE: "jabber:iq:search", ...values }).map(
    ([name, value]) => `<field var='${name}'><value>${value}</value></field>`,
  );
  return legacy(`<x xmlns='jabber:x:data' type='submit'>${fields.join("")}</x>`, more, to);
}

/** The addresses that an answer holds, in either form. */
function addresses(answer: Element): string[] {
  const query = answer.elements[0]!;
  const form = query.child(tag("jabber:x:data", "x"));
  if (form === undefined) return query.elements.map(({ attrs }) => attrs.jid!).sort();
  return form
    .all(tag("jabber:x:data", "item"))
    .map((item) => item.elements.find(({ attrs }) => attrs.var === "jid")!.elements[0]!.text)
    .sort();
}

async function finds(client: Client, request: string): Promise<string[]> {
  const found = await client.exchange(request, "<iq type='result' id='s'><query xmlns='jabber:iq:search'/></iq>");
  return addresses(found)
    .map((address) => address.replace("@example.com", ""))
    .sort();
}

async function refuses(client: Client, request: string, condition: string, text: string) {
  await client.exchange(
    request,
    `<iq type='error' id='s'><error><${condition} xmlns='${errors}'/><text xmlns='${errors}'>…${text}…</text></error></iq>`,
  );
}

scenario("search: the fields, for clients with and without forms (XEP-0055 §2.1, §3)", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  await anne.exchange(
    "<iq type='get' to='example.com' id='f' xml:lang='fr'><query xmlns='jabber:iq:search'/></iq>",
    `<iq type='result' from='example.com' id='f'><query xmlns='jabber:iq:search'>
      <instructions>Remplissez…</instructions><first/><last/><nick/><email/>
      <x xmlns='jabber:x:data' type='form'><title>Recherche de personnes</title>
        <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>
        <field type='text-single' var='any'/><field type='text-single' var='last' label='Nom'/>
        <field type='text-single' var='first'/><field type='text-single' var='email'/>
        <field type='text-single' var='unit' label='Unité'/><field type='text-single' var='nick' label='Login'/>
      </x></query></iq>`,
  );
});

scenario("search: legacy fields are answered by legacy items", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  await anne.exchange(
    legacy("<last>garcia</last>"),
    `<iq type='result' from='example.com' id='s'><query xmlns='jabber:iq:search'>
      <item jid='egarcia@example.com'><first>Élodie</first><last>García</last><nick>egarcia</nick>
      <email>elodie.garcia@example.com</email></item></query></iq>`,
  );
  assert.deepEqual(await finds(anne, legacy("<first>pierre</first><last>MARTIN</last>")), ["pmartin", "pmartin2"]);
  assert.deepEqual(await finds(anne, legacy("<email>le-goff@</email>")), ["jplegoff"]);
  assert.deepEqual(await finds(anne, legacy("<nick>pmartin</nick>")), ["pmartin", "pmartin2"]);
});

scenario("search: a form is answered by a report, the address first", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  const answer = await anne.exchange(
    submitted({ last: "Martin", unit: "galaxies" }, "xml:lang='fr'"),
    `<iq type='result' id='s'><query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='result'>
      <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>
      <reported><field var='jid' type='jid-single' label='Adresse'/><field var='last' label='Nom'/></reported>
      <item><field var='jid'><value>pmartin@example.com</value></field><field var='first'><value>Pierre</value></field>
        <field var='last'><value>Martin</value></field><field var='unit'><value>Galaxies</value></field>
        <field var='title'><value>Ingénieur</value></field>
        <field var='email'><value>pierre.martin@example.com</value></field></item></x></query></iq>`,
  );
  const reported = answer.elements[0]!.elements[0]!.child(tag("jabber:x:data", "reported"))!;
  assert.equal(reported.elements[0]!.attrs.var, "jid", "libpurple takes the first column for the address");
  assert.deepEqual(addresses(answer), ["pmartin@example.com"]);
});

scenario("search: case, accents, hyphens, several words and stars", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  assert.deepEqual(await finds(anne, submitted({ any: "ELODIE" })), ["egarcia"]);
  assert.deepEqual(await finds(anne, submitted({ any: "élodie garcía" })), ["egarcia"]);
  assert.deepEqual(await finds(anne, submitted({ any: "Pierre Martin" })), ["pmartin", "pmartin2"]);
  assert.deepEqual(await finds(anne, submitted({ any: "martin direction" })), ["pmartin2"]);
  assert.deepEqual(await finds(anne, submitted({ first: "Jean-Pierre" })), ["jplegoff"]);
  assert.deepEqual(await finds(anne, submitted({ last: "goff le" })), ["jplegoff"]);
  assert.deepEqual(await finds(anne, submitted({ last: "mart*" })), ["martine", "pmartin", "pmartin2"]);
  assert.deepEqual(await finds(anne, submitted({ first: "Martin" })), ["martine"], "not who is called so by last name");
});

scenario("search: nobody found is an empty answer (XEP-0055 §2.1)", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  for (const request of [legacy("<last>Zorglub</last>"), submitted({ any: "Zorglub" })]) {
    const answer = await anne.exchange(request, "<iq type='result' id='s'><query xmlns='jabber:iq:search'/></iq>");
    assert.equal(answer.elements[0]!.elements.length, 0);
  }
});

scenario("search: hidden people are never found", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  assert.deepEqual(await finds(anne, submitted({ any: "marguerite" })), []);
  assert.deepEqual(await finds(anne, legacy("<nick>mduras</nick>")), []);
});

scenario("search: what is empty or too short is refused, in the person's language", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  await refuses(anne, legacy(""), "not-acceptable", "Fill in at least one field");
  await refuses(anne, submitted({ any: "  " }, "xml:lang='fr-FR'"), "not-acceptable", "Remplissez au moins un champ");
  await refuses(anne, submitted({ any: "*", last: "é" }), "not-acceptable", "2 letters");
});

scenario("search: no more than so many, and a hint", options(directory(), { results: 1 }), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  assert.equal((await finds(anne, legacy("<last>martin</last>"))).length, 1);
  const answer = await anne.exchange(
    submitted({ last: "martin" }),
    "<iq type='result'><query><x xmlns='jabber:x:data'><instructions>Only the first 1 …</instructions></x></query></iq>".replace(
      "<query>",
      "<query xmlns='jabber:iq:search'>",
    ),
  );
  assert.equal(addresses(answer).length, 1);
  const all = await anne.exchange(submitted({ unit: "Direction" }), "<iq type='result' id='s'/>");
  assert.ok(!all.toString().includes("instructions"));
});

scenario("search: not too often", options(directory(), { rate: 2 }), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  const paul = await stage.connect("paul@example.com/x");
  await finds(anne, submitted({ any: "martin" }));
  await finds(anne, submitted({ any: "martin" }, "", "example.com/search"));
  await refuses(anne, submitted({ any: "martin" }), "resource-constraint", "Wait a minute");
  await refuses(anne, fields, "resource-constraint", "Wait a minute");
  await finds(paul, submitted({ any: "martin" }));
});

const down = directory();
scenario("search: a directory that is down says so, and that one should wait", options(down), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  down.fail = true;
  await refuses(anne, fields, "internal-server-error", "does not answer just now");
  await anne.exchange(
    submitted({ any: "martin" }, "xml:lang='fr'"),
    `<iq type='error' id='s'><error type='wait'><internal-server-error xmlns='${errors}'/>
      <text xmlns='${errors}' xml:lang='fr'>L'annuaire ne répond pas…</text></error></iq>`.replace("L'", "L&apos;"),
  );
  down.fail = false;
  assert.deepEqual(await finds(anne, submitted({ any: "garcia" })), ["egarcia"]);
});

scenario("search: found among the items of the domain, as Pidgin looks for it", options(), async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  await anne.exchange(
    "<iq type='get' to='example.com' id='i'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    "<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='example.com/search'/></query></iq>",
  );
  for (const address of ["example.com/search", "example.com"]) {
    await anne.exchange(
      `<iq type='get' to='${address}' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      `<iq type='result' from='${address}' id='d'><query xmlns='http://jabber.org/protocol/disco#info'>
        <identity category='directory' type='user'/><feature var='jabber:iq:search'/></query></iq>`,
    );
    await anne.exchange(
      `<iq type='get' to='${address}' id='f'><query xmlns='jabber:iq:search'/></iq>`,
      `<iq type='result' from='${address}' id='f'><query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='form'/></query></iq>`,
    );
    assert.deepEqual(await finds(anne, submitted({ any: "garcia" }, "", address)), ["egarcia"]);
  }
  const items = "<query xmlns='http://jabber.org/protocol/disco#items'";
  await anne.exchange(
    `<iq type='get' to='example.com/search' id='i'>${items}/></iq>`,
    `<iq type='result'>${items}/></iq>`,
  );
  await anne.exchange(
    "<iq type='get' to='example.com/search' id='v'><vCard xmlns='vcard-temp'/></iq>",
    `<iq type='error' id='v'><error><service-unavailable xmlns='${errors}'/></error></iq>`,
  );
});

scenario(
  "search: under an alias of the domain everything has its form",
  { ...options(), aliases: { "example.com": ["jabber.example.com"] } },
  async (stage) => {
    const anne = await stage.connect("anne@example.com/x", { face: "jabber.example.com" });
    await anne.exchange(
      "<iq type='get' to='jabber.example.com' id='i'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result' from='jabber.example.com'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='jabber.example.com/search'/></query></iq>",
    );
    for (const request of [legacy("<last>garcia</last>"), submitted({ last: "garcia" })]) {
      const answer = await anne.exchange(
        request.replace("'example.com'", "'jabber.example.com/search'"),
        "<iq type='result' from='jabber.example.com/search'/>",
      );
      assert.deepEqual(addresses(answer), ["egarcia@jabber.example.com"]);
    }
  },
);

/** What a server elsewhere gets for a request of one of its people. */
async function fromElsewhere(stage: { assembly: import("#app/assemble.ts").Assembly }, to: string): Promise<Element> {
  const { router } = stage.assembly.server;
  const answered = new Promise<Element>((resolve) => {
    router.remote = ({ stanza }) => resolve(stanza.element);
  });
  const query = tag("jabber:iq:search", "query")({}, tag("jabber:iq:search", "last")({}, "garcia"));
  const asked = Stanza.of(
    "iq",
    iq({ type: "set", id: "r" }, query),
    Jid.parse("eve@elsewhere.example/x"),
    Jid.parse(to),
  );
  await router.route({ stanza: asked });
  return answered;
}

scenario("search: not for people of other servers", options(), async (stage) => {
  for (const to of ["example.com", "example.com/search"]) {
    assert.match((await fromElsewhere(stage, to)).toString(), /forbidden/);
  }
});

scenario("search: for everyone, if the operator wants", options(directory(), { who: "everyone" }), async (stage) => {
  assert.deepEqual(addresses(await fromElsewhere(stage, "example.com")), ["egarcia@example.com"]);
});

scenario("search: without a directory there is none", { ...options(), people: {} }, async (stage) => {
  const anne = await stage.connect("anne@example.com/x");
  await anne.exchange(
    legacy("<last>garcia</last>"),
    `<iq type='error' id='s'><error><service-unavailable xmlns='${errors}'/></error></iq>`,
  );
  const info = await anne.exchange(
    "<iq type='get' to='example.com' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='d'/>",
  );
  assert.ok(!info.toString().includes("directory"));
});
