import assert from "node:assert/strict";
import type { Assembly } from "#app/assemble.ts";
import { Jid } from "#jid/jid.ts";
import { kindOf, Stanza } from "#stanza/stanza.ts";
import type { Client } from "#test/harness/client.ts";
import { mismatch, pattern } from "#test/harness/match.ts";
import { MemoryPeople, type MemoryPerson } from "#test/harness/people.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

const errors = "urn:ietf:params:xml:ns:xmpp-stanzas";

function person(user: string, givenName: string, familyName: string, mail: string[], hidden = false): MemoryPerson {
  return { user, givenName, familyName, displayName: `${givenName} ${familyName}`, mail, hidden };
}

function directory(): MemoryPeople {
  return new MemoryPeople([
    person("pmartin", "Pierre", "Martin", ["pierre.martin@obs.example"]),
    person("egarcia", "Élodie", "García", ["elodie.garcia@obs.example"]),
    person("jplegoff", "Jean-Pierre", "Le Goff", ["jp.legoff@mail.example"]),
    person("jdupont1", "Jeanne", "Dupont", ["jeanne.dupont1@obs.example"]),
    person("jdupont2", "Jeanne", "Dupont", ["jeanne.dupont2@obs.example"]),
    person("zleroy", "Zoé", "Leroy", ["zoe.leroy@obs.example"]),
    person("zleroy2", "Zoé", "Leroy", ["zoe.leroy2@obs.example"]),
    person("mduras", "Marguerite", "Duras", ["marguerite.duras@obs.example"], true),
    person("pobrien", "Pat", "O'Brien", ["pat.o'brien@obs.example"]),
  ]);
}

const logins = ["pmartin", "egarcia", "jplegoff", "jdupont1", "jdupont2", "zleroy", "zleroy2", "mduras", "pobrien"];

function options(
  people = directory(),
  values: Record<string, unknown> = {},
): ScenarioOptions & { readonly skipOn: string[] } {
  return {
    domains: ["obs.example", "lab.example"],
    people: { "obs.example": people },
    settings: { "mail-aliases": values },
    skipOn: ["prosody"],
    why: "it has no directory",
  };
}

async function accounts(stage: Stage): Promise<void> {
  for (const login of logins) await stage.account(`${login}@obs.example`);
}

/** With the roster loaded, so that pushes come. */
async function interested(stage: Stage, jid: string): Promise<Client> {
  const client = await stage.connect(jid);
  await client.exchange(
    "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='roster'/>",
  );
  return client;
}

const chat = (to: string, more = "") => `<message to='${to}' type='chat' id='m' ${more}><body>Salut</body></message>`;
const refusal = (name: string, from: string, condition: string, text: string) =>
  `<${name} type='error' from='${from}'><error><${condition} xmlns='${errors}'/><text xmlns='${errors}'>…${text}…</text></error></${name}>`;
const add = (jid: string, more = "") =>
  `<iq type='set' id='a'><query xmlns='jabber:iq:roster'><item jid='${jid}' ${more}><group>Amis</group></item></query></iq>`;

async function contacts(client: Client): Promise<string[]> {
  const answer = await client.exchange(
    "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='r'/>",
  );
  return (answer.elements[0]?.elements ?? []).map(({ attrs }) => attrs.jid!);
}

scenario(
  "aliases: a message to first.last@ reaches the account, and the answer comes from it",
  options(),
  async (stage) => {
    const pierre = await stage.connect("pmartin@obs.example/desk");
    const anne = await stage.connect("anne@obs.example/x");
    await anne.sends(chat("Pierre.Martin@obs.example"));
    await pierre.receives(
      `<message from='${anne}' to='pmartin@obs.example' type='chat' id='m'><body>Salut</body></message>`,
    );
    await pierre.sends(chat(`${anne}`));
    await anne.receives(`<message from='${pierre}' type='chat'><body>Salut</body></message>`);
  },
);

scenario("aliases: accents, hyphens, apostrophes, and who is not connected", options(), async (stage) => {
  await accounts(stage);
  const anne = await stage.connect("anne@obs.example/x");
  const addresses = {
    egarcia: ["élodie.garcía", "elodie.garcia", "Elodie.García"],
    jplegoff: ["jean-pierre.le-goff", "jp.legoff"],
    pobrien: ["pat.o\\27brien"],
  };
  for (const [login, names] of Object.entries(addresses)) {
    for (const name of names) await anne.sends(chat(`${name}@obs.example`));
    await anne.settles();
    const reader = await stage.connect(`${login}@obs.example/x`);
    for (const _ of names) await reader.receives(`<message to='${login}@obs.example' from='${anne}'/>`);
  }
  await anne.receivesNothing();
});

scenario("aliases: namesakes are told apart by nobody but the sender, who sees no list", options(), async (stage) => {
  await accounts(stage);
  const anne = await stage.connect("anne@obs.example/x");
  const refused = await anne.exchange(
    chat("jeanne.dupont@obs.example", "xml:lang='fr'"),
    refusal("message", "jeanne.dupont@obs.example", "not-acceptable", "Plusieurs personnes portent ce nom"),
  );
  assert.match(refused.toString(), /<ambiguous xmlns=["']urn:parloir:addresses["']/);
  assert.doesNotMatch(refused.toString(), /jdupont/);
  await anne.exchange(
    add("jeanne.dupont@obs.example"),
    refusal("iq", "anne@obs.example", "not-acceptable", "Several people"),
  );
  await anne.exchange(
    "<presence type='subscribe' to='jeanne.dupont@obs.example'/>",
    refusal("presence", "jeanne.dupont@obs.example", "not-acceptable", "Several people"),
  );
  await anne.exchange(
    "<iq type='get' id='v' to='jeanne.dupont@obs.example'><vCard xmlns='vcard-temp'/></iq>",
    refusal("iq", "jeanne.dupont@obs.example", "not-acceptable", "Several people"),
  );
  // An e-mail address is somebody's own, though another one has the same name.
  const zoe = await stage.connect("zleroy@obs.example/x");
  await anne.sends(chat("zoe.leroy@obs.example"));
  await zoe.receives(`<message from='${anne}' to='zleroy@obs.example'/>`);
});

scenario("aliases: nobody's address is refused with a word on what logins look like", options(), async (stage) => {
  const anne = await stage.connect("anne@obs.example/x");
  const unknown = "paul.durand@obs.example";
  await anne.exchange(chat(unknown), refusal("message", unknown, "service-unavailable", "Logins look like pmartin"));
  await anne.exchange(
    `<presence type='subscribe' to='${unknown}' xml:lang='fr'/>`,
    refusal("presence", unknown, "service-unavailable", "Un login ressemble à pmartin"),
  );
  await anne.exchange(add(unknown), refusal("iq", "anne@obs.example", "item-not-found", "Logins look like pmartin"));
  assert.deepEqual(await contacts(anne), []);
  // Errors and receipts are never answered; presence to nobody does nothing.
  await anne.sends(`<message type='error' to='${unknown}'/><presence to='${unknown}'/>`);
  await anne.receivesNothing();
});

scenario("aliases: hidden people are not found by guessing their name", options(), async (stage) => {
  const hidden = await stage.connect("mduras@obs.example/x");
  const anne = await stage.connect("anne@obs.example/x");
  const guessed = "marguerite.duras@obs.example";
  await anne.exchange(chat(guessed), refusal("message", guessed, "service-unavailable", "Logins look like"));
  await anne.sends(chat("mduras@obs.example"));
  await hidden.receives(`<message from='${anne}'/>`);
});

scenario("aliases: a contact is added under the account, and once", options(), async (stage) => {
  await accounts(stage);
  const anne = await interested(stage, "anne@obs.example/x");
  for (const address of ["pierre.martin@obs.example", "pmartin@obs.example", "Pierre.Martin@obs.example"]) {
    await anne.sends(add(address, `name='${address}'`));
    const expected = [
      "<iq type='result' id='a'/>",
      `<iq type='set'><query xmlns='jabber:iq:roster'><item jid='pmartin@obs.example' name='${address}'><group>Amis</group></item></query></iq>`,
    ];
    const alias =
      "<query xmlns='jabber:iq:roster'><item jid='pierre.martin@obs.example' subscription='remove'/></query>";
    if (!address.startsWith("pmartin")) expected.push(`<iq type='set'>${alias}</iq>`);
    await anne.receivesInAnyOrder(...expected);
  }
  assert.deepEqual(await contacts(anne), ["pmartin@obs.example"]);
  // Clients that show both take the alias away: that is not the contact.
  await anne.exchange(
    "<iq type='set' id='d'><query xmlns='jabber:iq:roster'><item jid='pierre.martin@obs.example' subscription='remove'/></query></iq>",
    `<iq type='error' id='d'><error><item-not-found xmlns='${errors}'/></error></iq>`,
  );
  assert.deepEqual(await contacts(anne), ["pmartin@obs.example"]);
});

scenario("aliases: a subscription is asked of the account and goes both ways", options(), async (stage) => {
  const pierre = await interested(stage, "pmartin@obs.example/desk");
  const anne = await interested(stage, "anne@obs.example/x");
  const push = (item: string) => `<iq type='set'><query xmlns='jabber:iq:roster'><item ${item}/></query></iq>`;
  await anne.sends("<presence type='subscribe' to='pierre.martin@obs.example'/>");
  await anne.receives(push("jid='pmartin@obs.example' ask='subscribe'"));
  await pierre.receives("<presence type='subscribe' from='anne@obs.example'/>");
  await pierre.sends("<presence type='subscribed' to='anne@obs.example'/>");
  await anne.receivesInAnyOrder(
    "<presence type='subscribed' from='pmartin@obs.example'/>",
    push("jid='pmartin@obs.example' subscription='to'"),
    `<presence from='${pierre}'/>`,
  );
  await anne.sends("<presence type='unsubscribe' to='pierre.martin@obs.example'/>");
  await anne.receivesInAnyOrder(
    push("jid='pmartin@obs.example' subscription='none'"),
    `<presence type='unavailable' from='${pierre}'/>`,
  );
  assert.deepEqual(await contacts(anne), ["pmartin@obs.example"]);
});

scenario("aliases: a request to an account is answered by the account", options(), async (stage) => {
  await accounts(stage);
  const anne = await stage.connect("anne@obs.example/x");
  await anne.exchange(
    "<iq type='get' id='v' to='pierre.martin@obs.example'><vCard xmlns='vcard-temp'/></iq>",
    "<iq type='result' id='v' from='pmartin@obs.example'><vCard xmlns='vcard-temp'><FN>Pierre Martin</FN></vCard></iq>",
  );
  await anne.exchange(
    "<iq type='get' id='v' to='paul.durand@obs.example'><vCard xmlns='vcard-temp'/></iq>",
    `<iq type='error' id='v' from='paul.durand@obs.example'><error><service-unavailable xmlns='${errors}'/></error></iq>`,
  );
});

scenario("aliases: who is blocked is not reached by another name", options(), async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/desk");
  const anne = await stage.connect("anne@obs.example/x");
  const block = (jid: string) =>
    `<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block></iq>`;
  await pierre.exchange(block("anne@obs.example"), "<iq type='result' id='b'/>");
  await anne.exchange(
    chat("pierre.martin@obs.example"),
    `<message type='error'><error><service-unavailable xmlns='${errors}'/></error></message>`,
  );
  await pierre.exchange(block("egarcia@obs.example"), "<iq type='result' id='b'/>");
  await stage.account("egarcia@obs.example");
  await pierre.exchange(
    chat("elodie.garcia@obs.example"),
    `<message type='error'><error><not-acceptable xmlns='${errors}'/></error></message>`,
  );
  await pierre.receivesNothing();
});

scenario("aliases: from another domain of this server", options(), async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/desk");
  const lab = await interested(stage, "anne@lab.example/x");
  await lab.sends(chat("pierre.martin@obs.example"));
  await pierre.receives(`<message from='${lab}' to='pmartin@obs.example'/>`);
  await lab.sends(add("pierre.martin@obs.example"));
  await lab.receivesInAnyOrder(
    "<iq type='result' id='a'/>",
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='pmartin@obs.example'/></query></iq>",
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='pierre.martin@obs.example' subscription='remove'/></query></iq>",
  );
  // A domain without a directory is as before.
  await pierre.exchange(
    chat("pierre.martin@lab.example"),
    `<message type='error'><error><service-unavailable xmlns='${errors}'/></error></message>`,
  );
});

scenario(
  "aliases: under a face of the domain too",
  { ...options(), aliases: { "obs.example": ["jabber.obs.example"] } },
  async (stage) => {
    const pierre = await stage.connect("pmartin@obs.example/desk");
    const anne = await stage.connect("anne@obs.example/x", { face: "jabber.obs.example" });
    await anne.sends(chat("pierre.martin@jabber.obs.example"));
    await pierre.receives("<message from='anne@obs.example/x' to='pmartin@obs.example'/>");
    await anne.exchange(add("pierre.martin@jabber.obs.example"), "<iq type='result' id='a'/>");
    assert.deepEqual(await contacts(anne), ["pmartin@jabber.obs.example"]);
  },
);

const counting = directory();
scenario("aliases: accounts cost no question, aliases one, also those of nobody", options(counting), async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/desk");
  const anne = await stage.connect("anne@obs.example/x");
  await stage.account("egarcia@obs.example");
  for (const to of ["pmartin@obs.example", "egarcia@obs.example"]) await anne.sends(chat(to));
  await pierre.receives("<message/>");
  assert.equal(counting.asked.resolve, 0);
  for (let time = 0; time < 3; time++) {
    await anne.sends(chat("pierre.martin@obs.example"));
    await pierre.receives("<message/>");
    await anne.exchange(chat("paul.durand@obs.example"), "<message type='error'/>");
  }
  assert.equal(counting.asked.resolve, 2);
  counting.change({ persons: [person("pdurand", "Paul", "Durand", [])] });
  const paul = await stage.connect("pdurand@obs.example/x");
  await anne.sends(chat("paul.durand@obs.example"));
  await paul.receives("<message to='pdurand@obs.example'/>");
});

const failing = directory();
scenario("aliases: a directory that is down is no unknown person", options(failing), async (stage) => {
  await accounts(stage);
  const anne = await stage.connect("anne@obs.example/x");
  failing.fail = true;
  const alias = "pierre.martin@obs.example";
  const waits = (name: string) =>
    `<${name} type='error'><error type='wait'><internal-server-error xmlns='${errors}'/><text xmlns='${errors}'>The directory does not answer…</text></error></${name}>`;
  await anne.exchange(chat(alias), waits("message"));
  await anne.exchange(add(alias), waits("iq"));
  assert.deepEqual(await contacts(anne), []);
  // Logins need no directory.
  await anne.sends(add("pmartin@obs.example"));
  await anne.receivesInAnyOrder("<iq type='result' id='a'/>", "<iq type='set'/>");
  await anne.sends(chat("pmartin@obs.example"));
  await anne.receivesNothing();
});

/** A server elsewhere: what its people send, and what comes to them. */
function elsewhere({ server }: Assembly, domain = "elsewhere.example") {
  const arrived: Element[] = [];
  server.router.remote = ({ stanza }) => void arrived.push(stanza.element);
  return {
    arrived,
    async sends(text: string): Promise<void> {
      const element = parseText(text.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'"));
      const from = Jid.parse(`eve@${domain}/x`);
      await server.router.route({ stanza: Stanza.of(kindOf(element)!, element, from, Jid.parse(element.attrs.to!)) });
    },
    /** The one stanza that has come since must fit. */
    gets(text: string): Element {
      assert.equal(arrived.length, 1, arrived.join("\n"));
      const [element] = arrived.splice(0);
      assert.equal(mismatch(pattern(text), element!), undefined, `${element}`);
      return element!;
    },
  };
}

const unknown = (to: string) =>
  `<message type='error' from='${to}'><error type='cancel'><service-unavailable xmlns='${errors}'/></error></message>`;

scenario("aliases: from other servers, exactly the e-mail addresses", options(), async (stage) => {
  await accounts(stage);
  const pierre = await stage.connect("pmartin@obs.example/desk");
  const eve = elsewhere(stage.assembly);
  await eve.sends(chat("pierre.martin@obs.example"));
  await pierre.receives("<message from='eve@elsewhere.example/x' to='pmartin@obs.example'/>");
  const refused = [];
  for (const name of [
    "élodie.garcía", // hers is without accents
    "jean-pierre.le-goff", // his e-mail is elsewhere
    "jeanne.dupont", // several
    "marguerite.duras", // hidden
    "paul.durand", // nobody
  ]) {
    await eve.sends(chat(`${name}@obs.example`));
    refused.push(
      eve
        .gets(unknown(`${name}@obs.example`))
        .toString()
        .replaceAll(name, ""),
    );
  }
  assert.equal(new Set(refused).size, 1, "they differ in nothing");
  assert.deepEqual(eve.arrived, []);
});

scenario(
  "aliases: the e-mail addresses of the institution may have a domain of their own",
  options(directory(), { "mail-domains": ["Mail.example"] }),
  async (stage) => {
    const jean = await stage.connect("jplegoff@obs.example/x");
    const eve = elsewhere(stage.assembly);
    await eve.sends(chat("jp.legoff@obs.example"));
    await jean.receives("<message from='eve@elsewhere.example/x' to='jplegoff@obs.example'/>");
  },
);

scenario("aliases: other servers are told the account where an answer must come from it", options(), async (stage) => {
  await accounts(stage);
  const eve = elsewhere(stage.assembly);
  const redirect = (name: string, login: string) =>
    `<${name} type='error'><error><redirect xmlns='${errors}'>xmpp:${login}@obs.example</redirect></error></${name}>`;
  await eve.sends("<presence type='subscribe' to='elodie.garcia@obs.example'/>");
  eve.gets(redirect("presence", "egarcia"));
  await eve.sends("<iq type='get' id='v' to='pierre.martin@obs.example'><vCard xmlns='vcard-temp'/></iq>");
  eve.gets(redirect("iq", "pmartin"));
  await eve.sends("<presence type='subscribe' to='jeanne.dupont@obs.example'/>");
  assert.deepEqual(eve.arrived, []);
});

scenario(
  "aliases: none for other servers, if the operator wants",
  options(directory(), { published: "none" }),
  async (stage) => {
    await accounts(stage);
    const eve = elsewhere(stage.assembly);
    await eve.sends(chat("pierre.martin@obs.example"));
    eve.gets(unknown("pierre.martin@obs.example"));
  },
);

scenario(
  "aliases: a server that guesses is no longer listened to",
  options(directory(), { "remote-rate": 2 }),
  async (stage) => {
    const pierre = await stage.connect("pmartin@obs.example/desk");
    const guesser = elsewhere(stage.assembly);
    for (const name of ["a.b", "c.d"]) {
      await guesser.sends(chat(`${name}@obs.example`));
      guesser.gets(unknown(`${name}@obs.example`));
    }
    await guesser.sends(chat("pierre.martin@obs.example"));
    guesser.gets(unknown("pierre.martin@obs.example"));
    // Logins are no guesses, and other servers are not concerned.
    await guesser.sends(chat("pmartin@obs.example"));
    await pierre.receives("<message from='eve@elsewhere.example/x'/>");
    await elsewhere(stage.assembly, "other.example").sends(chat("pierre.martin@obs.example"));
    await pierre.receives("<message from='eve@other.example/x'/>");
  },
);

scenario("aliases: to other servers a directory that is down is an unknown person", options(failing), async (stage) => {
  await accounts(stage);
  failing.fail = true;
  const eve = elsewhere(stage.assembly);
  await eve.sends(chat("pierre.martin@obs.example"));
  eve.gets(unknown("pierre.martin@obs.example"));
});

scenario("aliases: a blocked stranger is not let in by another name", options(), async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/desk");
  await pierre.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='elsewhere.example'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  const eve = elsewhere(stage.assembly);
  await eve.sends(chat("pierre.martin@obs.example"));
  eve.gets(`<message type='error'><error><service-unavailable xmlns='${errors}'/></error></message>`);
  await pierre.receivesNothing();
});

scenario("aliases: who is invited to a room by name is invited; namesakes are not", options(), async (stage) => {
  await stage.account("pmartin@obs.example");
  await stage.account("jdupont1@obs.example");
  await stage.account("jdupont2@obs.example");
  const elodie = await stage.connect("egarcia@obs.example/work");
  const pierre = await stage.connect("pmartin@obs.example/work");
  const room = "equipe@conference.obs.example";
  const mucUser = "http://jabber.org/protocol/muc#user";
  await elodie.sends(`<presence to='${room}/Elodie'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await elodie.sends(
    `<iq type='set' to='${room}' id='open'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  );
  const invite = (to: string) =>
    `<message to='${room}' id='${to}'><x xmlns='${mucUser}'><invite to='${to}'/></x></message>`;
  await elodie.sends(invite("pierre.martin@obs.example"));
  await pierre.receives(
    `<message from='${room}'><x xmlns='${mucUser}'><invite from='egarcia@obs.example…'/></x></message>`,
  );
  await elodie.sends(invite("jeanne.dupont@obs.example"));
  for (;;) {
    const stanza = await elodie.next("the refusal of an invitation");
    if (stanza.attrs.type !== "error") continue;
    assert.equal(stanza.attrs.id, "jeanne.dupont@obs.example");
    assert.match(stanza.toString(), /<ambiguous /);
    break;
  }
});
