import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";

const ns = "jabber:iq:roster";
const get = (id: string, ver?: string) =>
  `<iq type='get' id='${id}'><query xmlns='${ns}'${ver === undefined ? "" : ` ver='${ver}'`}/></iq>`;
const set = (id: string, item: string) => `<iq type='set' id='${id}'><query xmlns='${ns}'>${item}</query></iq>`;
const push = (item: string) => `<iq type='set'><query xmlns='${ns}'>${item}</query></iq>`;
const refusal = (id: string, type: string, condition: string) =>
  `<iq type='error' id='${id}'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;

/** Adds a contact, and takes result and push; gives the push. */
async function adds(client: Client, id: string, item: string) {
  await client.sends(set(id, item));
  const found = await client.receivesInAnyOrder(`<iq type='result' id='${id}'/>`, push(item));
  return found.find((stanza) => stanza.attrs.type === "set")!;
}

function versionOf(stanza: { readonly elements: readonly { readonly attrs: Readonly<Record<string, string>> }[] }) {
  return stanza.elements[0]!.attrs.ver!;
}

scenario("roster: a new account has an empty contact list", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  const answer = await juliet.exchange(get("r1"), `<iq type='result' id='r1'><query xmlns='${ns}'/></iq>`);
  assert.equal(answer.elements[0]!.elements.length, 0);
});

scenario("roster: a contact that was added is found again, with name and groups", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await adds(
    juliet,
    "s1",
    "<item jid='romeo@example.net' name='Romeo'><group>Friends</group><group>Verona</group></item>",
  );
  const contact =
    "<item jid='romeo@example.net' name='Romeo' subscription='none'><group>Friends</group><group>Verona</group></item>";
  await juliet.exchange(get("r2"), `<iq type='result' id='r2'><query xmlns='${ns}'>${contact}</query></iq>`);
  const chamber = await connect("juliet@example.com/chamber", { presence: false });
  await chamber.exchange(get("r1"), `<iq type='result' id='r1'><query xmlns='${ns}'>${contact}</query></iq>`);
});

scenario("roster: an update takes the place of name and groups", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await adds(juliet, "s1", "<item jid='romeo@example.net' name='Romeo'><group>Friends</group></item>");
  await adds(juliet, "s2", "<item jid='romeo@example.net' name='R.'><group>Lovers</group></item>");
  const answer = await juliet.exchange(
    get("r2"),
    `<iq type='result' id='r2'><query xmlns='${ns}'><item jid='romeo@example.net' name='R.'><group>Lovers</group></item></query></iq>`,
  );
  assert.equal(answer.elements[0]!.elements.length, 1);
  assert.equal(answer.elements[0]!.elements[0]!.elements.length, 1);
});

scenario("roster: what a client says of subscriptions is not believed", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.sends(set("s1", "<item jid='romeo@example.net' subscription='both' ask='subscribe' approved='true'/>"));
  await juliet.receives("<iq type='result' id='s1'/>");
  const answer = await juliet.exchange(
    get("r1"),
    `<iq type='result'><query xmlns='${ns}'><item jid='romeo@example.net' subscription='none'/></query></iq>`,
  );
  assert.deepEqual(Object.keys(answer.elements[0]!.elements[0]!.attrs).sort(), ["jid", "subscription"]);
});

scenario("roster: the address of a contact is kept in its prepared form", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await juliet.sends(set("s1", "<item jid='Romeo@EXAMPLE.net'/>"));
  await juliet.receivesInAnyOrder("<iq type='result' id='s1'/>", push("<item jid='romeo@example.net'/>"));
});

scenario("roster: only clients that asked for the contact list are told of changes", async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber");
  const garden = await connect("juliet@example.com/garden");
  await balcony.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await chamber.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await adds(balcony, "s1", "<item jid='romeo@example.net'/>");
  await chamber.receives(push("<item jid='romeo@example.net' subscription='none'/>"));
  await garden.receivesNothing();
});

scenario("roster: a client that did not ask for the contact list may change it", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(set("s1", "<item jid='romeo@example.net'/>"), "<iq type='result' id='s1'/>");
  await juliet.receivesNothing();
});

scenario(
  "roster: the result comes before the push",
  { skipOn: ["prosody"], why: "the order is ours" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
    await juliet.exchange(set("s1", "<item jid='romeo@example.net'/>"), "<iq type='result' id='s1'/>");
    const told = await juliet.receives(push("<item jid='romeo@example.net'/>"));
    assert.equal(told.attrs.to, `${juliet}`);
    assert.equal(told.attrs.from ?? "juliet@example.com", "juliet@example.com");
  },
);

scenario("roster: clients may answer a push as they like", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  const told = await adds(juliet, "s1", "<item jid='romeo@example.net'/>");
  await juliet.sends(`<iq type='result' id='${told.attrs.id}'/>`);
  await juliet.sends(`<iq type='error' id='${told.attrs.id}'><error type='cancel'/></iq>`);
  await juliet.receivesNothing();
});

scenario("roster: a contact that was removed is gone", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await adds(juliet, "s1", "<item jid='romeo@example.net'/>");
  await adds(juliet, "s2", "<item jid='romeo@example.net' subscription='remove'/>");
  const answer = await juliet.exchange(get("r2"), `<iq type='result' id='r2'><query xmlns='${ns}'/></iq>`);
  assert.equal(answer.elements[0]!.elements.length, 0);
});

scenario("roster: a contact that is not there cannot be removed", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(
    set("s1", "<item jid='romeo@example.net' subscription='remove'/>"),
    refusal("s1", "…", "item-not-found"),
  );
});

scenario("roster: a change without a contact, or with several, is refused", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(set("s1", ""), refusal("s1", "modify", "bad-request"));
  const two = "<item jid='romeo@example.net'/><item jid='nurse@example.com'/>";
  await juliet.exchange(set("s2", two), refusal("s2", "modify", "bad-request"));
  const answer = await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  assert.equal(answer.elements[0]!.elements.length, 0);
});

scenario(
  "roster: a contact without address, or with a bad one, is refused",
  { skipOn: ["prosody"], why: "our conditions" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange(set("s1", "<item name='Romeo'/>"), refusal("s1", "modify", "bad-request"));
    await juliet.exchange(set("s2", "<item jid='rom eo@example.net'/>"), refusal("s2", "modify", "jid-malformed"));
    await juliet.exchange(set("s3", "<item jid='romeo@example.net/orchard'/>"), refusal("s3", "modify", "bad-request"));
  },
);

scenario(
  "roster: bad groups and names are refused, and say why in the reader's language",
  { skipOn: ["prosody"], why: "it takes them" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const romeo = (inside: string) => `<item jid='romeo@example.net'>${inside}</item>`;
    const long = "é".repeat(512);
    await juliet.exchange(set("s1", romeo("<group>A</group><group>A</group>")), refusal("s1", "modify", "bad-request"));
    await juliet.exchange(set("s2", romeo("<group/>")), refusal("s2", "modify", "not-acceptable"));
    await juliet.exchange(set("s3", romeo(`<group>${long}</group>`)), refusal("s3", "modify", "not-acceptable"));
    const named = `<item jid='romeo@example.net' name='${long}'/>`;
    await juliet.exchange(set("s4", named), refusal("s4", "modify", "not-acceptable"));
    const many = Array.from({ length: 33 }, (_, index) => `<group>${index}</group>`).join("");
    await juliet.exchange(set("s5", romeo(many)), refusal("s5", "modify", "not-acceptable"));
    await juliet.exchange(
      `<iq type='set' id='s6' xml:lang='fr'><query xmlns='${ns}'>${romeo("<group/>")}</query></iq>`,
      "<iq type='error'><error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='fr'>Un groupe doit avoir un nom.</text></error></iq>",
    );
    const answer = await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
    assert.equal(answer.elements[0]!.elements.length, 0);
    const fits = "a".repeat(1023);
    await juliet.exchange(
      set("s7", `<item jid='romeo@example.net' name='${fits}'><group>${fits}</group></item>`),
      "<iq type='result' id='s7'/>",
    );
  },
);

scenario("roster: nobody reads or changes the contact list of somebody else", async ({ connect, account }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(get("r1"), "<iq type='result' id='r1'/>");
  await account("nurse@example.com");
  const tybalt = await connect("tybalt@example.com/street", { presence: false });
  for (const to of ["juliet@example.com", "nurse@example.com", "nobody@example.com", "mercutio@example.net"]) {
    const payload = `<query xmlns='${ns}'><item jid='tybalt@example.com' subscription='both'/></query>`;
    await tybalt.sends(`<iq type='set' id='a' to='${to}'>${payload}</iq>`);
    await tybalt.receives(`<iq type='error' id='a' from='${to}'/>`);
    await tybalt.sends(`<iq type='get' id='b' to='${to}'><query xmlns='${ns}'/></iq>`);
    const refused = await tybalt.receives(`<iq type='error' id='b' from='${to}'/>`);
    assert.ok(refused.elements.every((child) => child.ns !== ns || child.elements.length === 0));
  }
  await juliet.receivesNothing();
});

scenario("roster: what is asked of a client itself reaches the client", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const tybalt = await connect("tybalt@example.com/street");
  await tybalt.sends(`<iq type='get' id='b' to='${juliet}'><query xmlns='${ns}'/></iq>`);
  await juliet.receives(`<iq type='get' id='b' from='${tybalt}'><query xmlns='${ns}'/></iq>`);
});

scenario(
  "roster: whether an account exists cannot be told from the refusal",
  { skipOn: ["prosody"], why: "it tells" },
  async ({ connect, account }) => {
    await account("nurse@example.com");
    const tybalt = await connect("tybalt@example.com/street", { presence: false });
    for (const to of ["nurse@example.com", "nobody@example.com"]) {
      await tybalt.exchange(
        `<iq type='get' id='b' to='${to}'><query xmlns='${ns}'/></iq>`,
        refusal("b", "auth", "forbidden"),
      );
    }
  },
);

scenario(
  "roster: there is a limit to the number of contacts",
  { settings: { roster: { contacts: 2 } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange(set("s1", "<item jid='a@example.net'/>"), "<iq type='result' id='s1'/>");
    await juliet.exchange(set("s2", "<item jid='b@example.net'/>"), "<iq type='result' id='s2'/>");
    await juliet.exchange(set("s3", "<item jid='c@example.net'/>"), refusal("s3", "cancel", "not-allowed"));
    await juliet.exchange(set("s4", "<item jid='b@example.net' name='B'/>"), "<iq type='result' id='s4'/>");
    await juliet.exchange(
      "<presence type='subscribe' id='p1' to='d@example.net'/>",
      "<presence type='error' id='p1' from='d@example.net'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
  },
);

scenario("roster: versioning and pre-approval are offered when the client has logged in", async ({ connect, wire }) => {
  await connect("juliet@example.com/balcony", { presence: false });
  const line = await wire();
  await line.opens("example.com");
  const secret = Buffer.from("\0juliet\0pencil").toString("base64");
  line.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
  await line.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  const { features } = await line.opens("example.com");
  const offered = features.elements.map((feature) => `${feature.ns} ${feature.name}`);
  assert.ok(offered.includes("urn:xmpp:features:rosterver ver"), offered.join("; "));
  assert.ok(offered.includes("urn:xmpp:features:pre-approval sub"), offered.join("; "));
});

scenario("roster: a client with the current version gets an empty result", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1", ""), `<iq type='result' id='r1'><query xmlns='${ns}' ver='…'/></iq>`);
  const version = versionOf(await adds(juliet, "s1", "<item jid='romeo@example.net'/>"));
  const answer = await juliet.exchange(get("r2", version), "<iq type='result' id='r2'/>");
  assert.equal(answer.elements.length, 0);
  await juliet.receivesNothing();
});

scenario(
  "roster: a client that knows all but the latest changes only gets these",
  { skipOn: ["prosody"], why: "it gives the whole roster" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange(get("r1", ""), "<iq type='result' id='r1'/>");
    for (const name of ["a", "b", "c", "d", "e"]) await adds(juliet, name, `<item jid='${name}@example.net'/>`);
    const before = versionOf(await adds(juliet, "s1", "<item jid='f@example.net'/>"));
    await adds(juliet, "s2", "<item jid='b@example.net' name='B'/>");
    const now = versionOf(await adds(juliet, "s3", "<item jid='a@example.net' name='A'/>"));

    const chamber = await connect("juliet@example.com/chamber", { presence: false });
    const answer = await chamber.exchange(get("r1", before), "<iq type='result' id='r1'/>");
    assert.equal(answer.elements.length, 0);
    await chamber.receives(push("<item jid='b@example.net' name='B'/>"));
    const last = await chamber.receives(push("<item jid='a@example.net' name='A'/>"));
    assert.equal(versionOf(last), now);
    await chamber.receivesNothing();
  },
);

scenario("roster: a client that missed a removal gets the whole contact list", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(get("r1", ""), "<iq type='result' id='r1'/>");
  for (const name of ["a", "b", "c", "d"]) await adds(juliet, name, `<item jid='${name}@example.net'/>`);
  const before = versionOf(await adds(juliet, "s1", "<item jid='e@example.net'/>"));
  const removal = await adds(juliet, "s2", "<item jid='b@example.net' subscription='remove'/>");
  const chamber = await connect("juliet@example.com/chamber", { presence: false });
  const answer = await chamber.exchange(get("r1", before), `<iq type='result' id='r1'><query xmlns='${ns}'/></iq>`);
  assert.equal(answer.elements[0]!.elements.length, 4);
  const again = await chamber.exchange(get("r2", versionOf(removal)), "<iq type='result' id='r2'/>");
  assert.equal(again.elements.length, 0);
});

scenario("roster: a client with a version that was never given gets the whole contact list", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await juliet.exchange(set("s1", "<item jid='romeo@example.net'/>"), "<iq type='result' id='s1'/>");
  for (const ver of ["", "0", "nonsense", "999999999999999", "99999999999999999999", "-1"]) {
    await juliet.exchange(
      get(`v${ver}`, ver),
      `<iq type='result'><query xmlns='${ns}'><item jid='romeo@example.net'/></query></iq>`,
    );
  }
});

scenario(
  "roster: contact lists outlive the memory they are kept in",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "our setting" },
  async ({ connect, assembly }) => {
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await juliet.exchange(set("s1", "<item jid='romeo@example.net' name='Romeo'/>"), "<iq type='result' id='s1'/>");
    await juliet.disconnect();
    const { sessions } = assembly.hosts.get("example.com")!;
    while (sessions.of(juliet.jid).length > 0) await new Promise(setImmediate);
    const again = await connect("juliet@example.com/balcony", { presence: false });
    await again.exchange(
      get("r1"),
      `<iq type='result' id='r1'><query xmlns='${ns}'><item jid='romeo@example.net' name='Romeo'/></query></iq>`,
    );
  },
);

scenario(
  "roster: changes made at the same moment are all kept, in one order for everybody",
  { skipOn: ["prosody"], why: "the order of results and pushes is ours" },
  async ({ connect }) => {
    const balcony = await connect("juliet@example.com/balcony", { presence: false });
    const chamber = await connect("juliet@example.com/chamber", { presence: false });
    for (const client of [balcony, chamber]) await client.exchange(get("r1"), "<iq type='result' id='r1'/>");
    for (let index = 0; index < 20; index++) {
      await balcony.sends(set(`b${index}`, `<item jid='contact${index}@example.net'/>`));
      await chamber.sends(set(`c${index}`, `<item jid='contact${index}@example.net' name='${index}'/>`));
    }
    const seen: string[][] = [];
    for (const client of [balcony, chamber]) {
      const pushes: string[] = [];
      for (let count = 0; count < 60; count++) {
        const stanza = await client.next();
        if (stanza.attrs.type === "set") pushes.push(stanza.elements[0]!.toString());
      }
      seen.push(pushes);
    }
    assert.equal(seen[0]!.length, 40);
    assert.deepEqual(seen[0], seen[1]);
  },
);
