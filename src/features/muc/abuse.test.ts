import assert from "node:assert/strict";
import { Jid } from "#jid/jid.ts";
import { Stanza } from "#stanza/stanza.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { parseText } from "#xml/parser.ts";
import { entering, enters, failed, opens, outside, refusal, request, room, seen } from "./room.fixture.ts";

/** What occupants, and people outside, cannot do to others by means of a room. */

const ours = { skipOn: ["prosody"], why: "ours alone" };
const conditions = "urn:ietf:params:xml:ns:xmpp-stanzas";

async function pair({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  return { romeo, juliet };
}

scenario("§17.4, §18.1.2: a question that a client has no answer to sends nobody out", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.sends(`<iq type='get' id='d' to='${room}/Romeo'>
    <query xmlns='http://jabber.org/protocol/disco#info' node='urn:unknown'/></iq>`);
  const asked = await romeo.receives("<iq type='get'/>");
  await romeo.sends(`<iq type='error' id='${asked.attrs.id}' to='${asked.attrs.from}'><error type='cancel'>
    <item-not-found xmlns='${conditions}'/></error></iq>`);
  await juliet.receives(
    `<iq type='error' id='d' from='${room}/Romeo'><error><item-not-found xmlns='${conditions}'/></error></iq>`,
  );
  await juliet.exchange(
    `<message type='groupchat' to='${room}'><body>Hi</body></message>`,
    "<message><body>Hi</body></message>",
  );
  await romeo.receives("<message><body>Hi</body></message>");
});

const bounce = (nick: string, id: string, condition: string) => `<message to='${room}/${nick}' type='error' id='${id}'>
  <body>Psst</body><error type='cancel'><${condition} xmlns='${conditions}'/></error></message>`;

scenario("§7.5: an error reaches whoever has written, and nobody else", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.sends(bounce("Romeo", "none", "not-acceptable"));
  await romeo.receivesNothing();
  await romeo.sends(`<message type='chat' id='p1' to='${room}/Juliet'><body>Psst</body></message>`);
  await juliet.receives("<message id='p1'/>");
  await juliet.sends(bounce("Romeo", "p1", "service-unavailable"));
  await romeo.receives(`<message type='error' id='p1' from='${room}/Juliet'><body>Psst</body></message>`);
  await juliet.sends(bounce("Romeo", "p1", "service-unavailable").replace("p1", "p2"));
  await romeo.receives(seen("Juliet", "role='none'", [333], "unavailable"));
});

scenario("private messages count as messages do", { settings: { muc: { rate: 1 } }, ...ours }, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const psst = `<message type='chat' to='${room}/Romeo'><body>Psst</body></message>`;
  await juliet.sends(psst);
  await romeo.receives("<message><body>Psst</body></message>");
  await juliet.exchange(psst, failed("message", "policy-violation"));
});

scenario("XEP-0317, XEP-0203: nobody gives oneself a hat, nor says what the room has not", ours, async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.sends(
    `<presence to='${room}/Juliet'><hats xmlns='urn:xmpp:hats:0'><hat uri='urn:dean' title='Dean'/></hats></presence>`,
  );
  const presence = await romeo.receives(`<presence from='${room}/Juliet'/>`);
  assert.doesNotMatch(presence.toString(), /Dean/);
  await juliet.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.sends(`<message type='groupchat' to='${room}'><body>Hi</body>
    <delay xmlns='urn:xmpp:delay' from='${room}' stamp='2020-01-01T00:00:00Z'/></message>`);
  const said = await romeo.receives("<message><body>Hi</body></message>");
  assert.doesNotMatch(said.toString(), /2020/);
});

scenario(
  "§7.8.2: who is from elsewhere cannot find out by invitations who has an account",
  { ...ours, settings: { muc: { invitations: 3 } } },
  async (stage) => {
    const { juliet } = await pair(stage);
    const { router } = stage.assembly.server;
    const heard: string[] = [];
    router.remote = ({ stanza }) => void heard.push(stanza.element.toString());
    const paris = Jid.parse("paris@elsewhere.example/palace");
    const from = (kind: "message" | "presence", to: string, text: string) =>
      router.route({
        stanza: Stanza.of(kind, parseText(text.replace(" ", " xmlns='jabber:client' ")), paris, Jid.parse(to)),
      });
    const invite = (to: string) =>
      `<message to='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='${to}'/></x></message>`;
    await from("presence", `${room}/Paris`, entering("Paris"));
    await juliet.receives(`<presence from='${room}/Paris'/>`);
    heard.length = 0;
    await from("message", room, invite("nobody@example.com"));
    await from("message", room, invite("juliet@example.com"));
    await juliet.receives("<message/>");
    assert.deepEqual(heard, []);
    // Those of here are told, but cannot try all names either.
    for (let count = 0; count < 3; count++)
      await juliet.exchange(invite("nobody@example.com"), failed("message", "item-not-found"));
    await juliet.exchange(invite("nobody@example.com"), failed("message", "policy-violation"));
  },
);

scenario(
  "nobody is flooded with news of what they are to a room",
  { ...ours, settings: { muc: { invitations: 3, affiliations: 10 } } },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const paris = await stage.connect("paris@example.com/palace");
    await opens(romeo, "Romeo");
    const makes = (affiliation: string, ...people: readonly string[]) =>
      request("set", "admin", people.map((jid) => `<item jid='${jid}' affiliation='${affiliation}'/>`).join(""));
    for (const affiliation of ["member", "none", "member"]) {
      await romeo.sends(makes(affiliation, `${paris.jid.bare}`));
      await romeo.receivesInAnyOrder("<iq type='result'/>", "<message/>");
      await paris.receives(outside(affiliation));
    }
    await romeo.exchange(makes("none", `${paris.jid.bare}`), refusal("policy-violation"));
    await paris.receivesNothing();
    const strangers = Array.from({ length: 8 }, (_, number) => `p${number}@example.com`);
    await romeo.exchange(makes("outcast", ...strangers), refusal("policy-violation"));
  },
);
