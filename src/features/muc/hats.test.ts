import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { enters, opens, room, seen, subject } from "./room.fixture.ts";

const teacher = "https://tech.example.edu/hats#teacher";
const proctor = "https://tech.example.edu/hats#proctor";
const ours = { skipOn: ["prosody"], why: "it has no hats" };

/** A request to a command for hats; the fields are submitted at once where there are some. */
function command(what: string, fields?: Readonly<Record<string, string>>, attrs = ""): string {
  const all = { FORM_TYPE: "urn:xmpp:hats:commands", ...fields };
  const written = Object.entries(all).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  const form = fields === undefined ? "" : `<x xmlns='jabber:x:data' type='submit'>${written.join("")}</x>`;
  return `<iq type='set' id='h' to='${room}' xml:lang='en'><command xmlns='http://jabber.org/protocol/commands'
    node='urn:xmpp:hats:commands:${what}' ${attrs}>${form}</command></iq>`;
}
function answer(content = "", status = "completed"): string {
  return `<iq type='result' id='h' from='${room}'><command xmlns='http://jabber.org/protocol/commands'
    status='${status}'>${content}</command></iq>`;
}
function refused(condition: string): string {
  return `<iq type='error' id='h'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;
}
const changed = `<message from='${room}' type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>`;
function hatted(nick: string, ...hats: readonly string[]): string {
  return `<presence from='${room}/${nick}'><hats xmlns='urn:xmpp:hats:0'>${hats.join("")}</hats></presence>`;
}
const make = { "hats#title": "Teacher", "hats#uri": teacher, "hats#hue": "327.25" };

scenario(
  "hats: made with the room's form, given, seen by all and by newcomers (XEP-0317 §3)",
  ours,
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(romeo, "Romeo");
    await enters(juliet, "Juliet", ["Romeo"]);
    await romeo.receives(seen("Juliet", "role='participant'"));
    const begun = await romeo.exchange(
      command("create"),
      answer(
        `<x xmlns='jabber:x:data' type='form'><field var='hats#title' type='text-single'><required/></field>
        <field var='hats#uri' type='text-single'><required/></field><field var='hats#hue'/></x>`,
        "executing",
      ),
    );
    const { sessionid } = begun.elements[0]!.attrs;
    await romeo.sends(command("create", make, `sessionid='${sessionid}'`));
    await romeo.receives(changed);
    await romeo.receives(answer());
    await juliet.receives(changed);
    await romeo.sends(command("assign", { "hats#jid": "juliet@example.com", "hats#uri": teacher }));
    const hat = `<hat title='Teacher' uri='${teacher}' hue='327.25' xml:lang='en'/>`;
    for (const client of [romeo, juliet]) {
      await client.receives(hatted("Juliet", hat));
      await client.receives(changed);
    }
    await romeo.receives(answer());
    const mercutio = await connect("mercutio@example.com/street");
    await mercutio.sends(`<presence to='${room}/Mercutio'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    await mercutio.receivesInAnyOrder(`<presence from='${room}/Romeo'/>`, hatted("Juliet", hat));
  },
);

scenario(
  "hats: a new title is shown at once; removed, it is worn by nobody (XEP-0317 §3.2, §3.3, §3.6)",
  ours,
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await opens(romeo, "Romeo");
    const does = async (what: string, fields: Readonly<Record<string, string>>, shown?: string) => {
      await romeo.sends(command(what, fields));
      const presence = shown === undefined ? undefined : await romeo.receives(shown);
      await romeo.receives(changed);
      await romeo.receives(answer());
      return presence;
    };
    await does("create", make);
    await does("create", { "hats#title": "Proctor", "hats#uri": proctor });
    const self = `<presence from='${room}/Romeo'/>`;
    await does("assign", { "hats#jid": "romeo@example.com", "hats#uri": teacher }, self);
    await does("assign", { "hats#jid": "romeo@example.com", "hats#uri": proctor }, self);
    await does(
      "create",
      { ...make, "hats#title": "Master" },
      hatted("Romeo", `<hat title='Master' uri='${teacher}'/>`, `<hat title='Proctor' uri='${proctor}'/>`),
    );
    const rest = await does("destroy", { "hats#uri": teacher }, hatted("Romeo", `<hat uri='${proctor}'/>`));
    assert.ok(!rest!.toString().includes(teacher));
    const none = await does("unassign", { "hats#jid": "romeo@example.com", "hats#uri": proctor }, self);
    assert.ok(!none!.toString().includes("hats"));
    await romeo.exchange(
      command("unassign", { "hats#jid": "romeo@example.com", "hats#uri": proctor }),
      refused("item-not-found"),
    );
  },
);

scenario("hats: lists, for those who may see them (XEP-0317 §3.4, §3.7)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  for (const [what, fields] of [
    ["create", make],
    ["assign", { "hats#jid": "juliet@example.com", "hats#uri": teacher }],
  ] as const) {
    await romeo.sends(command(what, fields));
    await romeo.receives(changed);
    await romeo.receives(answer());
  }
  const field = (name: string, value: string) => `<field var='hats#${name}'><value>${value}</value></field>`;
  const item = field("title", "Teacher") + field("uri", teacher) + field("hue", "327.25");
  await juliet.exchange(command("list"), answer(`<x xmlns='jabber:x:data' type='result'><item>${item}</item></x>`));
  await romeo.exchange(
    command("list-assigned"),
    answer(`<x xmlns='jabber:x:data' type='result'><item>${field("jid", "juliet@example.com")}${item}</item></x>`),
  );
  for (const what of ["create", "destroy", "assign", "unassign", "list-assigned"]) {
    await juliet.exchange(command(what), refused("forbidden"));
  }
  await juliet.sends(`<iq type='get' id='l' to='${room}'><query xmlns='http://jabber.org/protocol/disco#items'
    node='http://jabber.org/protocol/commands'/></iq>`);
  const nodes = (await juliet.next()).elements[0]!.elements.map(({ attrs }) => attrs.node);
  assert.deepEqual(nodes, ["urn:xmpp:hats:commands:list"]);
  // §2: the room says that it has hats, and which.
  await juliet.exchange(
    `<iq type='get' id='i' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    `<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:hats:0'/>
      <feature var='http://jabber.org/protocol/commands'/>
      <x xmlns='jabber:x:data'><field var='hats#hash'><value>…</value></field></x></query></iq>`,
  );
});

scenario("hats: what does not fit is refused, and why", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await opens(romeo, "Romeo");
  const empty = await romeo.exchange(command("assign"), answer("<note type='error'>…</note>"));
  assert.match(empty.toString(), /no hats yet/);
  for (const [name, value] of [
    ["hats#uri", "teacher"],
    ["hats#hue", "361"],
    ["hats#hue", "red"],
    ["hats#title", "x".repeat(65)],
    ["hats#title", ""],
  ] as const) {
    await romeo.exchange(command("create", { ...make, [name]: value }), refused("bad-request"));
  }
  await romeo.sends(command("create", make));
  await romeo.receives(changed);
  await romeo.receives(answer());
  await romeo.exchange(command("assign", { "hats#jid": "x@y", "hats#uri": proctor }), refused("bad-request"));
  await romeo.exchange(
    command("list").replace(room, "nowhere@conference.example.com"),
    "<iq type='error' from='nowhere@conference.example.com'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
});

scenario("hats: who comes back wears them still", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  for (const [what, fields] of [
    ["create", make],
    ["assign", { "hats#jid": "juliet@example.com", "hats#uri": teacher }],
  ] as const) {
    await romeo.sends(command(what, fields));
    await romeo.receives(changed);
    await romeo.receives(answer());
  }
  await juliet.sends(`<presence to='${room}/Capulet'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  await juliet.receives(hatted("Capulet", `<hat uri='${teacher}'/>`));
  await juliet.receives(subject());
});
