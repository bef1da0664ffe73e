import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { scenario } from "#test/harness/scenario.ts";

const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
const ours = { skipOn: ["prosody"], why: "the XEP leaves the condition open" };

function set(content: string, id = "1001", to = ""): string {
  return `<iq type='set' id='${id}' ${to && `to='${to}'`}><query xmlns='jabber:iq:private'>${content}</query></iq>`;
}

function get(content: string, id = "1002", to = ""): string {
  return set(content, id, to).replace("'set'", "'get'");
}

function refused(id: string, condition: string, type: string): string {
  return `<iq type='error' id='${id}'><error type='${type}'><${condition} xmlns='${stanzaErrors}'/></error></iq>`;
}

const prefs = "<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>";

scenario(
  "private storage: what is stored is found again, from another client too (XEP-0049 §2.3)",
  async ({ connect }) => {
    const hamlet = await connect("hamlet@example.com/denmark");
    await hamlet.exchange(set(prefs), "<iq type='result' id='1001'/>");
    const other = await connect("hamlet@example.com/england");
    await other.exchange(
      get("<exodus xmlns='exodus:prefs'/>"),
      `<iq type='result' id='1002'><query xmlns='jabber:iq:private'>${prefs}</query></iq>`,
    );
    await other.exchange(set(prefs.replace("Hamlet", "Macbeth")), "<iq type='result' id='1001'/>");
    await hamlet.exchange(
      get("<exodus xmlns='exodus:prefs'/>"),
      `<iq type='result' id='1002'><query xmlns='jabber:iq:private'>${prefs.replace("Hamlet", "Macbeth")}</query></iq>`,
    );
  },
);

scenario("private storage: what was never stored is empty", async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  const answer = await hamlet.exchange(
    get("<storage xmlns='storage:bookmarks'/>"),
    "<iq type='result' id='1002'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query></iq>",
  );
  assert.deepEqual(answer.elements[0]!.elements[0]!.children, []);
});

scenario("private storage: several elements in one request, each found by its name", ours, async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  await hamlet.exchange(
    set("<a xmlns='x'>1</a><b xmlns='x'>2</b><a xmlns='x'>3</a><a xmlns='y'>4</a>"),
    "<iq type='result'/>",
  );
  const found = await hamlet.exchange(
    get("<a xmlns='x'/>"),
    "<iq type='result'><query xmlns='jabber:iq:private'><a xmlns='x'>1</a><a xmlns='x'>3</a></query></iq>",
  );
  assert.equal(found.elements[0]!.elements.length, 2);
  await hamlet.exchange(
    get("<b xmlns='x'/>"),
    "<iq type='result'><query xmlns='jabber:iq:private'><b xmlns='x'>2</b></query></iq>",
  );
  await hamlet.exchange(
    get("<a xmlns='y'/>"),
    "<iq type='result'><query xmlns='jabber:iq:private'><a xmlns='y'>4</a></query></iq>",
  );
});

scenario("private storage: odd characters and prefixes come back as they were", async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  const odd = "<p:a xmlns:p='odd' p:at='&lt;&quot;é' xml:lang='fr'>😀 &amp; &lt;<b xmlns=''>ž</b></p:a>";
  await hamlet.exchange(set(odd), "<iq type='result'/>");
  const answer = await hamlet.exchange(get("<a xmlns='odd'/>"), "<iq type='result'/>");
  const element = answer.elements[0]!.elements[0]!;
  assert.equal(element.attrs["{odd}at"], '<"é');
  assert.equal(element.attrs["xml:lang"], "fr");
  assert.equal(element.text, "😀 & <");
  assert.equal(element.elements[0]!.ns, "");
  assert.equal(element.elements[0]!.text, "ž");
});

scenario("private storage: nobody reads or writes what is another's (§2.3, §4)", ours, async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  const macbeth = await connect("macbeth@example.com/scotland");
  await hamlet.exchange(set(prefs), "<iq type='result'/>");
  const foreign = prefs.replace("Hamlet", "Macbeth");
  await macbeth.exchange(set(foreign, "1003", "hamlet@example.com"), refused("1003", "forbidden", "auth"));
  await macbeth.exchange(
    get("<exodus xmlns='exodus:prefs'/>", "1004", "hamlet@example.com"),
    refused("1004", "forbidden", "auth"),
  );
  await hamlet.exchange(
    get("<exodus xmlns='exodus:prefs'/>"),
    `<iq type='result'><query xmlns='jabber:iq:private'>${prefs}</query></iq>`,
  );
});

scenario(
  "private storage: a request names exactly one element to get, at least one to set",
  ours,
  async ({ connect }) => {
    const hamlet = await connect("hamlet@example.com/denmark");
    await hamlet.exchange(get("", "1004"), refused("1004", "bad-request", "modify"));
    await hamlet.exchange(get("<a xmlns='x'/><b xmlns='y'/>", "2"), refused("2", "bad-request", "modify"));
    await hamlet.exchange(set("", "3"), refused("3", "not-acceptable", "modify"));
  },
);

scenario("private storage: namespaces of the protocol are no place for it (§2.3)", ours, async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  for (const reserved of [
    "<vCard xmlns='vcard-temp'><FN>Hamlet</FN></vCard>",
    "<query xmlns='jabber:iq:roster'/>",
    "<x xmlns='http://jabber.org/protocol/muc'/>",
    "<bare/>",
    "<none xmlns=''/>",
  ]) {
    await hamlet.exchange(set(reserved, "1005"), refused("1005", "not-acceptable", "modify"));
    await hamlet.exchange(get(reserved, "1006"), refused("1006", "not-acceptable", "modify"));
  }
});

const small = { "private-storage": { "element-size": "200 B", "account-size": "300 B", elements: 2 } };
const limits = { ...ours, why: "our limits", settings: small };

scenario("private storage: limits on an element and on an account", limits, async ({ connect }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  const filled = (name: string, size: number) => `<${name} xmlns='x'>${"x".repeat(size)}</${name}>`;
  await hamlet.exchange(set(filled("a", 200)), refused("1001", "resource-constraint", "cancel"));
  await hamlet.exchange(set(filled("a", 100)), "<iq type='result'/>");
  await hamlet.exchange(set(filled("b", 130)), refused("1001", "resource-constraint", "cancel"));
  await hamlet.exchange(set(filled("b", 10)), "<iq type='result'/>");
  await hamlet.exchange(set(filled("c", 1)), refused("1001", "resource-constraint", "cancel"));
  // In the place of what is there it counts alone; nothing of a refused request is kept.
  await hamlet.exchange(set(filled("a", 110)), "<iq type='result'/>");
  await hamlet.exchange(set(filled("a", 1) + filled("c", 1)), refused("1001", "resource-constraint", "cancel"));
  const kept = await hamlet.exchange(get("<a xmlns='x'/>"), "<iq type='result'/>");
  assert.equal(kept.elements[0]!.elements[0]!.text.length, 110);
  // Emptied, it makes room.
  await hamlet.exchange(set("<a xmlns='x'/>"), "<iq type='result'/>");
  await hamlet.exchange(set(filled("c", 100)), "<iq type='result'/>");
});

scenario(
  "private storage: it is advertised",
  { ...ours, why: "Prosody advertises it too, but by a module" },
  async ({ connect }) => {
    const hamlet = await connect("hamlet@example.com/denmark");
    await hamlet.exchange(
      "<iq type='get' to='example.com' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='jabber:iq:private'/></query></iq>",
    );
  },
);

const inside = { skipOn: ["prosody"], why: "needs our server from inside" };

scenario("private storage: it goes with its account", inside, async ({ connect, assembly }) => {
  const hamlet = await connect("hamlet@example.com/denmark");
  await hamlet.exchange(set(prefs), "<iq type='result'/>");
  await assembly.hosts.get("example.com")!.fire(removing, { account: hamlet.jid.bare });
  const answer = await hamlet.exchange(get("<exodus xmlns='exodus:prefs'/>"), "<iq type='result'/>");
  assert.deepEqual(answer.elements[0]!.elements[0]!.children, []);
});
