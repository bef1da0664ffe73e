import assert from "node:assert/strict";
import type { Assembly } from "#app/assemble.ts";
import { StanzaError } from "#stanza/error.ts";
import { line } from "#stanza/field.ts";
import { form } from "#stanza/form.ts";
import { scenario } from "#test/harness/scenario.ts";
import { adhoc, type Command, done, failed, stage } from "./index.ts";

const namespace = "http://jabber.org/protocol/commands";
const ours = { skipOn: ["prosody", "service"], why: "the commands are made here, inside the server" };

const names = form("test:names", {
  title: { en: "A name", fr: "Un nom" },
  fields: { name: line({ en: "Name", fr: "Nom" }, { required: true, longest: 20 }) },
});
const colours = form("test:colours", {
  title: { en: "A colour", fr: "Une couleur" },
  fields: { colour: line({ en: "Colour", fr: "Couleur" }) },
});

/** Two forms, and what was told in both. */
const paint: Command = {
  node: "paint",
  name: { en: "Paint", fr: "Peindre" },
  permits: ({ from }) => from.local !== "tybalt",
  execute: ({ lang }) =>
    stage(
      names,
      { lang },
      {
        next: ({ name }) =>
          stage(
            colours,
            { lang },
            {
              complete: ({ colour }) => {
                if (colour === "rust") return failed({ en: "No rust.", fr: "Pas de rouille." });
                const text = `${name} is ${colour}`;
                return done([], [{ type: "info", text: { en: text, fr: text } }]);
              },
            },
          ),
      },
    ),
};
const greet: Command = {
  node: "greet",
  name: { en: "Greet", fr: "Saluer" },
  permits: () => true,
  execute: () => done([], [{ type: "info", text: { en: "Good morrow", fr: "Bien le bonjour" } }]),
};
const lost: Command = {
  node: "lost",
  name: { en: "Lost", fr: "Perdue" },
  permits: () => true,
  execute: () => {
    throw new StanzaError("item-not-found", { en: "Gone.", fr: "Partie." });
  },
};

function offer(assembly: Assembly, ...commands: readonly Command[]): void {
  const host = assembly.hosts.get("example.com")!.view("adhoc");
  for (const one of commands) host.use(adhoc).offer(host, "host", one);
}

function request(content: string, attrs: string, lang = ""): string {
  const language = lang === "" ? "" : ` xml:lang='${lang}'`;
  return `<iq type='set' id='c' to='example.com'${language}><command xmlns='${namespace}' ${attrs}>${content}</command></iq>`;
}
function answer(attrs: string, content = ""): string {
  return `<iq type='result' id='c' from='example.com'><command xmlns='${namespace}' ${attrs}>${content}</command></iq>`;
}
function refusal(condition: string, detail = ""): string {
  const more = detail === "" ? "" : `<${detail} xmlns='${namespace}'/>`;
  return `<iq type='error' id='c'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>${more}</error></iq>`;
}
function submit(name: string, value: string): string {
  return `<x xmlns='jabber:x:data' type='submit'><field var='${name}'><value>${value}</value></field></x>`;
}

scenario("commands: who may execute them finds them (XEP-0050 §2.1, §2.2)", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const tybalt = await connect("tybalt@example.com/street");
  const info = "<iq type='get' id='i' to='example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  await romeo.sends(info);
  assert.ok(!(await romeo.next()).toString().includes(namespace), "nothing is advertised where there is nothing");
  offer(assembly, paint, greet);
  await romeo.exchange(
    info,
    `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='${namespace}'/></query></iq>`,
  );
  const items = (lang: string) =>
    `<iq type='get' id='l' to='example.com' xml:lang='${lang}'><query xmlns='http://jabber.org/protocol/disco#items' node='${namespace}'/></iq>`;
  await romeo.exchange(
    items("fr-CA"),
    `<iq type='result' id='l'><query xmlns='http://jabber.org/protocol/disco#items' node='${namespace}'>
      <item jid='example.com' node='paint' name='Peindre'/><item jid='example.com' node='greet' name='Saluer'/></query></iq>`,
  );
  await tybalt.sends(items("en"));
  const listed = (await tybalt.next()).elements[0]!.elements.map(({ attrs }) => attrs.name);
  assert.deepEqual(listed, ["Greet"]);
  const about = (node: string) =>
    `<iq type='get' id='c' to='example.com'><query xmlns='http://jabber.org/protocol/disco#info' node='${node}'/></iq>`;
  await romeo.exchange(
    about(namespace),
    "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='automation' type='command-list'/></query></iq>",
  );
  await romeo.exchange(
    about("paint"),
    `<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info' node='paint'>
      <identity category='automation' type='command-node' name='Paint'/><feature var='${namespace}'/>
      <feature var='jabber:x:data'/></query></iq>`,
  );
  await tybalt.exchange(about("paint"), refusal("forbidden"));
  await tybalt.exchange(about("nothing"), refusal("item-not-found"));
});

scenario("commands: a simple one is done at once (XEP-0050 §2.4.1)", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  offer(assembly, greet);
  await romeo.exchange(
    request("", "node='greet'", "fr"),
    answer("node='greet' status='completed' sessionid='…' xml:lang='fr'", "<note type='info'>Bien le bonjour</note>"),
  );
});

scenario("commands: several steps, there and back (XEP-0050 §2.4.2)", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  offer(assembly, paint);
  const first = answer(
    "node='paint' status='executing'",
    "<actions execute='next'><next/></actions><x xmlns='jabber:x:data' type='form'><title>A name</title></x>",
  );
  const begun = await romeo.exchange(request("", "node='paint' action='execute'"), first);
  const id = begun.elements[0]!.attrs.sessionid!;
  const on = (content: string, action = "") => request(content, `node='paint' sessionid='${id}'${action}`);
  const second = answer(
    `node='paint' status='executing' sessionid='${id}'`,
    "<actions execute='complete'><prev/><complete/></actions><x xmlns='jabber:x:data' type='form'><title>A colour</title></x>",
  );
  await romeo.exchange(on(submit("name", "Rosaline")), second);
  await romeo.exchange(on("", " action='prev'"), first);
  await romeo.exchange(on("", " action='prev'"), refusal("bad-request", "bad-action"));
  await romeo.exchange(on(submit("name", "Juliet"), " action='complete'"), refusal("bad-request", "bad-action"));
  await romeo.exchange(on(submit("name", "Juliet"), " action='next'"), second);
  await romeo.exchange(
    on(submit("colour", "the sun"), " action='complete'"),
    answer(`node='paint' status='completed' sessionid='${id}'`, "<note type='info'>Juliet is the sun</note>"),
  );
  await romeo.exchange(on(submit("colour", "red")), refusal("not-allowed", "session-expired"));
});

scenario("commands: what failed says so; cancelled ends it (XEP-0050 §2.4.3, §3.6)", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  offer(stage.assembly, paint);
  const begin = async () =>
    (await romeo.exchange(request("", "node='paint'"), answer("status='executing'"))).elements[0]!.attrs.sessionid!;
  let id = await begin();
  await romeo.exchange(request(submit("name", "Iron"), `node='paint' sessionid='${id}'`), answer("status='executing'"));
  await romeo.exchange(
    request(submit("colour", "rust"), `node='paint' sessionid='${id}'`, "fr"),
    answer("status='completed'", "<note type='error'>No rust.</note>"),
  );
  id = await begin();
  await romeo.exchange(
    request("", `node='paint' sessionid='${id}' action='cancel'`),
    answer(`node='paint' status='canceled' sessionid='${id}'`),
  );
  await romeo.exchange(
    request("", `node='paint' sessionid='${id}' action='cancel'`),
    refusal("not-allowed", "session-expired"),
  );
});

scenario("commands: what is wrong with a request is told (XEP-0050 §4.4)", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const other = await connect("romeo@example.com/home");
  const tybalt = await connect("tybalt@example.com/street");
  offer(assembly, paint, greet, lost);
  await romeo.exchange(request("", "node='paint' action='dance'"), refusal("bad-request", "malformed-action"));
  await romeo.exchange(request("", "node='paint' action='next'"), refusal("bad-request", "bad-action"));
  await romeo.exchange(request("", "node='paint' sessionid='x'"), refusal("bad-request", "bad-sessionid"));
  await romeo.exchange(request("", "node='nothing'"), refusal("item-not-found"));
  await romeo.exchange(request("", "node='lost'"), refusal("item-not-found"));
  await romeo.exchange(request("", ""), refusal("bad-request"));
  await tybalt.exchange(request("", "node='paint'"), refusal("forbidden"));
  const begun = await romeo.exchange(request("", "node='paint'"), answer("status='executing'"));
  const id = begun.elements[0]!.attrs.sessionid!;
  const on = (content: string) => request(content, `node='paint' sessionid='${id}'`);
  await romeo.exchange(on(""), refusal("bad-request", "bad-payload"));
  await romeo.exchange(on(submit("name", "")), refusal("bad-request", "bad-payload"));
  await romeo.exchange(request("", `node='greet' sessionid='${id}'`), refusal("bad-request", "bad-sessionid"));
  // §3.3: a session is of one requester.
  await other.exchange(on(submit("name", "Juliet")), refusal("not-allowed", "session-expired"));
  // §3.5.1, and what was refused may be tried again.
  await romeo.exchange(on(submit("name", "Juliet").replace("submit", "cancel")), answer("status='executing'"));
});

scenario("commands: who knows the form submits it at once", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  offer(assembly, paint);
  const begun = await romeo.exchange(
    request(submit("name", "Juliet"), "node='paint'"),
    answer("status='executing'", "<actions execute='complete'><prev/><complete/></actions>"),
  );
  const id = begun.elements[0]!.attrs.sessionid!;
  await romeo.exchange(
    request("", `node='paint' sessionid='${id}' action='prev'`),
    answer("status='executing'", "<actions execute='next'><next/></actions>"),
  );
});
